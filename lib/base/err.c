/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static void push(struct sl_err *err, char *text)
{
	char **grown = NULL;

	if (text && err->count < SL_ERR_MAX)
		grown = realloc(err->text, (err->count + 1) * sizeof *grown);
	if (!grown) {
		err->dropped++;
		free(text);
		return;
	}
	err->text = grown;
	err->text[err->count++] = text;
}

/* "prefix" + formatted + "suffix", or NULL. */
static char *format(const char *prefix, const char *suffix, const char *fmt, va_list ap)
{
	char *body = NULL, *line = NULL;

	if (vasprintf(&body, fmt, ap) < 0)
		return NULL;
	if (asprintf(&line, "%s%s%s", prefix, body, suffix) < 0)
		line = NULL;
	free(body);
	return line;
}

int sl_err_add(struct sl_err *err, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		push(err, format("", "", fmt, ap));
		va_end(ap);
	}
	return -EINVAL;
}

int sl_err_at(struct sl_err *err, const char *file, int line, const char *fmt, ...)
{
	char place[512];
	va_list ap;

	if (!err)
		return -EINVAL;
	if (line > 0)
		snprintf(place, sizeof place, "%s:%d: ", file, line);
	else
		snprintf(place, sizeof place, "%s: ", file);
	va_start(ap, fmt);
	push(err, format(place, "", fmt, ap));
	va_end(ap);
	return -EINVAL;
}

int sl_err_sys(struct sl_err *err, int code, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	code = abs(code);
	if (err) {
		snprintf(why, sizeof why, ": %s", strerror(code));
		va_start(ap, fmt);
		push(err, format("", why, fmt, ap));
		va_end(ap);
	}
	return -code;
}

const char *sl_err_first(const struct sl_err *err)
{
	return err->count ? err->text[0] : "";
}

void sl_err_clear(struct sl_err *err)
{
	for (size_t i = 0; i < err->count; i++)
		free(err->text[i]);
	free(err->text);
	*err = (struct sl_err)SL_ERR_INIT;
}
