/* SPDX-License-Identifier: BSD-3-Clause */

/* The joined text with the origin of its lines, and the bytes of one file. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/scan.h"

int scan_text_add(struct scan_text *text, const char *bytes, size_t len)
{
	if (text->room - text->len <= len) {
		const size_t room = (text->len + len + 1) * 2;
		char *grown = realloc(text->text, room);

		if (!grown)
			return -ENOMEM;
		text->text = grown;
		text->room = room;
	}
	memcpy(text->text + text->len, bytes, len);
	text->len += len;
	text->text[text->len] = '\0';
	for (size_t i = 0; i < len; i++)
		text->line += bytes[i] == '\n';
	return 0;
}

int scan_text_origin(struct scan_text *text, const char *file, int line)
{
	if (text->n_origins == text->origins_room) {
		const size_t room = text->origins_room ? text->origins_room * 2 : 8;
		struct scan_origin *grown = reallocarray(text->origins, room, sizeof *grown);

		if (!grown)
			return -ENOMEM;
		text->origins = grown;
		text->origins_room = room;
	}
	text->origins[text->n_origins++] = (struct scan_origin){text->line, file, line};
	return 0;
}

struct conf_place scan_place(const struct scan_text *text, unsigned int line)
{
	size_t low = 0, high = text->n_origins;

	while (high - low > 1) {
		const size_t mid = low + (high - low) / 2;

		if ((unsigned int)text->origins[mid].text_line <= line)
			low = mid;
		else
			high = mid;
	}
	const struct scan_origin *o = &text->origins[low];

	if (line == 0)
		return (struct conf_place){.file = text->origins[0].file};
	return (struct conf_place){.file = o->file, .line = o->line + (int)line - o->text_line};
}

void scan_free(struct scan_text *text)
{
	free(text->text);
	free(text->origins);
	*text = (struct scan_text){0};
}

static int read_stream(FILE *f, char **bytes, size_t *len)
{
	size_t room = 0, n;

	do {
		if (room - *len < 4096) {
			char *grown = realloc(*bytes, room ? room * 2 : 16384);

			if (!grown)
				return -ENOMEM;
			*bytes = grown;
			room = room ? room * 2 : 16384;
		}
		n = fread(*bytes + *len, 1, room - *len, f);
		*len += n;
		if (*len > SCAN_MAX_BYTES)
			return -EFBIG;
	} while (n > 0);
	return ferror(f) ? -errno : 0;
}

int scan_read(const char *path, char **bytes, size_t *len)
{
	FILE *f = fopen(path, "re");
	int rc;

	*bytes = NULL;
	*len = 0;
	if (!f)
		return -errno;
	rc = read_stream(f, bytes, len);
	fclose(f);
	if (rc) {
		free(*bytes);
		*bytes = NULL;
	}
	return rc;
}

/* Length of the well-formed UTF-8 sequence at p (Unicode 15, table 3-7), 0 if there is none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 0 || p[0] > 0xf4 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

int scan_utf8(const char *bytes, size_t len, const char *file, struct sl_err *err)
{
	int line = 1;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len((const unsigned char *)bytes + i, len - i);
		if (n == 0)
			return sl_err_at(err, file, line, "byte 0x%02x is not UTF-8",
				(unsigned char)bytes[i]);
		if (bytes[i] == '\0')
			return sl_err_at(err, file, line, "NUL byte");
		line += bytes[i] == '\n';
	}
	return 0;
}
