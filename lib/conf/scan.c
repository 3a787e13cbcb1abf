/* SPDX-License-Identifier: BSD-3-Clause */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/scan.h"

struct bracket {
	char open;
	unsigned int count; /* keys of a group, commas of a list or array */
	const char *file;
	int line;
};

struct scan {
	struct scan_text *out;
	struct conf_arena *arena;
	struct sl_err *err;
	const char *file; /* the one being read, its line, and what is left of it */
	int line;
	const char *p, *end;
	unsigned int includes;                     /* one inside the other */
	size_t bytes;                              /* of all files so far */
	struct bracket nest[SCAN_MAX_NESTING + 1]; /* [0] is the file as a whole */
	unsigned int depth;
};

#define fail(s, ...) sl_err_at((s)->err, (s)->file, (s)->line, __VA_ARGS__)

static int scan_bytes(struct scan *s, const char *name, const char *bytes, size_t len);

static int copy(struct scan *s, size_t len)
{
	const int rc = scan_text_add(s->out, s->p, len);

	s->p += len;
	return rc;
}

/* Comments are left out but for their line ends. */
static int line_comment(struct scan *s)
{
	const char *nl = memchr(s->p, '\n', (size_t)(s->end - s->p));

	s->p = nl ? nl : s->end;
	return 0;
}

static int block_comment(struct scan *s)
{
	const int first = s->line;

	for (s->p += 2; s->end - s->p >= 2; s->p++) {
		if (s->p[0] == '*' && s->p[1] == '/') {
			s->p += 2;
			return 0;
		}
		if (*s->p == '\n') {
			s->line++;
			if (scan_text_add(s->out, "\n", 1))
				return -ENOMEM;
		}
	}
	return sl_err_at(s->err, s->file, first, "comment is never closed");
}

/* \xNN may only stand for printable ASCII: everything else can be written as it is, and so no
 * string holds a NUL or bytes that are not UTF-8. */
static int check_escape(struct scan *s)
{
	char digits[3] = "";
	long c;

	if (s->end - s->p < 4 || tolower((unsigned char)s->p[1]) != 'x' ||
		!isxdigit((unsigned char)s->p[2]) || !isxdigit((unsigned char)s->p[3]))
		return 0;
	memcpy(digits, s->p + 2, 2);
	c = strtol(digits, NULL, 16);
	return c < 0x20 || c > 0x7e ? fail(s, "\\x%s in a string is not printable ASCII", digits)
				    : 0;
}

/* From the opening quote; s->p moves behind the closing one. */
static int skip_string(struct scan *s)
{
	const int first = s->line;

	for (s->p++; s->p < s->end && *s->p != '"'; s->p++) {
		if (*s->p == '\\') {
			const int rc = check_escape(s);

			if (rc)
				return rc;
			s->p += s->end - s->p > 1;
		}
		s->line += *s->p == '\n';
	}
	if (s->p == s->end)
		return sl_err_at(s->err, s->file, first, "string is never closed");
	s->p++;
	return 0;
}

static int string(struct scan *s)
{
	const char *start = s->p;
	const int rc = skip_string(s);

	return rc ? rc : scan_text_add(s->out, start, (size_t)(s->p - start));
}

/* The file that an @include names, beside the file that holds the @include. */
static char *include_path(struct scan *s, const char *name, size_t len)
{
	const char *slash = strrchr(s->file, '/');
	const size_t dir = slash && name[0] != '/' ? (size_t)(slash - s->file) + 1 : 0;
	char *path = arena_alloc(s->arena, dir + len + 1, 1);

	if (path) {
		memcpy(path, s->file, dir);
		memcpy(path + dir, name, len);
	}
	return path;
}

static int include_file(struct scan *s, const char *path)
{
	const struct scan outer = *s;
	char *bytes;
	size_t len;
	int rc;

	if (s->includes == SCAN_MAX_INCLUDES)
		return fail(s, "@include \"%s\": more than %d files include each other", path,
			SCAN_MAX_INCLUDES);
	rc = scan_read(path, &bytes, &len);
	if (rc) {
		fail(s, "cannot include \"%s\": %s", path, strerror(-rc));
		return rc;
	}
	s->includes++;
	rc = scan_bytes(s, path, bytes, len);
	free(bytes);
	s->file = outer.file;
	s->line = outer.line;
	s->p = outer.p;
	s->end = outer.end;
	s->includes = outer.includes;
	return rc ? rc : scan_text_origin(s->out, s->file, s->line);
}

static int include(struct scan *s)
{
	static const char word[] = "@include";
	const char *name;
	char *path;
	int rc;

	if ((size_t)(s->end - s->p) < sizeof word || memcmp(s->p, word, sizeof word - 1) != 0)
		return fail(s, "unexpected \"@\"; only @include \"FILE\" begins with one");
	s->p += sizeof word - 1;
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
	if (s->p == s->end || *s->p != '"')
		return fail(s, "@include needs a file name in quotes");
	name = s->p + 1;
	rc = skip_string(s);
	if (rc)
		return rc;
	if (memchr(name, '\\', (size_t)(s->p - name)) || memchr(name, '\n', (size_t)(s->p - name)))
		return fail(s, "@include: no escapes and no line ends in a file name");
	path = include_path(s, name, (size_t)(s->p - 1 - name));
	return path ? include_file(s, path) : -ENOMEM;
}

/* Decimal or 0x, with or without L or LL. 0: *value is set (saturated if too large, *fits = false).
 */
static int parse_integer(const char *word, long long *value, bool *fits)
{
	const bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	char *end;

	errno = 0;
	*value = strtoll(word, &end, hex ? 16 : 10);
	*fits = errno == 0 && *value != SCAN_REPORTED;
	if (end == word || (hex && end == word + 2))
		return -EINVAL;
	end += *end == 'L';
	end += *end == 'L';
	return *end ? -EINVAL : 0;
}

/* Whatever begins like a number. Written as a 64-bit integer, which libconfig reads exactly. */
static int number(struct scan *s)
{
	char word[64], *end;
	size_t n = 0;
	long long value;
	bool fits;

	while (s->p + n < s->end && (isalnum((unsigned char)s->p[n]) || strchr("+-._", s->p[n])))
		n++;
	if (n >= sizeof word)
		return fail(s, "%.20s... is not a number", s->p);
	memcpy(word, s->p, n);
	word[n] = '\0';
	if (parse_integer(word, &value, &fits)) {
		strtod(word, &end);
		return *end ? fail(s, "%s is not a number", word) : copy(s, n);
	}
	if (!fits) {
		fail(s, "%s does not fit any integer key", word);
		value = SCAN_REPORTED;
	}
	s->p += n;
	n = (size_t)snprintf(word, sizeof word, "%lldL", value);
	return scan_text_add(s->out, word, n);
}

static int open_bracket(struct scan *s)
{
	if (s->depth == SCAN_MAX_NESTING)
		return fail(s, "brackets nested deeper than %d", SCAN_MAX_NESTING);
	s->nest[++s->depth] = (struct bracket){*s->p, 0, s->file, s->line};
	return copy(s, 1);
}

static int close_bracket(struct scan *s)
{
	const char wanted = *s->p == '}' ? '{' : *s->p == ']' ? '[' : '(';
	const struct bracket *b = &s->nest[s->depth];

	if (s->depth == 0)
		return fail(s, "\"%c\" closes nothing", *s->p);
	if (b->open != wanted)
		return fail(s, "\"%c\" cannot close the \"%c\" of %s:%d", *s->p, b->open, b->file,
			b->line);
	s->depth--;
	return copy(s, 1);
}

/* '=' and ':' count the keys of a group, ',' the elements of a list or an array. */
static int separator(struct scan *s)
{
	struct bracket *b = &s->nest[s->depth];
	const bool list = b->open == '(' || b->open == '[';

	if ((*s->p == ',') == list && ++b->count > (list ? SCAN_MAX_ELEMENTS : SCAN_MAX_KEYS))
		return fail(s, "more than %d %s", list ? SCAN_MAX_ELEMENTS : SCAN_MAX_KEYS,
			list ? "elements in one list" : "keys in one group");
	return copy(s, 1);
}

static int word(struct scan *s)
{
	size_t n = 1;

	while (s->p + n < s->end && (isalnum((unsigned char)s->p[n]) || strchr("-_*", s->p[n])))
		n++;
	return copy(s, n);
}

static int token(struct scan *s)
{
	const char c = *s->p;
	const char next = s->end - s->p > 1 ? s->p[1] : '\0';

	if (c == '\n')
		s->line++;
	if (c == '#' || (c == '/' && next == '/'))
		return line_comment(s);
	if (c == '/' && next == '*')
		return block_comment(s);
	if (c == '"')
		return string(s);
	if (c == '@')
		return include(s);
	if (isalpha((unsigned char)c) || c == '*')
		return word(s);
	if (isdigit((unsigned char)c) || c == '+' || c == '-' || c == '.')
		return number(s);
	if (c == '{' || c == '[' || c == '(')
		return open_bracket(s);
	if (c == '}' || c == ']' || c == ')')
		return close_bracket(s);
	if (c == '=' || c == ':' || c == ',')
		return separator(s);
	if (isspace((unsigned char)c) || c == ';')
		return copy(s, 1);
	if ((unsigned char)c >= 0x80)
		return fail(s, "a character outside quotes that is not ASCII");
	return fail(s, "unexpected \"%c\"", isprint((unsigned char)c) ? c : '?');
}

static int scan_bytes(struct scan *s, const char *name, const char *bytes, size_t len)
{
	int rc;

	s->file = name;
	s->line = 1;
	s->p = bytes;
	s->end = bytes + len;
	s->bytes += len;
	if (s->bytes > SCAN_MAX_BYTES)
		return fail(s, "more than %u MiB of configuration", SCAN_MAX_BYTES >> 20);
	rc = scan_utf8(bytes, len, name, s->err);
	/* A line of its own, so that no line of the text comes from two files. */
	if (!rc && s->out->n_origins)
		rc = scan_text_add(s->out, "\n", 1);
	if (!rc)
		rc = scan_text_origin(s->out, name, 1);
	while (!rc && s->p < s->end)
		rc = token(s);
	return rc ? rc : scan_text_add(s->out, "\n", 1);
}

int scan_memory(struct scan_text *out, struct conf_arena *arena, const char *text, size_t len,
	const char *name, struct sl_err *err)
{
	struct scan s = {.out = out, .arena = arena, .err = err};
	const struct bracket *b;
	int rc;

	*out = (struct scan_text){.line = 1};
	name = arena_text(arena, name, strlen(name));
	rc = name ? scan_bytes(&s, name, text, len) : -ENOMEM;
	b = &s.nest[s.depth];
	if (!rc && s.depth > 0)
		rc = sl_err_at(err, b->file, b->line, "\"%c\" is never closed", b->open);
	return rc;
}

int scan_file(struct scan_text *out, struct conf_arena *arena, const char *path, struct sl_err *err)
{
	char *bytes;
	size_t len;
	int rc = scan_read(path, &bytes, &len);

	*out = (struct scan_text){.line = 1};
	if (rc)
		return sl_err_sys(err, rc, "%s", path);
	rc = scan_memory(out, arena, bytes, len, path, err);
	free(bytes);
	return rc;
}
