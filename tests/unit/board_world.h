/* SPDX-License-Identifier: BSD-3-Clause */

/* A board without the rest of the daemon: POOLS pools of MEMBERS members, each with a check, and
 * all that it calls. Time is made up and runs fast, so that a part is as short as it can be. */

#ifndef SLUICE_TESTS_BOARD_WORLD_H
#define SLUICE_TESTS_BOARD_WORLD_H

#include <unistd.h>

#include "apply.h"
#include "board_follow.h"
#include "conf_text.h"
#include "daemon.h"
#include "kernel/link.h"
#include "paths.h"
#include "table/load.h"

/* -- What the board calls ------------------------------------------------------------------------
 */

static uint64_t clock_us = 1000000000;
static unsigned int builds;
static int strdups_left = -1; /* until one fails; -1: none does */

uint64_t daemon_now_us(void)
{
	return clock_us += 200;
}

uint64_t daemon_now_ms(void)
{
	return daemon_now_us() / 1000;
}

void apply_health_changed(struct daemon *d, bool urgent)
{
	builds++;
}

void apply_soon(struct daemon *d)
{
}

void ctl_server_kick(struct ctl_server *s)
{
}

bool link_has_carrier(const char *name)
{
	return true;
}

const struct path *paths_of(const struct daemon *d, uint16_t slot)
{
	static const struct path none;

	return &none;
}

struct event_log *event_log_new(void)
{
	return malloc(1);
}

void event_add_entry(struct event_log *log, const char *object, const char *text)
{
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	if (strdups_left >= 0 && strdups_left-- == 0)
		return NULL;
	return __real_strdup(text);
}

/* -- A board -------------------------------------------------------------------------------------
 */

#define POOLS   4
#define MEMBERS 24 /* of each */

static char dir[] = "/tmp/sluice-board-XXXXXX";
static struct daemon d;
static struct build_job running;
static struct load_view load;
static struct conf *confs[8];
static size_t n_confs;
static uint16_t slots[POOLS * MEMBERS + 1];

/* What a configuration of a test has otherwise than others. */
struct shape {
	unsigned int port, inter_ms, weight;
	int without; /* backend of each pool that it has not; -1: none */
	int more;    /* one behind the others: its slot; 0: none */
	bool unasked;
	const char *prefix; /* of names */
};

static const struct shape plain = {.port = 80, .inter_ms = 2000, .weight = 100, .without = -1};

/* Slots go by address, as the daemon's do. */
static struct conf *conf_of(const struct shape *s)
{
	size_t len, n = 0;
	char *text;
	FILE *f = open_memstream(&text, &len);

	fprintf(f,
		"daemon = { state_dir = \"%s\"; };\n" PORT
		"checks = ( { name = \"c\"; type = \"tcp\"; port = %u; inter_ms = %u; fall = 2; "
		"rise = 1; } );\npools = (\n",
		dir, s->port, s->inter_ms);
	for (unsigned int p = 0; p < POOLS; p++) {
		fprintf(f, "%s{ name = \"p%u\"; slow_start_s = 0; %s backends = (", p ? ",\n" : "",
			p, s->unasked ? "" : "checks = [ \"c\" ];");
		for (unsigned int i = 0, any = 0; i < MEMBERS; i++) {
			if ((int)i == s->without)
				continue;
			fprintf(f, "%s{ name = \"%sb%u\"; address = \"10.1.%u.%u\"; weight = %u; }",
				any++ ? ", " : "", s->prefix ? s->prefix : "", i, p, i, s->weight);
			slots[n++] = (uint16_t)(1 + p * MEMBERS + i);
		}
		if (s->more && p == POOLS - 1) {
			fprintf(f, ", { name = \"more\"; address = \"10.1.%u.%u\"; }", p, MEMBERS);
			slots[n++] = (uint16_t)s->more;
		}
		fprintf(f, " ); }");
	}
	fputs(" );\n", f);
	fclose(f);
	confs[n_confs] = good(text);
	free(text);
	return confs[n_confs++];
}

static struct board_member *at(unsigned int pool, unsigned int i)
{
	return d.board->by_slot[1 + pool * MEMBERS + i];
}

static void result(struct board_check *c, enum health_code code)
{
	struct health_result r;

	health_result_set(&r, code, 1000, "made up");
	board_take(c, &r);
}

static void result_of(const struct board_member *m, enum health_code code)
{
	result(m->questions[0].check, code);
}

static void follow(struct conf *conf)
{
	assert_int_equal(board_follow(d.board, conf, slots), 0);
	running.conf = conf;
}

static void begin(const struct conf *conf)
{
	assert_int_equal(board_follow_begin(d.board, conf, slots), 0);
}

/* Parts until the stage begins. */
static void go_to(enum follow_stage stage)
{
	while (d.board->follow->stage < stage)
		assert_int_equal(board_follow_step(d.board), 1);
	assert_int_equal(d.board->follow->stage, stage);
}

/* Into the midst of preparing. */
static void go_midway(void)
{
	while (d.board->follow->n_members < POOLS * MEMBERS / 2)
		assert_int_equal(board_follow_step(d.board), 1);
	assert_int_equal(d.board->follow->stage, FOLLOW_PREPARE);
}

static void go_on(struct conf *conf)
{
	int rc;

	while ((rc = board_follow_step(d.board)) > 0)
		;
	assert_int_equal(rc, 0);
	running.conf = conf;
}

static void decide_now(void)
{
	while (board_decide_part(d.board))
		;
}

static size_t n_checks(void)
{
	const struct board_check *c;
	size_t n = 0;

	TAILQ_FOREACH(c, &d.board->all, link)
	n++;
	assert_int_equal(n, d.board->n_checks);
	return n;
}

/* Everybody answers, and is served. */
static int start(void **state)
{
	struct sl_err err = SL_ERR_INIT;

	memset(&running, 0, sizeof running);
	n_confs = 0;
	d = (struct daemon){.running = &running, .load = &load, .base = event_base_new()};
	running.conf = conf_of(&plain);
	assert_int_equal(board_open(&d, &err), 0);
	follow(running.conf);
	for (size_t i = 0; i < d.board->n_members; i++)
		result_of(d.board->members[i], HEALTH_CODE_L4OK);
	decide_now();
	for (size_t i = 0; i < d.board->n_members; i++)
		assert_true(d.board->members[i]->share);
	return 0;
}

static int stop(void **state)
{
	char path[64];

	board_close(d.board);
	free(d.happened);
	event_base_free(d.base);
	while (n_confs)
		conf_free(confs[--n_confs]);
	snprintf(path, sizeof path, "%s/health.json", dir);
	unlink(path);
	return 0;
}

#endif
