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
	if (c->probe)
		board_probe_remove(c);
	free(c->members);
	free(c->key);
	free(c);
}

/* What the member's checks so far found out, asking the same otherwise or at other times, is known
 * still. */
static void inherit(struct board_check *c, const struct board_member *m)
{
	for (size_t i = 0; i < m->n_questions; i++) {
		const struct board_check *was = m->questions[i].check;

		if (was && was != c && was->asked == c->asked &&
			memcmp(was->key, c->key, c->asked) == 0)
			c->health = was->health;
	}
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

int board_check_join(struct board_check *c, struct board_member *m)
{
	if (c->round != c->board->round)
		c->n_members = 0;
	c->round = c->board->round;
	if (c->n_members == c->room) {
		void *grown = reallocarray(c->members, c->room * 2 + 1, sizeof(void *));

		if (!grown)
			return -ENOMEM;
		c->members = grown;
		c->room = c->room * 2 + 1;
	}
	c->members[c->n_members++] = m;
	return 0;
}

/* twalk has no argument for its function. */
static struct {
	struct board_check **item;
	size_t n;
	uint64_t round;
} outdated;

static void find_outdated(const void *node, VISIT which, int depth_unused)
{
	struct board_check *c = *(struct board_check *const *)node;

	(void)depth_unused;
	if ((which == postorder || which == leaf) && c->round != outdated.round)
		outdated.item[outdated.n++] = c;
}

void board_checks_drop(struct board *b)
{
	outdated.item = calloc(b->n_checks + 1, sizeof(void *));
	outdated.n = 0;
	outdated.round = b->round;
	if (!outdated.item)
		return; /* they go on unheard, and go the next time */
	twalk(b->checks, find_outdated);
	for (size_t i = 0; i < outdated.n; i++) {
		tdelete(outdated.item[i], &b->checks, cmp_check);
		free_check(outdated.item[i]);
		b->n_checks--;
	}
	free(outdated.item);
	outdated.item = NULL;
}
