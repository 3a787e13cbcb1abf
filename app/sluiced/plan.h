/* SPDX-License-Identifier: BSD-3-Clause */

/* What a draft would do to the tables in force, without doing it. */

#ifndef SLUICED_PLAN_H
#define SLUICED_PLAN_H

#include <stdint.h>

#include <jansson.h>

#include "conf/conf.h"

struct daemon;
struct plan;

/* All that is needed of what runs, held until it is freed; of the draft, which must outlive it, the
 * pools that it touches. Control thread. NULL without memory. */
struct plan *plan_new(const struct daemon *d, const struct conf *draft);

/* An array with an item for every pool of both whose table would change: {pool, moved, by}: the
 * part of the slots (or shares) that would move. Builds those tables. Any thread. NULL without
 * memory. */
json_t *plan_moves(const struct plan *plan);

/* Control thread. NULL is fine. */
void plan_free(struct plan *plan);

/* The weight in the table that a backend of the draft would have: what health makes of the
 * configured one today stays in proportion. was: the backend as it runs, NULL for a new one;
 * effective: its weight in the table now. */
uint32_t plan_weight(
	const struct conf_backend *was, const struct conf_backend *is, uint32_t effective);

#endif
