/* SPDX-License-Identifier: BSD-3-Clause */

/* What a draft would do to the tables in force, without doing it. Control thread. */

#ifndef SLUICED_PLAN_H
#define SLUICED_PLAN_H

#include <stdint.h>

#include <jansson.h>

#include "conf/conf.h"

struct daemon;

/* An array with an item for every pool of both whose table would change: {pool, moved, by}: the
 * part of the slots (or shares) that would move. Builds those tables. NULL without memory. */
json_t *plan_moves(const struct daemon *d, const struct conf *draft);

/* The weight in the table that a backend of the draft would have: what health makes of the
 * configured one today stays in proportion. was: the backend as it runs, NULL for a new one;
 * effective: its weight in the table now. */
uint32_t plan_weight(
	const struct conf_backend *was, const struct conf_backend *is, uint32_t effective);

#endif
