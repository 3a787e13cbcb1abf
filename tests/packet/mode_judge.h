/* SPDX-License-Identifier: BSD-3-Clause */

/* Ways of forwarding, with and without VLAN tags, and a judge of what leaves by them: it takes
 * frames apart by offsets and numbers of the RFCs, not by the product's code. */

#ifndef SLUICE_TESTS_MODE_JUDGE_H
#define SLUICE_TESTS_MODE_JUDGE_H

#include "harness.h"

enum { OUTER_NONE, OUTER_IPIP, OUTER_GUE, OUTER_DSCP };

struct mode {
	const char *name;
	enum world_pool pool;
	uint8_t outer;
	uint8_t family; /* of the outer header; dscp: of the VIP it serves */
	uint16_t port;  /* gue */
	bool full, varied;
};

#define MODES 11
extern const struct mode modes[MODES];

/* What frames leave with, and the bytes of that (IEEE 802.1Q). */
struct tagging {
	const char *name, *vlans;
	uint32_t len;
	uint8_t bytes[8];
};

/* None, one, two; behind them two of the same type, and one of the other. */
#define TAGGINGS     3
#define TAGGINGS_ALL 5
extern const struct tagging taggings[TAGGINGS_ALL];

/* Where the tests are now. */
extern const struct tagging *tagging;
void mode_into_network(const struct tagging *t);

/* The tags stand where they belong; what follows knows of none. */
void mode_take_off_tags(struct frame *f);

/* The packet of `in` left as frame `f`, by that mode. f is taken apart. */
void mode_expect(const struct mode *m, struct frame *f, const struct frame *in);

void mode_expect_eth(const struct frame *f, const struct world_way *way, uint32_t type);

/* The checksums of the packet at `off` in a frame. */
void mode_expect_sums(const struct frame *f, uint32_t off);

/* Type of service of the packet at f->l3. */
uint8_t mode_tos(const struct frame *f);

static inline uint32_t get16(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

#endif
