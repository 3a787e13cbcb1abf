/* SPDX-License-Identifier: BSD-3-Clause */

/* What is wanted, written to daemon.state_dir/running.conf: complete or not at all (temporary file,
 * fsync, rename), mode 0640. A thread of its own waits for the disk. */

#ifndef SLUICED_SAVE_H
#define SLUICED_SAVE_H

#include "ctl/command.h"

struct daemon;
struct save;

/* Handler of config.save: answers when the file is on the disk. */
int save_command(struct ctl_call *call, void *daemon);

/* Wait for the file that is being written. Before the control server goes. */
void save_clear(struct daemon *d);

#endif
