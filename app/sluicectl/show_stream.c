/* SPDX-License-Identifier: BSD-3-Clause */

#include "ask.h"
#include "show.h"

/* Rows that are kept back to find the widths of the columns. */
#define FIRST_ROWS 256

struct stream {
	const struct command *command;
	const struct options *opts;
	FILE *out;
	json_t *first; /* rows that were kept back; NULL = the widths are known */
	struct rows_layout layout;
	uint64_t n; /* items so far */
};

static void end_first(struct stream *s)
{
	const json_t *item;
	size_t i;

	if (!s->first)
		return;
	rows_plan(&s->layout, s->command->columns, s->command->n_columns, s->first);
	rows_head(s->out, &s->layout, s->opts->color);
	json_array_foreach(s->first, i, item) rows_line(s->out, &s->layout, item, s->opts->color);
	json_decref(s->first);
	s->first = NULL;
}

static int on_item(const json_t *item, void *arg)
{
	struct stream *s = arg;

	if (!show_wants(s->command, s->opts, item))
		return 0;
	s->n++;
	if (s->opts->json) {
		fputs(s->n == 1 ? "[" : ",", s->out);
		json_dumpf(item, s->out, JSON_COMPACT | JSON_REAL_PRECISION(12));
	} else if (s->first) {
		json_array_append(s->first, (json_t *)item);
		if (s->n == FIRST_ROWS)
			end_first(s);
	} else {
		rows_line(s->out, &s->layout, item, s->opts->color);
	}
	return ferror(s->out) ? 1 : 0;
}

enum exit_code show_stream(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct stream s = {.command = command, .opts = opts, .out = out};
	struct ctl_question q = {.cmd = command->request, .on_item = on_item, .arg = &s};
	struct ctl_reply reply;
	enum exit_code code;

	if (opts->sort)
		return show_list(command, opts, operands, n_operands, out, err);
	code = ask_args(command, operands, n_operands, &q.args, err);
	if (code != EXIT_OK)
		return code;
	s.first = opts->json ? NULL : json_array();
	code = ask(opts, &q, &reply, err);
	if (code == EXIT_OK)
		ctl_reply_clear(&reply);
	if (opts->json && (s.n || code == EXIT_OK))
		fputs(s.n ? "]\n" : "[]\n", out);
	else if (s.n)
		end_first(&s);
	else if (!opts->json && code == EXIT_OK)
		fprintf(out, "%s\n", command->empty);
	json_decref(s.first);
	return code;
}
