/* SPDX-License-Identifier: BSD-3-Clause */

/* The file side of a listening UNIX socket: directory, owner, mode, what to do with one that is
 * there. */

#ifndef SLUICE_CTL_LISTEN_H
#define SLUICE_CTL_LISTEN_H

#include <sys/types.h>

#include "base/err.h"

struct ctl_listen {
	int fd; /* non-blocking, close-on-exec, listening */
	char *path;
	dev_t dev; /* which file is ours at path */
	ino_t ino;
};

/* Listen on path, mode 0660, with the group of that name (NULL or "" = the process's). A missing
 * last directory is made, 0750 with the same group; one that exists is left as it is and must let
 * the group in. A socket file that nobody answers on is replaced; one that somebody answers on is
 * -EADDRINUSE. 0, or -errno with the sentence in err. */
int ctl_listen_open(
	const char *path, const char *group, struct ctl_listen *out, struct sl_err *err);

/* Close, and remove the file if it is still the one that was made. */
void ctl_listen_close(struct ctl_listen *listen);

#endif
