/* SPDX-License-Identifier: BSD-3-Clause */

/* The schema rows as text for people: the full example and the table of the reference. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf/schema.h"

static void words_format(const struct conf_row *row, char *buf)
{
	size_t n = 0;

	buf[0] = '\0';
	for (const struct conf_word *w = row->words; w->name && n < CONF_VALUES_STRLEN; w++) {
		const char *before = w == row->words ? "" : w[1].name ? ", " : " or ";

		n += (size_t)snprintf(buf + n, CONF_VALUES_STRLEN - n, "%s\"%s\"", before, w->name);
	}
}

static void range_format(const struct conf_row *row, const char *before, char *buf)
{
	const char *unit = row->unit ? row->unit : "", *space = row->unit ? " " : "";

	if (row->zero)
		snprintf(buf, CONF_VALUES_STRLEN, "%s0 = %s, or %" PRId64 "-%" PRId64 "%s%s",
			before, row->zero, row->min, row->max, space, unit);
	else
		snprintf(buf, CONF_VALUES_STRLEN, "%s%" PRId64 "-%" PRId64 "%s%s", before, row->min,
			row->max, space, unit);
}

const char *conf_row_values(const struct conf_row *row, char *buf)
{
	static const char *const plain[] = {
		[CONF_TYPE_GROUP] = "group",
		[CONF_TYPE_NAME] = "name",
		[CONF_TYPE_BOOL] = "true or false",
		[CONF_TYPE_KEY] = "32 hexadecimal digits",
		[CONF_TYPE_ADDRESS] = "IPv4 or IPv6 address",
		[CONF_TYPE_ADDRESSES] = "array of addresses, at most one per family",
		[CONF_TYPE_PREFIX] = "IPv4 or IPv6 address, or a prefix",
		[CONF_TYPE_PREFIXES] = "array of prefixes",
		[CONF_TYPE_PORTS] = "1-65535, 0 = every port, or a range as \"8000-8100\"",
		[CONF_TYPE_MAC] = "MAC address",
		[CONF_TYPE_VLANS] = "1-4094, or two as \"200.100\"",
	};

	switch (row->type) {
	case CONF_TYPE_WORD:
		words_format(row, buf);
		break;
	case CONF_TYPE_UINT:
		range_format(row, "", buf);
		break;
	case CONF_TYPE_UINTS:
		range_format(row, "array of numbers ", buf);
		break;
	case CONF_TYPE_TEXT:
		snprintf(buf, CONF_VALUES_STRLEN, "text, %" PRId64 "-%" PRId64 " bytes", row->min,
			row->max);
		break;
	case CONF_TYPE_TEXTS:
		snprintf(buf, CONF_VALUES_STRLEN, "array of texts, at most %u", row->most);
		break;
	case CONF_TYPE_LIST:
		snprintf(buf, CONF_VALUES_STRLEN, "list of %" PRId64 " to %" PRId64 " groups",
			row->min, row->max);
		break;
	default:
		snprintf(buf, CONF_VALUES_STRLEN, "%s", plain[row->type]);
	}
	return buf;
}

/* A value as a file has it. */
static void literal_write(FILE *f, const struct conf_row *row, const char *value)
{
	switch (row->type) {
	case CONF_TYPE_BOOL:
	case CONF_TYPE_UINT:
	case CONF_TYPE_PORTS:
		fputs(value, f);
		break;
	case CONF_TYPE_UINTS:
	case CONF_TYPE_TEXTS:
	case CONF_TYPE_ADDRESSES:
	case CONF_TYPE_PREFIXES:
		fprintf(f, *value ? "[ \"%s\" ]" : "[ ]", value);
		break;
	default:
		fprintf(f, "\"%s\"", value);
	}
}

static void default_write(FILE *f, const struct conf_row *row)
{
	if (row->value)
		literal_write(f, row, row->value);
	else
		fputs(row->absent ? row->absent : "none, required", f);
}

static void indent(FILE *f, unsigned int depth)
{
	for (unsigned int i = 0; i < depth; i++)
		fputs("  ", f);
}

/* Comment lines of at most 100 columns. */
static void comment_write(FILE *f, unsigned int depth, const char *text)
{
	const size_t width = 97 - 2 * depth;

	while (*text) {
		size_t n = strlen(text);

		if (n > width)
			for (n = width; n > 1 && text[n] != ' '; n--)
				;
		indent(f, depth);
		fprintf(f, "// %.*s\n", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
}

static void words_write(FILE *f, unsigned int depth, const struct conf_row *row)
{
	char line[256];

	for (const struct conf_word *w = row->words; w && w->name; w++) {
		snprintf(line, sizeof line, "  \"%s\": %s", w->name, w->help);
		comment_write(f, depth, line);
	}
}

static void section_write(FILE *f, const struct conf_row *section, unsigned int depth);

static void key_write(FILE *f, const struct conf_row *row, const char *key, unsigned int depth)
{
	char values[CONF_VALUES_STRLEN];
	const bool required = !row->value && !row->absent;

	comment_write(f, depth, row->help);
	indent(f, depth);
	fprintf(f, "// %s; default: ", conf_row_values(row, values));
	default_write(f, row);
	fputs(row->start ? "; takes a restart\n" : "\n", f);
	words_write(f, depth, row);
	indent(f, depth);
	fprintf(f, "%s%s = ", row->value || required || row->shown ? "" : "// ", key);
	literal_write(f, row, row->value ? row->value : row->example);
	fputs(";\n", f);
}

/* A list with one element, or a group. */
static void nest_write(FILE *f, const struct conf_row *row, const char *key, unsigned int depth)
{
	const bool list = row->type == CONF_TYPE_LIST;
	char values[CONF_VALUES_STRLEN];

	comment_write(f, depth, row->help);
	if (list)
		comment_write(f, depth, conf_row_values(row, values));
	indent(f, depth);
	fprintf(f, "%s = %s\n", key, list ? "(" : "{");
	if (list) {
		indent(f, depth + 1);
		fputs("{\n", f);
	}
	section_write(f, row, list ? depth + 2 : depth + 1);
	if (list) {
		indent(f, depth + 1);
		fputs("}\n", f);
	}
	indent(f, depth);
	fputs(list ? ");\n" : "};\n", f);
}

static void section_write(FILE *f, const struct conf_row *section, unsigned int depth)
{
	bool first = true;

	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++) {
		const char *key = conf_row_key(section, row);

		if (!key)
			continue;
		if (!first)
			fputc('\n', f);
		first = false;
		if (row->type == CONF_TYPE_GROUP || row->type == CONF_TYPE_LIST)
			nest_write(f, row, key, depth);
		else
			key_write(f, row, key, depth);
	}
}

void conf_write_full(FILE *f)
{
	fputs("// SPDX-License-Identifier: BSD-3-Clause\n"
	      "// Every key that sluiced knows. Generated from lib/conf/schema.c; a short start is "
	      "sluice.conf.\n"
	      "// A line that begins with // and a key shows a key without default by an "
	      "example.\n\n",
		f);
	section_write(f, NULL, 0);
}

/* Words with their meaning belong to the help of the key. */
static void help_write(FILE *f, const struct conf_row *row)
{
	fputs(row->help, f);
	for (const struct conf_word *w = row->words; w && w->name; w++)
		fprintf(f, "%s `%s`: %s%s", w == row->words ? "" : ";", w->name, w->help,
			w[1].name ? "" : ".");
	if (row->start)
		fputs(row->type == CONF_TYPE_LIST ? " Another list of them takes a restart."
						  : " Takes a restart.",
			f);
}

void conf_write_doc(FILE *f)
{
	char values[CONF_VALUES_STRLEN];

	fputs("| key | values | default | meaning |\n|---|---|---|---|\n", f);
	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++) {
		const bool nest = row->type == CONF_TYPE_GROUP || row->type == CONF_TYPE_LIST;

		fprintf(f, "| `%s` | %s | ", row->path, conf_row_values(row, values));
		if (row->value)
			fputc('`', f);
		if (!nest)
			default_write(f, row);
		if (row->value)
			fputc('`', f);
		fputs(nest ? "| " : " | ", f);
		help_write(f, row);
		fputs(" |\n", f);
	}
}
