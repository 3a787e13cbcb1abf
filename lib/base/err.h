/* SPDX-License-Identifier: BSD-3-Clause */

/* What a person reads when something could not be done: a list of messages, each able to carry the
 * place in a file it speaks of. Library code fills it, the app prints it once. */

#ifndef SLUICE_BASE_ERR_H
#define SLUICE_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

struct sl_err {
	char **text; /* finished lines, "file:line: message" where a place is known */
	size_t count;
	size_t dropped; /* messages lost: above SL_ERR_MAX, or no memory */
};

/* More messages than this are counted, not kept. */
#define SL_ERR_MAX 200

/* Start value; an sl_err needs no other initialisation. */
#define SL_ERR_INIT        \
	{                  \
		NULL, 0, 0 \
	}

/* Append a message. Returns -EINVAL, so that a caller can `return sl_err_add(...)`. err may be
 * NULL. */
int sl_err_add(struct sl_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with a place; line 0 leaves the line out. */
int sl_err_at(struct sl_err *err, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Append "<message>: <strerror(code)>". code is positive or negative errno. Returns -|code|. */
int sl_err_sys(struct sl_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The first message, or "" when there is none. Never NULL. */
const char *sl_err_first(const struct sl_err *err);

/* Drop all messages and their memory; the object can be used again. */
void sl_err_clear(struct sl_err *err);

#endif
