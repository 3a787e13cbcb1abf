/* SPDX-License-Identifier: BSD-3-Clause */

/* What is known of the backends' load, beside the generations: one row a backend slot, written by
 * the control thread every few milliseconds, read by workers when they pick a backend for a new
 * flow. It stays where it is for as long as the daemon runs. A field is one relaxed store and one
 * relaxed load; fields of a row are not of one instant. */

#ifndef SLUICE_TABLE_LOAD_H
#define SLUICE_TABLE_LOAD_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "table/backend.h"

/* A new sample of latency weighs 1 / LOAD_EWMA in the average: 0.9 old, 0.1 new. */
#define LOAD_EWMA      10

/* Flags of a row. */
#define LOAD_SATURATED 1 /* the backend asks for no more flows than it has */

/* control: rw, worker: ro */
struct load_row {
	alignas(16) uint32_t flows; /* of all lanes, when last counted */
	uint32_t latency_us;        /* moving average of what probes took; 0 = not known */
	uint16_t error_permille;    /* of probes and new flows, those that failed */
	uint8_t sample;             /* moves on with each sample of latency; wraps */
	uint8_t flags;
};

static_assert(sizeof(struct load_row) == 16, "four rows a cache line");

struct load_view {
	struct load_row row[BACKEND_SLOTS];
};

/* All rows zero: no flows, nothing known. NULL without memory; ends with load_free. */
struct load_view *load_new(void);
void load_free(struct load_view *v);

/* A probe of the backend took `us` microseconds, above 0. The average is of the backend, so a slot
 * that passes to another one is to be forgotten first. Control thread. */
void load_sample(struct load_view *v, uint16_t slot, uint32_t us);
void load_forget(struct load_view *v, uint16_t slot);

/* Control thread. */
static inline void load_set_errors(struct load_view *v, uint16_t slot, uint16_t permille)
{
	__atomic_store_n(&v->row[slot].error_permille, permille, __ATOMIC_RELAXED);
}

static inline void load_set_flags(struct load_view *v, uint16_t slot, uint8_t flags)
{
	__atomic_store_n(&v->row[slot].flags, flags, __ATOMIC_RELAXED);
}

static inline void load_set_flows(struct load_view *v, uint16_t slot, uint32_t flows)
{
	__atomic_store_n(&v->row[slot].flows, flows, __ATOMIC_RELAXED);
}

/* Say whether the backend has as many flows as it may, max_flows = 0: any number. Control thread.
 */
static inline void load_judge(struct load_view *v, uint16_t slot, uint32_t max_flows)
{
	const bool full = max_flows && v->row[slot].flows >= max_flows;

	load_set_flags(v, slot, full ? LOAD_SATURATED : 0);
}

/* Any thread. */
static inline uint32_t load_flows(const struct load_view *v, uint16_t slot)
{
	return __atomic_load_n(&v->row[slot].flows, __ATOMIC_RELAXED);
}

static inline uint32_t load_latency_us(const struct load_view *v, uint16_t slot)
{
	return __atomic_load_n(&v->row[slot].latency_us, __ATOMIC_RELAXED);
}

static inline uint16_t load_error_permille(const struct load_view *v, uint16_t slot)
{
	return __atomic_load_n(&v->row[slot].error_permille, __ATOMIC_RELAXED);
}

static inline uint8_t load_sample_number(const struct load_view *v, uint16_t slot)
{
	return __atomic_load_n(&v->row[slot].sample, __ATOMIC_RELAXED);
}

static inline bool load_saturated(const struct load_view *v, uint16_t slot)
{
	return __atomic_load_n(&v->row[slot].flags, __ATOMIC_RELAXED) & LOAD_SATURATED;
}

#endif
