/* SPDX-License-Identifier: BSD-3-Clause */

/* What outlives a restart of a file that was applied for a time: state_dir/unconfirmed.conf, the
 * configuration before it, and in its first line which one was applied. While the file says the
 * same, a start goes by the note (RFC 6241, section 8.4.1: a server that restarts restores the
 * configuration before the confirmed commit). A configuration is known by the sum of the text that
 * config save makes of it, so comments and layout of the file do not matter.
 *
 * Reads and writes files: beside the control loop, or before it runs. */

#ifndef SLUICED_TRIAL_NOTE_H
#define SLUICED_TRIAL_NOTE_H

#include "base/err.h"
#include "conf/conf.h"

/* Goes into the state_dir of what is applied, where the next start looks. 0, or -errno with a
 * message. */
int trial_note_write(const struct conf *applied, const struct conf *before, struct sl_err *err);

/* Take the note out of a directory; there may be none. 0, or -errno with a message. */
int trial_note_remove(const char *state_dir, struct sl_err *err);

/* What to start with in place of a file that says `file`: 0 with `before`, which is the caller's;
 * -ENOENT: there is no note, or it is about something else and was removed; other -errno with
 * messages: there is one about it, which cannot be read. */
int trial_note_find(const struct conf *file, struct conf **before, struct sl_err *err);

#endif
