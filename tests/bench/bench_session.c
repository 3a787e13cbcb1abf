/* SPDX-License-Identifier: BSD-3-Clause */

/* What a new flow pays for asking after its client's session: the table of sessions beside rte_hash
 * with lock-free readers, over the same clients in the same random order. Prints, judges nothing.
 */

#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "clock.h"
#include "table/session.h"

#define ASKS 1000000
#define RUNS 9

static struct session_client client(uint32_t n)
{
	return (struct session_client){.source = {0x0a000000 + n, 0}, .pool = 1};
}

static uint64_t ask_sessions(const void *arg, const uint32_t *order)
{
	const struct session_table *t = arg;
	uint64_t found = 0;

	for (uint32_t i = 0; i < ASKS; i++) {
		const struct session_client c = client(order[i]);

		found += session_find(t, session_hash(t, &c), 100).word != 0;
	}
	return found;
}

static uint64_t ask_rte_hash(const void *arg, const uint32_t *order)
{
	const struct rte_hash *h = arg;
	uint64_t found = 0;

	for (uint32_t i = 0; i < ASKS; i++) {
		const struct session_client c = client(order[i]);
		void *data;

		found += rte_hash_lookup_data(h, &c, &data) >= 0;
	}
	return found;
}

static double median_ns(uint64_t (*ask)(const void *, const uint32_t *), const void *arg,
	const uint32_t *order, uint64_t *found)
{
	double t[RUNS];

	for (int i = 0; i < RUNS; i++) {
		const uint64_t start = clock_ns();

		*found = ask(arg, order);
		t[i] = (double)(clock_ns() - start) / ASKS;
	}
	return clock_median(t, RUNS);
}

static struct rte_hash *hash_of(uint32_t clients)
{
	const struct rte_hash_parameters p = {
		.name = "sessions",
		.entries = 2 * clients,
		.key_len = sizeof(struct session_client),
		.hash_func = rte_hash_crc,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};
	struct rte_hash *h = rte_hash_create(&p);

	for (uint32_t i = 0; h && i < clients; i++) {
		const struct session_client c = client(i);

		rte_hash_add_key_data(h, &c, (void *)(uintptr_t)(i % 100));
	}
	return h;
}

static int compare(uint32_t clients)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = "bench";
	struct session_table *t = session_new(2 * clients, secret);
	struct rte_hash *h = hash_of(clients);
	uint32_t *order = malloc(ASKS * sizeof *order);
	uint64_t have[2];

	if (!t || !h || !order)
		return 1;
	for (uint32_t i = 0; i < clients; i++) {
		const struct session_client c = client(i);

		session_put(t, session_hash(t, &c), &c, i % 100, 100);
	}
	for (uint32_t i = 0; i < ASKS; i++)
		order[i] = (uint32_t)rand() % clients;
	const double own = median_ns(ask_sessions, t, order, &have[0]);
	const double rte = median_ns(ask_rte_hash, h, order, &have[1]);

	printf("%7u clients: session %5.1f ns, rte_hash %5.1f ns, ratio %.2f; found %.2f %% and "
	       "%.2f %%\n",
		clients, own, rte, own / rte, 100.0 * (double)have[0] / ASKS,
		100.0 * (double)have[1] / ASKS);
	free(order);
	session_free(t);
	rte_hash_free(h);
	return 0;
}

int main(void)
{
	static char words[][16] = {"bench_session", "--no-huge", "--no-shconf", "-m", "512", "-l",
		"0", "--log-level", "3"};
	char *eal[sizeof words / sizeof *words + 1] = {NULL};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		eal[i] = words[i];
	srand(1);
	if (rte_eal_init(9, eal) < 0)
		return 1;
	printf("hash: %s\n", hash_init());
	return compare(1000) || compare(100000) || compare(1000000);
}
