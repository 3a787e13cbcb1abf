/* SPDX-License-Identifier: BSD-3-Clause */

/* A flow table to put flows into, for the tests of it. */

#ifndef SLUICE_TESTS_FLOW_PUT_H
#define SLUICE_TESTS_FLOW_PUT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "table/flow.h"

static const struct flow_timeouts usual = {{10, 900, 30, 60}};

/* Of this size from the beginning. */
static inline struct flow_table *table(uint32_t entries)
{
	static const uint8_t key[HASH_SECRET_BYTES] = {7, 1, 9};
	const struct flow_shape shape = {.entries = entries, .start = entries};
	struct flow_table *t = flow_new(&shape, key);

	assert_non_null(t);
	return t;
}

/* True: an entry began. */
static inline bool put_with(struct flow_table *t, uint64_t hash, uint16_t slot, enum flow_event ev,
	uint16_t now, const struct flow_timeouts *to)
{
	const struct flow_arrival a = {.hash = hash, .slot = slot, .ev = ev, .now = now, .to = to};

	return flow_remember(t, &a) == FLOW_BEGAN;
}

static inline bool put(
	struct flow_table *t, uint64_t hash, uint16_t slot, enum flow_event ev, uint16_t now)
{
	return put_with(t, hash, slot, ev, now, &usual);
}

#endif
