/* SPDX-License-Identifier: BSD-3-Clause */

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "change.h"
#include "drain.h"

#define LOOK_MS 500

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Connections that the backend has, and whether it is in drain. */
static enum exit_code look(const struct options *opts, const json_t *name, double *flows,
	bool *drains, struct sl_err *err)
{
	struct ctl_question q = {.cmd = "backend.show", .args = json_deep_copy(name)};
	struct options plain = *opts;
	struct ctl_reply reply;
	enum exit_code code;

	plain.dry_run = plain.has_if_rev = false;
	code = ask(&plain, &q, &reply, err);
	if (code != EXIT_OK)
		return code;
	*flows = cell_number(reply.data, "flows");
	*drains = strcmp(cell_string(reply.data, "config.admin", ""), "drain") == 0;
	ctl_reply_clear(&reply);
	return EXIT_OK;
}

static void print_left(FILE *out, const struct options *opts, const char *backend, double flows)
{
	if (opts->json)
		return;
	fprintf(out, "%s: %.0f connection%s left\n", backend, flows, flows == 1 ? "" : "s");
	fflush(out);
}

/* Tell how many connections are left, each time it is another number, until there are none. */
static enum exit_code wait_for_none(const struct options *opts, const json_t *name,
	const char *backend, FILE *out, struct sl_err *err)
{
	const struct timespec pause = {LOOK_MS / 1000, LOOK_MS % 1000 * 1000000L};
	const uint64_t began = now_ms();
	double flows, told = -1;
	bool drains;

	for (;;) {
		const enum exit_code code = look(opts, name, &flows, &drains, err);

		if (code != EXIT_OK)
			return code;
		if (flows != told)
			print_left(out, opts, backend, flows);
		told = flows;
		if (flows == 0)
			return EXIT_OK;
		if (!drains) {
			sl_err_add(err, "%s is not in drain any more", backend);
			return EXIT_REFUSED;
		}
		if (opts->has_timeout && now_ms() - began >= opts->timeout_ms) {
			sl_err_add(err, "%s still has %.0f connections", backend, flows);
			return EXIT_FALSE;
		}
		nanosleep(&pause, NULL);
	}
}

enum exit_code drain_run(const struct command *command, const struct options *opts, char **operands,
	int n_operands, FILE *out, struct sl_err *err)
{
	enum exit_code code = change_run(command, opts, operands, n_operands, out, err);
	json_t *name;

	fflush(out);
	if (code != EXIT_OK || !opts->wait || opts->dry_run)
		return code;
	code = ask_args(command, operands, n_operands, &name, err);
	if (code == EXIT_OK)
		code = wait_for_none(opts, name, operands[0], out, err);
	json_decref(name);
	return code;
}
