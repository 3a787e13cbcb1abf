/* SPDX-License-Identifier: BSD-3-Clause */

/* What a draft would do to the tables in force, without doing it. Control thread. */

#ifndef SLUICED_PLAN_H
#define SLUICED_PLAN_H

#include <jansson.h>

#include "conf/conf.h"

struct daemon;

/* An array with an item for every pool of both whose table would change: {pool, moved, by}: the
 * part of the slots (or shares) that would move. Builds those tables. NULL without memory. */
json_t *plan_moves(const struct daemon *d, const struct conf *draft);

#endif
