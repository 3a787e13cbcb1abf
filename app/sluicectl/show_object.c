/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "ask.h"
#include "show_object.h"

static void print_value(FILE *out, const json_t *value)
{
	json_t *element;
	size_t i;

	if (json_is_string(value)) {
		fputs(json_string_value(value), out);
	} else if (json_is_array(value)) {
		json_array_foreach((json_t *)value, i, element)
		{
			fputs(i ? ", " : "", out);
			print_value(out, element);
		}
		fputs(json_array_size(value) ? "" : "none", out);
	} else if (json_is_null(value)) {
		fputs("not given", out);
	} else if (json_is_real(value)) {
		fprintf(out, "%.1f", json_real_value(value));
	} else {
		json_dumpf(value, out, JSON_ENCODE_ANY);
	}
}

static void print_object(FILE *out, const json_t *object, const char *prefix);

/* "rules" of objects that have a name under "rule". */
static void print_named(FILE *out, const json_t *list, const char *key)
{
	const int singular = (int)strlen(key) - 1;
	json_t *element;
	size_t i;

	json_array_foreach((json_t *)list, i, element)
	{
		char name[128], own[64];

		snprintf(own, sizeof own, "%.*s", singular, key);
		snprintf(name, sizeof name, "%s.%s", own, cell_string(element, own, "?"));
		json_object_del(element, own);
		print_object(out, element, name);
	}
}

/* Deeper objects put their key before the keys in them, "config" but for its name. */
static void print_object(FILE *out, const json_t *object, const char *prefix)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		char name[128];

		snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
		if (json_is_object(value)) {
			print_object(out, value, strcmp(name, "config") == 0 ? "" : name);
			continue;
		}
		if (json_is_object(json_array_get(value, 0))) {
			print_named(out, value, key);
			continue;
		}
		fprintf(out, "%-24s ", name);
		print_value(out, value);
		fputc('\n', out);
	}
}

static void print_top(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	print_object(out, data, "");
}

enum exit_code show_object(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	return ask_show(command, opts, operands, n_operands, print_top, out, err);
}
