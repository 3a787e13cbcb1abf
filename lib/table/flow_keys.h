/* SPDX-License-Identifier: BSD-3-Clause */

/* Whole keys beside a flow table (flows.exact_keys): for lists of flows, and for an identity
 * without any doubt. The family stands in the last byte, which no key uses. */

#ifndef SLUICE_TABLE_FLOW_KEYS_H
#define SLUICE_TABLE_FLOW_KEYS_H

#include "table/flow.h"

/* The entry of the flow with this key. t->known is not NULL. */
struct flow_at flow_find_exact(
	const struct flow_table *t, uint64_t hash, const struct flow_key *key, bool is6);

/* The entry of a flow, by its key where keys are known. */
static inline struct flow_at flow_find_known(
	const struct flow_table *t, uint64_t hash, const struct flow_key *key, bool is6)
{
	return __builtin_expect(t->known != NULL, 0) ? flow_find_exact(t, hash, key, is6)
						     : flow_find(t, hash);
}

/* Keep the key of an entry. */
void flow_key_keep(struct flow_table *t, struct flow_at at, const struct flow_key *key, bool is6);

/* The key of an entry in use, words that its family does not use 0. False: the table keeps none. */
bool flow_key_of(const struct flow_table *t, struct flow_at at, struct flow_key *key, bool *is6);

#endif
