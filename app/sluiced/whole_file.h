/* SPDX-License-Identifier: BSD-3-Clause */

/* A file that is there complete or not at all, also after a power cut. Takes as long as the disk
 * takes: not for the control thread. */

#ifndef SLUICED_WHOLE_FILE_H
#define SLUICED_WHOLE_FILE_H

#include <stddef.h>

#include "base/err.h"

/* The file has this text, mode 0640; its directory is made, its parents are not. 0, -ENOMEM; or
 * -EIO, whatever it was, with a message that names the file, what failed and why: then what was
 * there before is there still. */
int whole_file_write(const char *path, const char *text, size_t len, struct sl_err *err);

/* The file is gone; that there was none is fine. As above. */
int whole_file_remove(const char *path, struct sl_err *err);

#endif
