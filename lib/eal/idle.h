/* SPDX-License-Identifier: BSD-3-Clause */

/* When a poll loop may sleep. While packets come, and for a while after, it polls without end; then
 * it sleeps between polls, for longer and longer up to a bound, and polls without end again with
 * the first packet. What comes meanwhile waits in the queues of the ports. */

#ifndef SLUICE_EAL_IDLE_H
#define SLUICE_EAL_IDLE_H

#include <stdbool.h>
#include <stdint.h>

/* Silence after which the first sleep comes, the length of that sleep, and of the longest. The
 * kernel takes some more microseconds to wake a thread: together they stay below 100 but for what
 * other threads take (docs/performance.md, latency). */
#define IDLE_AFTER_US 200
#define IDLE_FIRST_US 5
#define IDLE_MOST_US  20

struct idle {
	bool allowed;
	uint32_t sleep_us;
	uint64_t after_cycles; /* IDLE_AFTER_US in TSC cycles */
	uint64_t last;         /* TSC of the last packet */
	uint64_t sleeps;
};

/* allowed false: never sleep. hz: of the TSC. The calling thread asks the kernel for exact timers,
 * which by default are put off by up to 50 us. Worker. */
void idle_start(struct idle *i, bool allowed, uint64_t hz, uint64_t now);

/* Sleep one step longer than the last time. */
void idle_sleep(struct idle *i);

/* After each poll: how many packets came, and the TSC. */
static inline void idle_polled(struct idle *i, uint32_t packets, uint64_t now)
{
	if (__builtin_expect(packets != 0, 1)) {
		i->last = now;
		i->sleep_us = 0;
	} else if (i->allowed && now - i->last > i->after_cycles) {
		idle_sleep(i);
	}
}

#endif
