/* SPDX-License-Identifier: BSD-3-Clause */

/* Small stable numbers for named things: backend slots and service ids. A thing keeps its number
 * from one configuration to the next; counters and tables are indexed by it. A number whose thing
 * is gone is given out again only after the generation that dropped it has reached every worker.
 * So a configuration that replaces another one needs numbers beside all of that. Control thread
 * only. */

#ifndef SLUICE_COMPILE_IDS_H
#define SLUICE_COMPILE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ids;

/* Numbers for at most so many things at once, whatever they replace: an assignment comes only when
 * what left before was reaped. */
#define IDS_ROOM(most) (2 * (most))

/* Numbers 0 .. limit-1. NULL without memory. */
struct ids *ids_new(uint32_t limit);
void ids_free(struct ids *ids);

/* Give each of n distinct keys its number in out[]. Keys seen before keep theirs; a key NULL is
 * that of out[], as an earlier assignment gave it: it stays and need not be looked up. Those not
 * among `keys` any more are marked as left at `revision`. 0; -ENOMEM; or -ENOSPC with a message,
 * when too many numbers wait to be freed. On failure nothing is forgotten, nothing new is
 * taken, and the call can be repeated. */
int ids_assign(struct ids *ids, const char *const *keys, size_t n, uint64_t revision, uint16_t *out,
	struct sl_err *err);

/* The same in parts, between which nothing else is done to ids: begin, then at most so many keys at
 * a time. 1: there is more to do; else as ids_assign(). */
void ids_assign_begin(
	struct ids *ids, const char *const *keys, size_t n, uint64_t revision, uint16_t *out);
int ids_assign_step(struct ids *ids, size_t most, struct sl_err *err);

/* Free the numbers that left at or before `revision`, which every worker is past, and for which
 * in_use (may be NULL) says no. */
void ids_reap(
	struct ids *ids, uint64_t revision, bool (*in_use)(void *arg, uint16_t id), void *arg);

/* The assignments after `revision` came to nothing: free the numbers that they took, which nobody
 * ever saw. */
void ids_forget(struct ids *ids, uint64_t revision);

/* Highest number in use, plus 1. */
uint32_t ids_top(const struct ids *ids);

/* How often number `id` was given to a new key: tells two holders of one number apart. */
uint32_t ids_epoch(const struct ids *ids, uint16_t id);

#endif
