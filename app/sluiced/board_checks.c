/* SPDX-License-Identifier: BSD-3-Clause */

/* The board's checks, known by all that they ask; members that ask the same share one. */

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "board.h"

static int cmp_check(const void *a, const void *b)
{
	return strcmp(((const struct board_check *)a)->key, ((const struct board_check *)b)->key);
}

static const char *some(const char *text)
{
	return text ? text : "";
}

/* What a check asks, and then how and when, one field a line: two with equal texts are one. *asked:
 * bytes of the first part. NULL without memory. */
static char *key_of(
	const struct conf_check *k, const struct sl_addr *address, uint16_t port, size_t *asked)
{
	char addr[SL_ADDR_STRLEN], *key;
	int n = 0, all;

	all = asprintf(&key,
		"%s\n%u %u %u %u %u\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%n"
		"%u %u %u %u %u %u\n%u %u %u %u",
		sl_addr_format(address, addr), port, k->type, k->method, k->tls_verify, k->dns_type,
		some(k->path), some(k->host), some(k->status), some(k->body), some(k->ca_file),
		some(k->send_hex), some(k->expect_hex), some(k->dns_name), &n, k->inter_ms,
		k->fastinter_ms, k->downinter_ms, k->timeout_ms, k->rise * 1000 + k->fall,
		k->jitter_pct, k->reuse.min, k->reuse.max, k->reuse.idle_s, k->reuse.wait_ms);
	*asked = (size_t)n;
	return all < 0 ? NULL : key;
}

static void free_check(struct board_check *c)
{
	struct board_check *heir;

	if (c->probe)
		board_probe_remove(c);
	if (c->from)
		LIST_REMOVE(c, heir);
	while ((heir = LIST_FIRST(&c->heirs))) {
		LIST_REMOVE(heir, heir);
		heir->from = NULL;
	}
	free(c->judged[0].members);
	free(c->judged[1].members);
	free(c->key);
	free(c);
}

/* What the member's checks so far found out, asking the same otherwise or at other times, is known
 * still. */
static void inherit(struct board_check *c, const struct board_member *m)
{
	for (size_t i = 0; i < m->n_questions && !c->from; i++) {
		struct board_check *was = m->questions[i].check;

		if (!was || was->asked != c->asked || memcmp(was->key, c->key, c->asked) != 0)
			continue;
		c->health = was->health;
		c->from = was;
		LIST_INSERT_HEAD(&was->heirs, c, heir);
	}
}

void board_check_pass_on(struct board_check *c)
{
	struct board_check *heir;
	size_t n;

	board_check_members(c, &n);
	if (n)
		LIST_FOREACH(heir, &c->heirs, heir)
	heir->health = c->health;
}

/* In the time of the default interval. */
#define SOON_MS 2000

/* When the first probe comes at the latest. A member that serves is not to count as down before its
 * new check was asked once. */
static uint32_t first_within_ms(const struct board_check *c, const struct board_member *m)
{
	const uint32_t interval_ms = health_interval_ms(&c->health, &c->params);

	if (c->health.state != HEALTH_INIT || m->m.state == HEALTH_INIT || interval_ms < SOON_MS)
		return interval_ms;
	return SOON_MS;
}

struct board_check *board_check_need(struct board *b, const struct conf_check *k,
	const struct board_member *m, uint16_t port, uint64_t now_ms)
{
	struct board_check *c = calloc(1, sizeof *c), **node;
	struct sl_err err = SL_ERR_INIT;

	if (!c)
		return NULL;
	c->board = b;
	c->key = key_of(k, &m->address, port, &c->asked);
	node = c->key ? tsearch(c, &b->checks, cmp_check) : NULL;
	if (!node || *node != c) {
		free_check(c);
		return node ? *node : NULL;
	}
	b->n_checks++;
	TAILQ_INSERT_TAIL(&b->all, c, link);
	c->params = (struct health_params){
		k->inter_ms, k->fastinter_ms, k->downinter_ms, k->rise, k->fall};
	c->jitter_pct = k->jitter_pct;
	health_init(&c->health, now_ms);
	inherit(c, m);
	if (board_probe_add(c, k, &m->address, port, first_within_ms(c, m), &err) != 0)
		log_error("check \"%s\": %s", k->name, sl_err_first(&err));
	sl_err_clear(&err);
	return c;
}

/* Where those of a round are, or are to be: never where those in force are. */
static struct board_judged *judged_in(struct board_check *c, uint64_t round)
{
	struct board_judged *j = &c->judged[c->judged[1].round == round];

	if (j->round != round && j->round == c->board->round)
		j = &c->judged[1];
	return j;
}

int board_check_join(struct board_check *c, struct board_member *m, uint64_t round)
{
	struct board_judged *j = judged_in(c, round);

	if (j->round != round)
		j->n = 0;
	j->round = round;
	if (j->n == j->room) {
		void *grown = reallocarray(j->members, j->room * 2 + 1, sizeof(void *));

		if (!grown)
			return -ENOMEM;
		j->members = grown;
		j->room = j->room * 2 + 1;
	}
	j->members[j->n++] = m;
	return 0;
}

struct board_member **board_check_members(const struct board_check *c, size_t *n)
{
	const struct board_judged *j = &c->judged[c->judged[1].round == c->board->round];

	*n = j->round == c->board->round ? j->n : 0;
	return j->members;
}

void board_checks_sweep_begin(struct board *b)
{
	b->swept = TAILQ_FIRST(&b->all);
}

int board_checks_sweep(struct board *b)
{
	struct board_check *c = b->swept;
	size_t n;

	if (!c)
		return 0;
	b->swept = TAILQ_NEXT(c, link);
	board_check_members(c, &n);
	if (n)
		return 1;
	tdelete(c, &b->checks, cmp_check);
	TAILQ_REMOVE(&b->all, c, link);
	b->n_checks--;
	free_check(c);
	return 1;
}
