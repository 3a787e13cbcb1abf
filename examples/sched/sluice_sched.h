/* SPDX-License-Identifier: BSD-3-Clause */

/* For programs of scheduler = "bpf". A program is one function in section "sluice/sched":
 *
 *     SLUICE_SCHED uint64_t pick(struct sluice_sched *flow) { ... }
 *
 * It answers with the number of a member of the pool's table, 0 to members - 1; they are in the
 * order of their addresses (ids last). Any other answer leaves the flow to Maglev and is counted.
 * No loops that clang does not unroll, no maps, no globals; calls of these three functions only. */

#ifndef SLUICE_SCHED_H
#define SLUICE_SCHED_H

#include <stdint.h>

#define SLUICE_SCHED __attribute__((section("sluice/sched"), used))

struct sluice_sched {
	uint64_t hash;      /* of the fields that the pool's `hash` names, equal on every node */
	uint8_t source[16]; /* client; IPv4 as IPv4-mapped IPv6 */
	uint32_t members;   /* of the pool's table */
	uint16_t sport;     /* host order */
	uint16_t dport;
	uint8_t protocol; /* 6 = TCP, 17 = UDP */
	uint8_t dscp;
	uint8_t zero[6];
};

/* flow->members. */
extern uint64_t sluice_members(struct sluice_sched *flow);

/* Flows of a member for 100 of its weight, of all lanes as counted a few ms ago and of this lane as
 * of now. All ones for a number that is no member's. */
extern uint64_t sluice_load(struct sluice_sched *flow, uint64_t member);

/* Another hash of the flow for each seed. */
extern uint64_t sluice_hash(struct sluice_sched *flow, uint64_t seed);

/* A hash as a number below n, without a division. */
static inline uint64_t sluice_below(uint64_t hash, uint64_t n)
{
	return (hash >> 32) * n >> 32;
}

#endif
