/* SPDX-License-Identifier: BSD-3-Clause */

/* Affinity with relief, for backends that cache: a client goes to the same backend each time, and
 * to its second one, also always the same, while the first has a quarter more load than that, and 8
 * flows more. With hash = "source" in the pool a client is an address.
 *
 *     clang -target bpf -ffreestanding -O2 -c affinity.bpf.c -o affinity.bpf.o */

#include "sluice_sched.h"

SLUICE_SCHED uint64_t pick(struct sluice_sched *flow)
{
	const uint64_t n = sluice_members(flow);
	const uint64_t first = sluice_below(sluice_hash(flow, 1), n);
	const uint64_t second = sluice_below(sluice_hash(flow, 2), n);
	const uint64_t load1 = sluice_load(flow, first);
	const uint64_t load2 = sluice_load(flow, second);

	return load1 > load2 + load2 / 4 + 8 ? second : first;
}
