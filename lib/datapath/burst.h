/* SPDX-License-Identifier: BSD-3-Clause */

/* A burst: the packets that one poll of one queue brought, as the stages hand them on. The arrays
 * run in step: entry i of each speaks of mbuf[i]. A stage that ends a packet's way takes it out, so
 * that the next one walks live packets only. */

#ifndef SLUICE_DATAPATH_BURST_H
#define SLUICE_DATAPATH_BURST_H

#include <stdalign.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/flow_key.h"
#include "datapath/lane.h"
#include "net/parse.h"

#define BURST_MAX    32 /* one bit a packet in a 32-bit mask */

/* Before a loop over a burst whose body is as short as the counting. */
#define BURST_UNROLL _Pragma("GCC unroll 8")

struct burst {
	uint16_t n;         /* live packets */
	uint16_t n_ended;   /* packets whose way ended here */
	uint8_t rx_port;    /* index into generation.ports */
	uint8_t alike;      /* so many at the head are IPv4 to one address, port and protocol */
	bool plain;         /* all are what parse_plain4 takes */
	bool one_service;   /* all packets have the same */
	uint32_t new_flows; /* bit per packet that has no backend yet */
	uint32_t crowded;   /* of those: its buckets were crowded (flow_intake.h) */
	uint32_t missed;    /* packets whose flow is not in its first bucket */
	uint32_t unsettled; /* the same, and what needs a closer look */
	uint64_t any;       /* brief of all packets, or-ed; for the transform and after */
	uint64_t every;     /* the same and-ed */

	struct rte_mbuf *mbuf[BURST_MAX];
	struct rte_mbuf *ended[BURST_MAX]; /* counted; freed at the end of the burst */
	struct parsed info[BURST_MAX];
	alignas(64) struct flow_key key[BURST_MAX];
	alignas(64) uint8_t is6[BURST_MAX];
	uint16_t service[BURST_MAX];
	uint16_t backend[BURST_MAX];
	uint64_t brief[BURST_MAX]; /* of the backend: backend_brief() */
	alignas(64)
		uint64_t hash[BURST_MAX]; /* flow hash, or slot hash where no flow is remembered */
};

/* Take packet i out of the line under a verdict. The caller closes the gap. */
static inline void burst_end(struct lane *l, struct burst *b, uint32_t i, enum verdict v)
{
	lane_count(l, v, 1);
	b->ended[b->n_ended++] = b->mbuf[i];
}

/* Packets 0..n-1 as a mask. */
static inline uint32_t burst_all(const struct burst *b)
{
	return (uint32_t)((1ull << b->n) - 1);
}

/* Send packet i to a backend. */
static inline void burst_choose(
	struct burst *b, const struct generation *g, uint32_t i, uint16_t slot)
{
	const uint64_t brief = backend_brief(&g->backends[slot]);

	b->backend[i] = slot;
	b->brief[i] = brief;
}

/* Move entry i to place k <= i: all that is known up to the choice of a backend. */
static inline void burst_move(struct burst *b, uint32_t k, uint32_t i)
{
	if (__builtin_expect(k == i, 1))
		return;
	b->mbuf[k] = b->mbuf[i];
	b->info[k] = b->info[i];
	b->key[k] = b->key[i];
	b->is6[k] = b->is6[i];
	b->service[k] = b->service[i];
	b->backend[k] = b->backend[i];
	b->brief[k] = b->brief[i];
	b->hash[k] = b->hash[i];
}

/* Close the gaps that ended packets left: `gone` has a bit for each. */
static inline void burst_close(struct burst *b, uint32_t gone)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < b->n; i++)
		if (!(gone >> i & 1))
			burst_move(b, k++, i);
	b->n = (uint16_t)k;
}

#endif
