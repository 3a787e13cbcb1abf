/* SPDX-License-Identifier: BSD-3-Clause */

#include "table/flow_keys.h"

#define WORDS4   2
#define WORDS6   5 /* the sixth is padding */
#define LAST     5
#define IS6_FLAG (UINT64_C(1) << 63)

static bool same(const struct flow_key *known, const struct flow_key *key, bool is6)
{
	if ((known->w[LAST] == IS6_FLAG) != is6)
		return false;
	for (uint32_t i = 0; i < (is6 ? WORDS6 : WORDS4); i++)
		if (known->w[i] != key->w[i])
			return false;
	return true;
}

static struct flow_at find_in(const struct flow_table *t, struct flow_bucket *b, uint32_t tag,
	const struct flow_key *key, bool is6)
{
	for (uint32_t m = flow_match(b, tag); m; m &= m - 1) {
		const struct flow_at at = {b, (uint32_t)__builtin_ctz(m)};

		if (same(&t->known[flow_entry(t, at)], key, is6))
			return at;
	}
	return (struct flow_at){NULL, 0};
}

struct flow_at flow_find_exact(
	const struct flow_table *t, uint64_t hash, const struct flow_key *key, bool is6)
{
	const uint32_t tag = flow_tag(hash);
	const struct flow_at at = find_in(t, flow_home(t, flow_index1(hash)), tag, key, is6);

	return at.b ? at : find_in(t, flow_home(t, flow_index2(hash)), tag, key, is6);
}

void flow_key_keep(struct flow_table *t, struct flow_at at, const struct flow_key *key, bool is6)
{
	struct flow_key *known = &t->known[flow_entry(t, at)];

	*known = (struct flow_key){{0}};
	for (uint32_t i = 0; i < (is6 ? WORDS6 : WORDS4); i++)
		known->w[i] = key->w[i];
	known->w[LAST] = is6 ? IS6_FLAG : 0;
}

bool flow_key_of(const struct flow_table *t, struct flow_at at, struct flow_key *key, bool *is6)
{
	if (!t->known)
		return false;
	*key = t->known[flow_entry(t, at)];
	*is6 = key->w[LAST] == IS6_FLAG;
	key->w[LAST] = 0;
	return true;
}
