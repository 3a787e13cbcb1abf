/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "change.h"
#include "config.h"

/* What fits a request, with room for the escapes of JSON. */
#define TEXT_MAX 60000

static enum exit_code fail_file(struct sl_err *err, const char *path)
{
	sl_err_sys(err, errno, "%s", path);
	return EXIT_REFUSED;
}

/* -- check ---------------------------------------------------------------------------------------
 */

/* The file is read here, with the rights of whoever asks. */
static enum exit_code read_file(const char *path, json_t **args, struct sl_err *err)
{
	static char text[TEXT_MAX + 1];
	char full[PATH_MAX];
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		return fail_file(err, path);
	n = fread(text, 1, sizeof text, f);
	if (ferror(f)) {
		const enum exit_code code = fail_file(err, path);

		fclose(f);
		return code;
	}
	fclose(f);
	if (n > TEXT_MAX) {
		sl_err_add(err, "%s is above %d bytes: use sluiced -c %s --check", path, TEXT_MAX,
			path);
		return EXIT_REFUSED;
	}
	*args = json_object();
	json_object_set_new(*args, "name", json_string(realpath(path, full) ? full : path));
	if (json_object_set_new(*args, "text", json_stringn(text, n)) == 0)
		return EXIT_OK;
	json_decref(*args);
	sl_err_add(err, "%s is no UTF-8 text", path);
	return EXIT_REFUSED;
}

static void print_lines(FILE *out, const char *before, const json_t *lines)
{
	json_t *line;
	size_t i;

	json_array_foreach((json_t *)lines, i, line)
		fprintf(out, "%s%s\n", before, json_string_value(line));
}

enum exit_code config_check(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request};
	enum exit_code code = n_operands ? read_file(operands[0], &q.args, err) : EXIT_OK;
	struct ctl_reply reply;
	bool valid;

	if (code == EXIT_OK)
		code = ask(opts, &q, &reply, err);
	if (code != EXIT_OK)
		return code;
	valid = json_is_true(json_object_get(reply.data, "valid"));
	if (opts->json) {
		ask_print_json(out, reply.data);
	} else {
		print_lines(out, "", json_object_get(reply.data, "errors"));
		print_lines(out, "warning: ", json_object_get(reply.data, "warnings"));
		print_lines(out, "cannot be applied to the running daemon: ",
			json_object_get(reply.data, "restart"));
		if (valid)
			fprintf(out, "all right\n");
	}
	ctl_reply_clear(&reply);
	return valid ? EXIT_OK : EXIT_FALSE;
}

/* -- diff and show -------------------------------------------------------------------------------
 */

/* Ask for a list. EXIT_OK: q->items is the caller's. */
static enum exit_code ask_list(const struct command *command, const struct options *opts,
	json_t **items, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request, .items = json_array()};
	struct ctl_reply reply;
	const enum exit_code code = ask(opts, &q, &reply, err);

	*items = q.items;
	if (code == EXIT_OK)
		ctl_reply_clear(&reply);
	else
		json_decref(q.items);
	return code;
}

static void print_items(FILE *out, const json_t *items, const char *key)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)items, i, item)
		fprintf(out, "%s\n", json_string_value(json_object_get(item, key)));
}

enum exit_code config_diff(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	json_t *items;
	const enum exit_code code = ask_list(command, opts, &items, err);

	if (code != EXIT_OK)
		return code;
	if (opts->json)
		ask_print_json(out, items);
	else if (json_array_size(items) == 0)
		fprintf(out, "no difference\n");
	else
		print_items(out, items, "text");
	json_decref(items);
	return EXIT_OK;
}

static void print_text(FILE *out, const struct options *opts, const json_t *items)
{
	if (opts->json)
		ask_print_json(out, items);
	else
		print_items(out, items, "line");
}

enum exit_code config_show(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	json_t *items;
	const enum exit_code code = ask_list(command, opts, &items, err);

	if (code != EXIT_OK)
		return code;
	print_text(out, opts, items);
	json_decref(items);
	return EXIT_OK;
}

/* -- apply, confirm, undo ------------------------------------------------------------------------
 */

static void say_applied(const struct options *opts, const struct ctl_reply *reply, FILE *out)
{
	const double lost = cell_number(reply->data, "discarded"),
		     n = cell_number(reply->data, "changes");

	if (opts->dry_run)
		fprintf(out, "%.0f changes would be accepted; nothing was changed\n", n);
	else
		fprintf(out, "revision %" PRIu64 " in force: %.0f changes\n", reply->rev, n);
	if (lost > 0)
		fprintf(out, "%.0f changes by command that the file does not hold %s\n", lost,
			opts->dry_run ? "would be gone" : "are gone: sluicectl config undo");
	if (opts->confirm_s && !opts->dry_run)
		fprintf(out, "taken back in %" PRIu32 " s without: sluicectl config confirm\n",
			opts->confirm_s);
}

enum exit_code config_apply(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request};

	if (opts->confirm_s)
		q.args = json_pack("{s:I}", "confirm", (json_int_t)opts->confirm_s);
	return change_make(opts, &q, say_applied, out, err);
}

static void print_stays(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	fprintf(out, "it stays\n");
}

enum exit_code config_confirm(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request};

	return ask_answer(opts, &q, operands, print_stays, out, err);
}

static void say_undone(const struct options *opts, const struct ctl_reply *reply, FILE *out)
{
	fprintf(out, "revision %" PRIu64 " in force; %.0f earlier ones are kept\n", reply->rev,
		cell_number(reply->data, "left"));
}

enum exit_code config_undo(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request};

	return change_make(opts, &q, say_undone, out, err);
}

/* -- save ----------------------------------------------------------------------------------------
 */

/* Complete or not at all; with the rights of whoever asks. */
static enum exit_code write_file(const char *path, const json_t *items, struct sl_err *err)
{
	char *temporary = NULL;
	FILE *f = NULL;
	int fd = -1;
	bool done;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		sl_err_sys(err, ENOMEM, "%s", path);
		return EXIT_REFUSED;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f)
		print_items(f, items, "line");
	done = f && !ferror(f) && fchmod(fd, 0640) == 0 && fflush(f) == 0 && fsync(fd) == 0;
	if (f && fclose(f))
		done = false;
	if (done)
		done = rename(temporary, path) == 0;
	if (!done) {
		sl_err_sys(err, errno, "%s", path);
		unlink(temporary);
	}
	free(temporary);
	return done ? EXIT_OK : EXIT_REFUSED;
}

/* The daemon does not save what waits for its confirmation; nor is it to be had this way. */
static enum exit_code nothing_waits(const struct options *opts, struct sl_err *err)
{
	struct ctl_question q = {.cmd = "status"};
	struct ctl_reply reply;
	enum exit_code code = ask(opts, &q, &reply, err);
	double rev;

	if (code != EXIT_OK)
		return code;
	rev = cell_number(reply.data, "config.trial.rev");
	ctl_reply_clear(&reply);
	if (rev <= 0)
		return EXIT_OK;
	sl_err_add(err,
		"revision %.0f waits for its confirmation (sluicectl config confirm, or config "
		"undo, then save)",
		rev);
	return EXIT_PRECONDITION;
}

static enum exit_code save_to(const struct options *opts, FILE *out, struct sl_err *err)
{
	const struct command show = {.request = "config.show"};
	json_t *items;
	enum exit_code code = nothing_waits(opts, err);

	if (code == EXIT_OK)
		code = ask_list(&show, opts, &items, err);
	if (code != EXIT_OK)
		return code;
	code = write_file(opts->to, items, err);
	json_decref(items);
	if (code == EXIT_OK && !opts->json)
		fprintf(out, "%s\n", opts->to);
	else if (code == EXIT_OK)
		fprintf(out, "{}\n");
	return code;
}

static void print_path(FILE *out, const json_t *data, const struct options *opts, char **operands)
{
	fprintf(out, "%s\n", cell_string(data, "path", "?"));
}

enum exit_code config_save(const struct command *command, const struct options *opts,
	char **operands, int n_operands, FILE *out, struct sl_err *err)
{
	struct ctl_question q = {.cmd = command->request};

	return opts->to ? save_to(opts, out, err)
			: ask_answer(opts, &q, operands, print_path, out, err);
}
