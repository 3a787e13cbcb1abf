/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "health/freeze.h"

bool freeze_is_mass(const struct freeze_count *c)
{
	return c->all && (uint64_t)c->failing * 100 >= (uint64_t)c->all * FREEZE_PCT &&
	       c->pools >= FREEZE_POOLS;
}

bool freeze_begin(struct freeze *f, enum freeze_why why, uint64_t for_ms, uint64_t now_ms)
{
	if (f->why != FREEZE_NOT && f->until_ms >= now_ms + for_ms)
		return false;
	f->why = why;
	f->until_ms = now_ms + for_ms;
	return true;
}

void freeze_link_back(struct freeze *f, uint64_t now_ms)
{
	if (f->why == FREEZE_LINK && f->until_ms > now_ms + FREEZE_SETTLE_MS)
		f->until_ms = now_ms + FREEZE_SETTLE_MS;
}

void freeze_end(struct freeze *f)
{
	f->until_ms = 0;
}

uint64_t freeze_left_ms(const struct freeze *f, uint64_t now_ms)
{
	return f->why != FREEZE_NOT && f->until_ms > now_ms ? f->until_ms - now_ms : 0;
}

bool freeze_tick(struct freeze *f, uint64_t now_ms)
{
	if (f->why == FREEZE_NOT || now_ms < f->until_ms)
		return false;
	f->why = FREEZE_NOT;
	return true;
}

const char *freeze_why_name(enum freeze_why why)
{
	static const char *const names[] = {"no", "mass failure", "link down", "operator"};

	return (unsigned int)why < sizeof names / sizeof *names ? names[why] : "?";
}

bool freeze_why_named(const char *name, enum freeze_why *why)
{
	for (*why = FREEZE_MASS; *why <= FREEZE_MANUAL; (*why)++)
		if (strcmp(name, freeze_why_name(*why)) == 0)
			return true;
	return false;
}
