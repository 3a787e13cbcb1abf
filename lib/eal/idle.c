/* SPDX-License-Identifier: BSD-3-Clause */

#include <sys/prctl.h>
#include <time.h>

#include "eal/idle.h"

void idle_start(struct idle *i, bool allowed, uint64_t hz, uint64_t now)
{
	*i = (struct idle){
		.allowed = allowed,
		.after_cycles = hz / 1000000 * IDLE_AFTER_US,
		.last = now,
	};
	if (allowed)
		prctl(PR_SET_TIMERSLACK, 1UL);
}

void idle_sleep(struct idle *i)
{
	i->sleep_us = i->sleep_us ? i->sleep_us * 2 : IDLE_FIRST_US;
	if (i->sleep_us > IDLE_MOST_US)
		i->sleep_us = IDLE_MOST_US;
	i->sleeps++;
	nanosleep(&(struct timespec){.tv_nsec = i->sleep_us * 1000L}, NULL);
}
