/* SPDX-License-Identifier: BSD-3-Clause */

/* Network namespaces for a unit test: everything happens in namespaces that have no name, belong to
 * this process alone and vanish with it. */

#ifndef SLUICE_TESTS_NETNS_H
#define SLUICE_TESTS_NETNS_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t netns_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* NULL, or why tests with namespaces cannot run here. */
static inline const char *netns_missing(void)
{
	if (system("ip -V >/dev/null 2>&1") != 0)
		return "no `ip` (package iproute2)";
	if (unshare(CLONE_NEWNET) != 0)
		return errno == EPERM ? "not permitted to make network namespaces (run as root)"
				      : "the kernel makes no network namespaces";
	return NULL;
}

/* Skip a test if `missing`, what netns_missing() said, is not NULL. */
#define NEED_NAMESPACE()                                      \
	do {                                                  \
		if (missing) {                                \
			print_message("SKIP: %s\n", missing); \
			skip();                               \
		}                                             \
	} while (0)

/* Move into a fresh namespace; the returned descriptor keeps it alive and names it. */
static inline int netns_new(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	const int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Run a shell command in that namespace; the caller stays where it is. Returns its exit status. */
static inline int netns_try(int ns, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline int netns_vtry(int ns, const char *fmt, va_list args)
{
	char command[1024];
	int status;

	vsnprintf(command, sizeof command, fmt, args);
	const pid_t child = fork();

	if (child == 0) {
		if (setns(ns, CLONE_NEWNET) == 0)
			execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static inline int netns_try(int ns, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const int rc = netns_vtry(ns, fmt, args);
	va_end(args);
	return rc;
}

/* The same, and it must succeed. */
static inline void netns_run(int ns, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void netns_run(int ns, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const int rc = netns_vtry(ns, fmt, args);
	va_end(args);
	if (rc != 0)
		print_error("failed: %s\n", fmt);
	assert_int_equal(rc, 0);
}

#endif
