/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/obj.h"

#define MAPS_MAX 16 /* more than any program of ours has */

/* libbpf's print function is one for the process; other threads keep the one they had. */
static __thread struct {
	bool on;
	char first[256];
} heard;

static libbpf_print_fn_t print_before;

static int keep_first_warning(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (!heard.on)
		return print_before ? print_before(level, fmt, ap) : 0;
	if (level != LIBBPF_WARN || heard.first[0])
		return 0;
	vsnprintf(heard.first, sizeof heard.first, fmt, ap);
	heard.first[strcspn(heard.first, "\n")] = '\0';
	return 0;
}

void obj_listen(void)
{
	heard.on = true;
	heard.first[0] = '\0';
	print_before = libbpf_set_print(keep_first_warning);
}

void obj_unlisten(void)
{
	libbpf_set_print(print_before);
	heard.on = false;
}

int obj_err(struct sl_err *err, int code, const char *fmt, ...)
{
	char *what = NULL;
	va_list ap;

	code = abs(code);
	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	va_end(ap);
	sl_err_add(err, "%s: %s%s%s%s%s", what ? what : "BPF", strerror(code),
		code == EPERM ? " (needs CAP_NET_ADMIN and CAP_SYS_ADMIN)" : "",
		heard.first[0] ? " [" : "", heard.first, heard.first[0] ? "]" : "");
	heard.first[0] = '\0';
	free(what);
	return -code;
}

int obj_ifindex(const char *ifname, struct sl_err *err)
{
	const unsigned int ifindex = if_nametoindex(ifname);

	if (!ifindex)
		return sl_err_sys(err, errno, "interface %s", ifname);
	return (int)ifindex;
}

int obj_prog_open(uint32_t id, char *name)
{
	struct bpf_prog_info info = {0};
	__u32 len = sizeof info;
	const int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len)) {
		const int rc = -errno;

		close(fd);
		return rc;
	}
	snprintf(name, OBJ_NAME_LEN, "%s", info.name);
	return fd;
}

/* The map of this id if it has this name, else -ENOENT. */
static int map_open_if_named(uint32_t id, const char *name)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof info;
	int rc = -ENOENT;
	const int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		rc = -errno;
	else if (strcmp(info.name, name) == 0)
		return fd;
	close(fd);
	return rc;
}

int obj_map_open(int prog_fd, const char *name)
{
	__u32 ids[MAPS_MAX];
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids};
	__u32 len = sizeof info;

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &len))
		return -errno;
	for (__u32 i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		const int fd = map_open_if_named(ids[i], name);

		if (fd != -ENOENT)
			return fd;
	}
	return -ENOENT;
}
