/* SPDX-License-Identifier: BSD-3-Clause */

#include <sys/time.h>
#include <time.h>

#include <event2/event.h>

#include "loop.h"

static uint64_t read_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const uint32_t loop_bounds[LOOP_COUNTS - 1] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000};

/* Others read meanwhile. */
static void put32(uint32_t *to, uint32_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

static uint32_t get32(const uint32_t *from)
{
	return __atomic_load_n(from, __ATOMIC_RELAXED);
}

/* The row of this second, emptied when it still has one of a minute ago. */
static struct loop_second *row_now(struct loop_meter *m)
{
	const uint64_t second = read_ns(CLOCK_MONOTONIC) / 1000000000u;
	struct loop_second *row = &m->seconds[second % LOOP_SECONDS];

	if (row->second != second) {
		put32(&row->hold_us, 0);
		put32(&row->late_us, 0);
		__atomic_store_n(&row->second, second, __ATOMIC_RELEASE);
	}
	return row;
}

static void raise(uint32_t *worst, uint64_t ns)
{
	const uint32_t us = ns < UINT32_MAX * UINT64_C(1000) ? (uint32_t)(ns / 1000) : UINT32_MAX;

	if (us > *worst)
		put32(worst, us);
}

static void count(struct loop_meter *m, uint64_t ns)
{
	size_t i = 0;

	while (i < LOOP_COUNTS - 1 && ns > loop_bounds[i] * UINT64_C(1000))
		i++;
	__atomic_store_n(&m->count[i], m->count[i] + 1, __ATOMIC_RELAXED);
}

void loop_run(struct loop_meter *m, struct event_base *base)
{
	uint64_t before = read_ns(CLOCK_THREAD_CPUTIME_ID), now;

	/* Each call waits, serves what there is, and comes back. */
	while (event_base_loop(base, EVLOOP_ONCE) == 0) {
		if (event_base_got_break(base) && !m->relieved)
			break;
		m->relieved = false;
		now = read_ns(CLOCK_THREAD_CPUTIME_ID);
		count(m, now - before);
		raise(&row_now(m)->hold_us, now - before);
		before = now;
	}
}

void loop_relieve(struct loop_meter *m, struct event_base *base)
{
	struct timeval began, now, lasted;

	/* The base notes the time when it has waited. */
	if (event_base_gettimeofday_cached(base, &began) || gettimeofday(&now, NULL))
		return;
	timersub(&now, &began, &lasted);
	if (lasted.tv_sec || lasted.tv_usec >= LOOP_RELIEF_US)
		m->relieved = event_base_loopbreak(base) == 0;
}

void loop_tick(struct loop_meter *m, uint32_t every_ms)
{
	const uint64_t now = read_ns(CLOCK_MONOTONIC), every = (uint64_t)every_ms * 1000000u;
	const uint64_t took = m->tick_ns ? now - m->tick_ns : 0;

	m->tick_ns = now;
	raise(&row_now(m)->late_us, took > every ? took - every : 0);
}

struct loop_lag loop_worst(const struct loop_meter *m, uint32_t seconds)
{
	const uint64_t now = read_ns(CLOCK_MONOTONIC) / 1000000000u;
	struct loop_lag worst = {0};

	for (int i = 0; i < LOOP_SECONDS; i++) {
		const struct loop_second *row = &m->seconds[i];
		const uint64_t age = now - __atomic_load_n(&row->second, __ATOMIC_ACQUIRE);

		if (age >= seconds)
			continue;
		if (get32(&row->hold_us) > worst.hold_us)
			worst.hold_us = get32(&row->hold_us);
		if (get32(&row->late_us) > worst.late_us)
			worst.late_us = get32(&row->late_us);
	}
	return worst;
}
