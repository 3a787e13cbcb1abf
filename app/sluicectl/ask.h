/* SPDX-License-Identifier: BSD-3-Clause */

/* One question to the daemon on behalf of a command line: connect, ask, hang up. */

#ifndef SLUICECTL_ASK_H
#define SLUICECTL_ASK_H

#include "command.h"
#include "ctl/client.h"

/* The exit code for an error of ctl_client_new() and the like, which has put its sentence in err.
 */
enum exit_code ask_transport(int ret);

/* The exit code for an answer that is a no; the sentence goes to err. */
enum exit_code ask_refusal(const struct ctl_reply *reply, struct sl_err *err);

/* Ask, with -s, -t, -n and --if-rev as given. A list into q->items is asked again when the
 * configuration changes under it. EXIT_OK: *reply is a yes and must be cleared. q->args is taken
 * over. An on_item that ends the call gives EXIT_REFUSED. */
enum exit_code ask(const struct options *opts, struct ctl_question *q, struct ctl_reply *reply,
	struct sl_err *err);

/* New arguments from the operands; NULL when there are none. EXIT_OK or EXIT_USAGE. */
enum exit_code ask_args(const struct command *command, char **operands, int n_operands,
	json_t **args, struct sl_err *err);

/* Before a command that cannot be taken back: EXIT_OK with -y or -n, or when the person at the
 * terminal says yes to "WHAT [y/N]"; else EXIT_REFUSED, or EXIT_USAGE without a terminal. */
enum exit_code ask_assent(const struct options *opts, const char *what, struct sl_err *err);

void ask_print_json(FILE *out, const json_t *json);

/* Prints an answer to a person. */
typedef void (*ask_print)(
	FILE *out, const json_t *data, const struct options *opts, char **operands);

/* Ask and print the answer, as JSON with -j. print NULL: a person needs no words. q as in ask(). */
enum exit_code ask_answer(const struct options *opts, struct ctl_question *q, char **operands,
	ask_print print, FILE *out, struct sl_err *err);

/* The same with the operands as arguments, as most commands that show one answer do. */
enum exit_code ask_show(const struct command *command, const struct options *opts, char **operands,
	int n_operands, ask_print print, FILE *out, struct sl_err *err);

#endif
