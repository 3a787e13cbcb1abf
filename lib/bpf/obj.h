/* SPDX-License-Identifier: BSD-3-Clause */

/* Common ground of the loaders in this module: what libbpf says becomes an error message, and a
 * program that is already in the kernel is found with its maps. obj_listen() to obj_unlisten() in
 * one thread at a time. Not for users of the module. */

#ifndef SLUICE_BPF_OBJ_H
#define SLUICE_BPF_OBJ_H

#include <stdint.h>

#include "base/err.h"

/* The kernel's limit on names of programs and maps, with the NUL. */
#define OBJ_NAME_LEN 16

/* From here to obj_unlisten() what libbpf would print is kept, the first warning of it, for
 * obj_err(). libbpf's print function is given back as it was. Not nested. */
void obj_listen(void);
void obj_unlisten(void);

/* Append "<message>: <strerror(code)>", the capability if it is a matter of permission, and what
 * libbpf warned of between the last obj_listen() and obj_unlisten(). Returns -|code|. */
int obj_err(struct sl_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Interface index by name. > 0, or -errno with a message. */
int obj_ifindex(const char *ifname, struct sl_err *err);

/* Open a loaded program by id. Needs CAP_SYS_ADMIN. name: OBJ_NAME_LEN bytes, filled on success.
 * Returns a file descriptor or -errno. */
int obj_prog_open(uint32_t id, char *name);

/* Open the map called `name` of a program. Needs CAP_SYS_ADMIN. Returns a file descriptor or
 * -errno; -ENOENT when the program has no such map. */
int obj_map_open(int prog_fd, const char *name);

#endif
