/* SPDX-License-Identifier: BSD-3-Clause */

/* What stands between the files and libconfig. libconfig 1.5 wraps integers silently, stops at a
 * NUL, takes time quadratic in the number of keys of a group, and forgets the origin of a line
 * after an
 * @include. So the files are read and proven here, once, and joined into one text that holds none
 * of that: @includes are replaced by what they name, every integer is written as a 64-bit one. */

#ifndef SLUICE_CONF_SCAN_H
#define SLUICE_CONF_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/arena.h"
#include "conf/conf.h"

/* Limits, all far above what the largest valid configuration needs. */
#define SCAN_MAX_BYTES    (64U << 20) /* of all files together */
#define SCAN_MAX_INCLUDES 10          /* one inside the other */
#define SCAN_MAX_NESTING  16          /* brackets */
#define SCAN_MAX_KEYS     64          /* in one group */
#define SCAN_MAX_ELEMENTS 65536       /* in one list or array */

/* An integer that does not even fit 64 bits is reported here and passed on as this value. */
#define SCAN_REPORTED     INT64_MAX

/* From which line of which file the lines from text_line on come. */
struct scan_origin {
	int text_line;
	const char *file;
	int line;
};

struct scan_text {
	char *text; /* for libconfig, with a NUL */
	size_t len;
	size_t room;
	int line; /* the last line of text, from 1 */
	struct scan_origin *origins;
	size_t n_origins;
	size_t origins_room;
};

/* Read a file and its @includes; a relative @include is looked up beside the file that names it.
 * File names in places belong to the arena. 0: text can go to libconfig, though integers may have
 * been reported in err; -errno: it cannot. In both cases free with scan_free. */
int scan_file(
	struct scan_text *out, struct conf_arena *arena, const char *path, struct sl_err *err);

/* The same from memory; `name` stands for the file, its folder is where relative @includes are. */
int scan_memory(struct scan_text *out, struct conf_arena *arena, const char *text, size_t len,
	const char *name, struct sl_err *err);

/* Where a line of text (from 1) comes from; line 0 is the first file as a whole. */
struct conf_place scan_place(const struct scan_text *text, unsigned int line);

void scan_free(struct scan_text *text);

/* For scan.c: append to the text, and say that what follows stands at file:line. 0, or -ENOMEM. */
int scan_text_add(struct scan_text *text, const char *bytes, size_t len);
int scan_text_origin(struct scan_text *text, const char *file, int line);

/* For scan.c: the bytes of a file, at most SCAN_MAX_BYTES, to be freed by the caller. 0, or -errno.
 */
int scan_read(const char *path, char **bytes, size_t *len);

/* For scan.c: prove that a file is UTF-8 without NUL. 0, or -EINVAL. */
int scan_utf8(const char *bytes, size_t len, const char *file, struct sl_err *err);

#endif
