/* SPDX-License-Identifier: BSD-3-Clause */

/* Fail static: when nearly everything seems to fail at once, it is we who are cut off. The tables
 * then stay as they are for a while; probes go on. Pure, like health.h. */

#ifndef SLUICE_HEALTH_FREEZE_H
#define SLUICE_HEALTH_FREEZE_H

#include <stdbool.h>
#include <stdint.h>

#define FREEZE_PCT       70
#define FREEZE_POOLS     3
#define FREEZE_WINDOW_MS 5000
#define FREEZE_MS        30000
/* The longest freeze that an operator may ask for. */
#define FREEZE_MOST_MS   3600000
/* After a link of ours came back: routes, neighbours and probes get this long. */
#define FREEZE_SETTLE_MS 5000

enum freeze_why {
	FREEZE_NOT,
	FREEZE_MASS,   /* FREEZE_PCT of all checks in FREEZE_POOLS pools turned failing together */
	FREEZE_LINK,   /* a link of ours lost its carrier */
	FREEZE_MANUAL, /* an operator wants it */
};

struct freeze {
	enum freeze_why why;
	uint64_t until_ms;
};

/* Checks that turned failing within the last FREEZE_WINDOW_MS and fail still, of how many, and in
 * how many pools. */
struct freeze_count {
	uint32_t failing, all, pools;
};

/* So many failures at once cannot be the backends'. */
bool freeze_is_mass(const struct freeze_count *c);

/* Freeze for so long. A freeze that lasts longer stays, with its reason: false then. */
bool freeze_begin(struct freeze *f, enum freeze_why why, uint64_t for_ms, uint64_t now_ms);

/* Our link is back: a freeze because of it ends soon. */
void freeze_link_back(struct freeze *f, uint64_t now_ms);

/* It ends with the next freeze_tick(). */
void freeze_end(struct freeze *f);

/* True when the freeze ended just now. */
bool freeze_tick(struct freeze *f, uint64_t now_ms);

/* For how much longer; 0 = not frozen. */
uint64_t freeze_left_ms(const struct freeze *f, uint64_t now_ms);

/* "no", "mass failure", "link down", "operator". */
const char *freeze_why_name(enum freeze_why why);

/* The reason for a freeze that has this name; false: none. */
bool freeze_why_named(const char *name, enum freeze_why *why);

#endif
