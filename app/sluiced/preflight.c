/* SPDX-License-Identifier: BSD-3-Clause */

#include <cap-ng.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "preflight.h"

/* Queues, maps, clients of the control socket, and what DPDK opens for itself. */
#define FILES_MIN 256

static const struct {
	unsigned int cap;
	const char *name;
	const char *why;
} needed[] = {
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", "routes, addresses and steering programs"},
	{CAP_NET_RAW, "CAP_NET_RAW", "raw access to the interface"},
	{CAP_BPF, "CAP_BPF", "steering programs"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "finding the steering program that the driver loaded"},
};

static bool uses_kernel_interface(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_ports; i++)
		if (conf->ports[i].interface)
			return true;
	return false;
}

int preflight_capabilities(const struct conf *conf, struct sl_err *err)
{
	const size_t before = err->count;

	if (!uses_kernel_interface(conf))
		return 0;
	capng_get_caps_process();
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, needed[i].cap))
			sl_err_add(err,
				"capability %s is missing (%s): start sluiced as root, or give "
				"it "
				"the capability",
				needed[i].name, needed[i].why);
	return err->count > before ? -EPERM : 0;
}

int preflight_files(struct sl_err *err)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return sl_err_sys(err, errno, "cannot ask for the limit of open files");
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur >= FILES_MIN)
		return 0;
	sl_err_add(err,
		"at most %llu files may be open, %d are needed: ulimit -n %d, or LimitNOFILE= in "
		"the unit",
		(unsigned long long)files.rlim_cur, FILES_MIN, FILES_MIN);
	return -EMFILE;
}

int preflight_lock(const char *interface, struct sl_err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int len, rc;

	if (fd < 0)
		return sl_err_sys(err, errno, "cannot lock interface %s", interface);
	len = snprintf(addr.sun_path + 1, sizeof addr.sun_path - 1, "sluiced/%s", interface);
	if (bind(fd, (struct sockaddr *)&addr,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0)
		return fd;
	rc = errno;
	close(fd);
	if (rc != EADDRINUSE)
		return sl_err_sys(err, rc, "cannot lock interface %s", interface);
	sl_err_add(err, "another sluiced drives interface %s: stop it first", interface);
	return -EADDRINUSE;
}
