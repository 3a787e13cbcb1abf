/* SPDX-License-Identifier: BSD-3-Clause */

/* What a worker pays for another one on another CPU. Both have a lane, packets and a device of
 * their own and one generation, as in the daemon. If no cache line were written by one of them and
 * touched by the other, it would not matter whether the other forwards with the packet path or
 * without. What one such line costs is measured too: nothing where the two CPUs share a
 * cache, and then the rest says nothing. */

#ifndef SLUICE_BENCH_NEIGHBOUR_H
#define SLUICE_BENCH_NEIGHBOUR_H

#include "options.h"
#include "rig.h"

/* Print it, and write it as JSON where the options name a file. 0, or -errno with a message. */
int neighbour_run(const struct options *o, const struct rig *rig, struct sl_err *err);

#endif
