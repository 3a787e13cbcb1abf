/* SPDX-License-Identifier: BSD-3-Clause */

/* Clients of a pool with persist_s keep their backend through changes of the members; seen in the
 * packets that leave, against a dictionary of the test's own. And the table by itself. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_judge.h"
#include "table/session.h"

static const uint8_t secret[HASH_SECRET_BYTES] = "sessions, tests";

static struct session_client client(uint32_t n, uint32_t pool)
{
	return (struct session_client){.source = {0x0a000000 + n, 0}, .pool = pool};
}

static struct session find(const struct session_table *t, uint32_t n, uint32_t pool, uint32_t most)
{
	const struct session_client c = client(n, pool);

	return session_find(t, session_hash(t, &c), most);
}

static enum session_put put(struct session_table *t, uint32_t n, uint32_t pool, uint16_t slot)
{
	const struct session_client c = client(n, pool);

	return session_put(t, session_hash(t, &c), &c, slot, 100);
}

static void sessions_live_as_long_as_they_may(void **state)
{
	struct session_table *t = session_new(1000, secret);

	t->clock = SESSION_AGE_MASK - 50; /* wraps on the way */
	assert_int_equal(put(t, 1, 7, 0x3ffe), SESSION_NEW);
	assert_int_equal(put(t, 1, 8, 5), SESSION_NEW);
	assert_int_equal(session_slot(find(t, 1, 7, 100).word), 0x3ffe);
	assert_int_equal(session_slot(find(t, 1, 8, 100).word), 5);
	assert_int_equal(find(t, 1, 9, 100).word, 0);
	assert_int_equal(find(t, 2, 7, 100).word, 0);
	t->clock += 100;
	assert_int_equal(session_slot(find(t, 1, 7, 100).word), 0x3ffe);
	session_use(t, find(t, 1, 7, 100));
	t->clock += 1;
	assert_int_equal(find(t, 1, 8, 100).word, 0);
	assert_int_equal(session_idle_s(t, find(t, 1, 7, 100).word), 1);
	assert_int_equal(put(t, 1, 7, 3), SESSION_CHANGED);
	assert_int_equal(session_slot(find(t, 1, 7, 100).word), 3);
	t->clock += SESSION_MOST_S;
	assert_int_equal(find(t, 1, 7, SESSION_MOST_S - 1).word, 0);
	assert_int_equal(session_slot(find(t, 1, 7, SESSION_MOST_S).word), 3);
	session_free(t);
}

/* Four times as many clients as there is room: the table is full, never more, what was used last is
 * there, and every client that is listed is one that was put, with what was put last. */
static void memory_is_bounded(void **state)
{
	struct session_table *t = session_new(4096, secret);
	uint32_t n = 0, found = 0, evicted = 0;

	assert_int_equal(session_words(t), 4096);
	for (uint32_t i = 0; i < 4 * 4096; i++) {
		if (i % 64 == 0)
			t->clock++;
		evicted += put(t, i, 1, i % 1000) == SESSION_EVICTED;
	}
	for (uint32_t i = 0; i < session_words(t); i++) {
		struct session_client c;
		uint64_t word;

		if (!session_read(t, i, &word, &c))
			continue;
		n++;
		assert_int_equal(c.pool, 1);
		assert_int_equal(session_slot(word), (c.source[0] - 0x0a000000) % 1000);
	}
	assert_true(n > 4000 && evicted > 1000);
	for (uint32_t i = 4 * 4096 - 256; i < 4 * 4096; i++)
		found += find(t, i, 1, 100).word != 0;
	assert_int_equal(found, 256);

	struct session_client c;
	uint64_t word;
	uint32_t at = 0;

	while (!session_read(t, at, &word, &c))
		at++;
	assert_false(session_forget(t, at, word + 1));
	assert_true(session_forget(t, at, word));
	assert_int_equal(find(t, (uint32_t)c.source[0] - 0x0a000000, 1, 200).word, 0);
	session_free(t);
}

#define CLIENTS 2000
#define ROUNDS  60

/* Twelve backends, whose pools remember clients. */
static struct judge *judge_with_sessions(uint32_t flows, uint32_t entries)
{
	struct judge *j = judge_new(flows, entries);

	j->w.lane->sessions = session_new(16 * flows, secret);
	j->w.persist_s = 1000;
	j->free_choice = true;
	judge_bring_in(j, 0, 12);
	return j;
}

static void end(struct judge *j)
{
	session_free(j->w.lane->sessions);
	judge_end(j);
}

/* Every flow of the judge has a source address of its own, so is a client; four kinds of them, by
 * TCP and UDP, IPv4 and IPv6. In every round members change, and all clients come again with new
 * connections. */
static void clients_keep_their_backend(void **state)
{
	struct judge *j = judge_with_sessions(4 * CLIENTS, 64 * CLIENTS);
	uint8_t *home = malloc(4 * CLIENTS);
	uint32_t kept = 0, moved = 0;

	j->n_flows = 4 * CLIENTS;
	memset(home, FLOW_NOBODY, 4 * CLIENTS);
	for (uint32_t round = 0; round < ROUNDS && !j->wrong; round++) {
		struct flow_backend *be = &j->w.be[random_below(&j->r, 12)];

		if (random_below(&j->r, 2))
			be->admin = be->admin ? CONF_ADMIN_READY : CONF_ADMIN_DRAIN;
		be->weight = 1 + random_below(&j->r, 20);
		if (flow_world_ready(&j->w, 0) < 2 || flow_world_ready(&j->w, 1) < 2)
			be->admin = CONF_ADMIN_READY;
		flow_world_publish(&j->w);
		for (uint32_t id = 0; id < 4 * CLIENTS; id++)
			j->flow[id].backend = FLOW_NOBODY;
		j->w.lane->clock += FLOW_IDLE_S + 1; /* no flow is known any more */
		judge_sweep(j, 1);
		send_range(j, 0, 4 * CLIENTS, SYN);
		for (uint32_t id = 0; id < 4 * CLIENTS; id++) {
			const uint8_t is = j->flow[id].backend;

			assert_true(flow_world_takes_new(&j->w.be[is]));
			if (home[id] != FLOW_NOBODY && is != home[id]) {
				assert_false(flow_world_takes_new(&j->w.be[home[id]]));
				moved++;
			}
			kept += is == home[id];
			home[id] = is;
		}
	}
	printf("kept %u, moved %u\n", kept, moved);
	judge_says(j);
	assert_true(moved > 1000 && kept > ROUNDS * CLIENTS * 2);
	free(home);
	end(j);
}

/* How long each client's session has been idle; all of them have one. */
static void expect_idle(const struct session_table *t, uint32_t clients, uint32_t idle_s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < session_words(t); i++) {
		struct session_client c;
		uint64_t word;

		if (!session_read(t, i, &word, &c))
			continue;
		assert_int_equal(session_idle_s(t, word), idle_s);
		n++;
	}
	assert_int_equal(n, clients);
}

/* What renews a session: a new connection, and the end of one by FIN or RST; data does not. */
static void the_end_of_a_connection_renews(void **state)
{
	static const uint8_t ends[] = {FIN | ACK, RST, RST | ACK, FIN};
	struct judge *j = judge_with_sessions(CLIENTS, 8 * CLIENTS);
	struct session_table *t = j->w.lane->sessions;

	for (uint32_t id = 0; id < CLIENTS; id++)
		j->flow[id].backend = FLOW_NOBODY;
	j->n_flows = CLIENTS;
	for (uint32_t id = 0; id < CLIENTS; id += 4)
		for (uint32_t service = 0; service < 2; service++) { /* the TCP ones */
			send_range(j, id + service, id + service + 1, SYN);
			send_range(j, id + service, id + service + 1, ACK);
		}
	expect_idle(t, CLIENTS / 2, 0);
	for (size_t e = 0; e < sizeof ends; e++) {
		t->clock += 7;
		j->w.lane->clock += 7;
		for (uint32_t id = 0; id < CLIENTS; id += 4)
			send_range(j, id, id + 2, ACK);
		expect_idle(t, CLIENTS / 2, 7);
		for (uint32_t id = 0; id < CLIENTS; id += 4)
			send_range(j, id, id + 2, ends[e]);
		expect_idle(t, CLIENTS / 2, 0);
	}
	end(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_live_as_long_as_they_may),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(clients_keep_their_backend),
		cmocka_unit_test(the_end_of_a_connection_renews),
	};

	printf("hash: %s, code: %s\n", hash_init(), pipeline_init());
	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
