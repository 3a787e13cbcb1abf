/* SPDX-License-Identifier: BSD-3-Clause */

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/suggest.h"
#include "options.h"

#define TIMEOUT_MS 5000
#define WATCH_MS   2000

/* getopt returns this plus the row for every option; above all letters. */
#define ROW_BASE   256

static int parse_ms(const char *text, unsigned *ms, struct sl_err *err)
{
	char *end;
	const double sec = strtod(text, &end);

	if (end == text || *end || !(sec >= 0.1 && sec <= 3600))
		return sl_err_add(err, "\"%s\": a time is 0.1 to 3600 seconds", text);
	*ms = (unsigned)(sec * 1000 + 0.5);
	return 0;
}

static int set_json(struct options *o, const char *value, struct sl_err *err)
{
	o->json = true;
	return 0;
}

static int set_socket(struct options *o, const char *value, struct sl_err *err)
{
	o->socket = value;
	return 0;
}

static int set_timeout(struct options *o, const char *value, struct sl_err *err)
{
	o->has_timeout = true;
	return parse_ms(value, &o->timeout_ms, err);
}

static int set_watch(struct options *o, const char *value, struct sl_err *err)
{
	o->watch_ms = WATCH_MS;
	return value ? parse_ms(value, &o->watch_ms, err) : 0;
}

static int set_no_color(struct options *o, const char *value, struct sl_err *err)
{
	o->color = false;
	return 0;
}

static int set_sort(struct options *o, const char *value, struct sl_err *err)
{
	o->descending = *value == '-';
	o->sort = value + o->descending;
	return 0;
}

static int set_filter(struct options *o, const char *value, struct sl_err *err)
{
	const char *equals = strchr(value, '=');

	if (!equals || equals == value)
		return sl_err_add(err, "--filter \"%s\": COLUMN=VALUE is needed", value);
	if (o->n_filters == FILTERS_MAX)
		return sl_err_add(err, "more than %d filters", FILTERS_MAX);
	o->filters[o->n_filters++] = (struct filter){value, (size_t)(equals - value), equals + 1};
	return 0;
}

static int set_all(struct options *o, const char *value, struct sl_err *err)
{
	o->all = true;
	return 0;
}

static int set_dry_run(struct options *o, const char *value, struct sl_err *err)
{
	o->dry_run = true;
	return 0;
}

static int set_yes(struct options *o, const char *value, struct sl_err *err)
{
	o->yes = true;
	return 0;
}

static int set_confirm(struct options *o, const char *value, struct sl_err *err)
{
	char *end;
	const unsigned long s = strtoul(value, &end, 10);

	if (strspn(value, "0123456789") == 0 || *end || s < 1 || s > 86400)
		return sl_err_add(err, "--confirm \"%s\": 1 to 86400 seconds", value);
	o->confirm_s = (uint32_t)s;
	return 0;
}

static int set_to(struct options *o, const char *value, struct sl_err *err)
{
	o->to = value;
	return 0;
}

static int set_force(struct options *o, const char *value, struct sl_err *err)
{
	o->force = true;
	return 0;
}

static int set_wait(struct options *o, const char *value, struct sl_err *err)
{
	o->wait = true;
	return 0;
}

static int set_if_rev(struct options *o, const char *value, struct sl_err *err)
{
	char *end;

	errno = 0;
	o->if_rev = strtoull(value, &end, 10);
	if (strspn(value, "0123456789") == 0 || *end || errno || o->if_rev > INT64_MAX)
		return sl_err_add(err, "--if-rev \"%s\": a revision is a whole number", value);
	o->has_if_rev = true;
	return 0;
}

static int set_backend(struct options *o, const char *value, struct sl_err *err)
{
	o->backend = value;
	return 0;
}

static int set_follow(struct options *o, const char *value, struct sl_err *err)
{
	o->follow = true;
	return 0;
}

static int set_since(struct options *o, const char *value, struct sl_err *err)
{
	char *end;

	errno = 0;
	o->since_s = strtoll(value, &end, 10);
	if (strspn(value, "0123456789") == 0 || *end || errno || o->since_s > INT32_MAX)
		return sl_err_add(err, "--since \"%s\": a whole number of seconds", value);
	o->has_since = true;
	return 0;
}

static int set_help(struct options *o, const char *value, struct sl_err *err)
{
	o->help = true;
	return 0;
}

static int set_version(struct options *o, const char *value, struct sl_err *err)
{
	o->version = true;
	return 0;
}

const struct option_row option_rows[] = {
	{'j', "json", NULL, false, NEEDS_NOTHING, "print one JSON document instead of text",
		set_json},
	{'s', "socket", "PATH", false, NEEDS_NOTHING,
		"control socket of the daemon (default " CTL_SOCKET_DEFAULT ")", set_socket},
	{'t', "timeout", "SEC", false, NEEDS_NOTHING,
		"longest wait for the daemon, in seconds (default 5)", set_timeout},
	{'w', "watch", "SEC", true, NEEDS_DAEMON,
		"repeat every SEC seconds until interrupted; -w5, --watch=5 (default 2)",
		set_watch},
	{0, "no-color", NULL, false, NEEDS_NOTHING,
		"plain text; also with NO_COLOR set or when not on a terminal", set_no_color},
	{0, "sort", "COLUMN", false, NEEDS_LIST,
		"order by a column, smallest first; -COLUMN: largest first", set_sort},
	{0, "filter", "COLUMN=VALUE", false, NEEDS_LIST,
		"only rows with this value; several filters must all match", set_filter},
	{0, "all", NULL, false, NEEDS_ZEROS, "also rows that are zero", set_all},
	{'n', "dry-run", NULL, false, NEEDS_CHANGE, "check everything, change nothing",
		set_dry_run},
	{'y', "yes", NULL, false, NEEDS_ASSENT, "do not ask", set_yes},
	{0, "force", NULL, false, NEEDS_FORCE,
		"also when connections are cut or a pool is left without a backend", set_force},
	{0, "wait", NULL, false, NEEDS_WAIT,
		"tell how many connections are left until there are none; no longer than -t, if "
		"that is given",
		set_wait},
	{0, "confirm", "SEC", false, NEEDS_TRIAL,
		"take it back after SEC seconds, unless \"config confirm\" comes", set_confirm},
	{0, "to", "FILE", false, NEEDS_FILE, "write this file, in place of the daemon's own",
		set_to},
	{0, "if-rev", "REV", false, NEEDS_CHANGE,
		"only if the newest revision of the configuration is REV", set_if_rev},
	{0, "backend", "POOL/NAME", false, NEEDS_FLOWS, "only connections of this backend",
		set_backend},
	{'f', "follow", NULL, false, NEEDS_EVENTS, "go on with what happens, until interrupted",
		set_follow},
	{0, "since", "SEC", false, NEEDS_EVENTS, "only what happened in the last SEC seconds",
		set_since},
	{'h', "help", NULL, false, NEEDS_NOTHING, "help, also for one command", set_help},
	{0, "version", NULL, false, NEEDS_NOTHING, "version of sluicectl", set_version},
};
const size_t n_option_rows = sizeof option_rows / sizeof *option_rows;

#define N_ROWS (sizeof option_rows / sizeof *option_rows)

struct getopt_tables {
	char letters[2 + 3 * N_ROWS];
	struct option names[N_ROWS + 1];
};

static void fill_tables(struct getopt_tables *t)
{
	char *at = t->letters;

	memset(t, 0, sizeof *t);
	*at++ = ':'; /* tell a missing value from an unknown option */
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &option_rows[i];
		const int has = !row->value           ? no_argument
				: row->value_optional ? optional_argument
						      : required_argument;

		t->names[i] = (struct option){row->name, has, NULL, ROW_BASE + (int)i};
		if (!row->letter)
			continue;
		*at++ = row->letter;
		for (int colons = 0; colons < has; colons++)
			*at++ = ':';
	}
}

static const struct option_row *row_of(int code)
{
	if (code >= ROW_BASE)
		return &option_rows[code - ROW_BASE];
	for (size_t i = 0; i < N_ROWS; i++) {
		if (option_rows[i].letter && option_rows[i].letter == code)
			return &option_rows[i];
	}
	return NULL;
}

static int fail_unknown(const char *word, struct sl_err *err)
{
	const char *near = NULL;

	if (strncmp(word, "--", 2) != 0 && isdigit(optopt))
		return sl_err_add(err,
			"unknown option -%c; a word that begins with - can stand behind --",
			optopt);
	if (strncmp(word, "--", 2) != 0 && optopt)
		return sl_err_add(err, "unknown option -%c; see sluicectl --help", optopt);
	if (strncmp(word, "--", 2) == 0)
		near = ctl_suggest(word + 2, &option_rows[0].name, N_ROWS, sizeof *option_rows);
	if (near)
		return sl_err_add(err, "unknown option %s: did you mean --%s?", word, near);
	return sl_err_add(err, "unknown option %s; see sluicectl --help", word);
}

static int apply(struct options *o, int code, char **argv, struct sl_err *err)
{
	const struct option_row *row;

	if (code == ':')
		return sl_err_add(err, "option %s needs a value", argv[optind - 1]);
	row = row_of(code);
	if (code == '?' && optopt >= ROW_BASE)
		return sl_err_add(err, "option --%s takes no value", row_of(optopt)->name);
	if (!row)
		return fail_unknown(argv[optind - 1], err);
	o->given |= 1u << (row - option_rows);
	return row->set(o, optarg, err);
}

const struct option_row *options_misfit(const struct options *o, unsigned accepts)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if ((o->given & 1u << i) && (option_rows[i].needs & ~accepts))
			return &option_rows[i];
	}
	return NULL;
}

int options_parse(int argc, char **argv, struct options *out, struct sl_err *err)
{
	const char *no_color = getenv("NO_COLOR");
	struct getopt_tables tables;
	int code, ret;

	*out = (struct options){
		.socket = CTL_SOCKET_DEFAULT,
		.timeout_ms = TIMEOUT_MS,
		.color = isatty(STDOUT_FILENO) && !(no_color && *no_color),
	};
	fill_tables(&tables);
	opterr = 0;
	while ((code = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		ret = apply(out, code, argv, err);
		if (ret)
			return ret;
	}
	out->words = argv + optind;
	out->n_words = argc - optind;
	return 0;
}
