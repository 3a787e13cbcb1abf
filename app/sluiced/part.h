/* SPDX-License-Identifier: BSD-3-Clause */

/* A part of work that is too long for one go of the control loop: it ends at the first look at the
 * clock after its time, and looks every so many steps, as a look costs more than most steps.
 * Control thread. */

#ifndef SLUICED_PART_H
#define SLUICED_PART_H

#include "daemon.h"

struct part {
	uint64_t until_us;
	uint32_t every; /* steps between two looks, 1 or more */
	uint32_t n;     /* steps so far */
};

static inline struct part part_begin(uint64_t us, uint32_t every)
{
	return (struct part){.until_us = daemon_now_us() + us, .every = every};
}

/* After a step: is its time over? */
static inline bool part_is_over(struct part *p)
{
	return ++p->n % p->every == 0 && daemon_now_us() >= p->until_us;
}

#endif
