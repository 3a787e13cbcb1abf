/* SPDX-License-Identifier: BSD-3-Clause */

/* The side exit of the packet path: what leaves the line of stages because one rule does not fit
 * it. Packets too big for their tunnel, ICMP, fragments. Same worker, out of line, nothing of it on
 * the way of a plain packet.
 *
 * What comes of it waits in the lane until the burst is sent. A function that is given a packet
 * returns the verdict under which the caller ends it, or SLOW_TAKEN when the packet is no longer
 * the caller's: it is counted when it leaves. Worker only. */

#ifndef SLUICE_DATAPATH_SLOW_H
#define SLUICE_DATAPATH_SLOW_H

#include "datapath/burst.h"
#include "net/icmp.h"
#include "datapath/frag_cache.h"

#define SLOW_TAKEN       VERDICT_COUNT

/* Packets that may wait to be sent; a burst of packets that are cut in 8 each fits. */
#define SLOW_OUT_MAX     512

/* Most pieces that one packet is cut into. */
#define SLOW_PIECES_MAX  32

/* Answers of a lane in one second: to all, and to each source prefix (24 bits of an IPv4 address,
 * 64 of an IPv6 one; prefixes share SLOW_PREFIXES budgets by a keyed hash). */
#define SLOW_LANE_RATE   1000
#define SLOW_PREFIX_RATE 50
#define SLOW_PREFIXES    1024

/* A packet on its way out. verdict: counted when it is sent; SLOW_TAKEN = another one stands for
 * the received packet. FORWARDED counts for service and backend too, with the bytes that came. */
struct slow_out {
	struct rte_mbuf *m;
	uint8_t port;
	uint8_t verdict;
	uint16_t service;
	uint16_t backend;
	uint16_t bytes;
};

/* Tokens that are left of this second's. */
struct slow_budget {
	uint16_t second;
	uint16_t left;
};

/* All worker: rw. */
struct slow {
	struct slow_out out[SLOW_OUT_MAX]; /* lane.slow_waiting of them */
	struct hash_key key;               /* keyed at random: nobody aims at a budget */
	struct slow_budget lane;
	struct slow_budget prefix[SLOW_PREFIXES];
	struct frag_cache frags;
	struct burst odd; /* a packet that goes through stages by itself */
	struct burst one; /* a piece of it */
};

/* NULL without memory. Control thread. */
struct slow *slow_new(void);
/* Frees what waits in the lane, too. NULL is fine. */
void slow_free(struct lane *l);

/* The lane's clock has moved on: fragments that waited for too long end. */
void slow_tick(struct lane *l);

/* The same for all that wait. */
void slow_drop_held(struct lane *l);

/* Hand over what waits and count it. dpdk_port: as pipeline_tx. */
void slow_tx(struct lane *l, const uint16_t *dpdk_port);

/* A packet that the parser ends under v: it may be one for us all the same, ICMP for example. */
enum verdict slow_odd(struct lane *l, const struct generation *g, struct rte_mbuf *m,
	uint8_t rx_port, enum verdict v);

/* Packet i of the burst has a backend and does not fit the way there: tell its sender, or cut it.
 */
enum verdict slow_too_big(
	struct lane *l, const struct generation *g, const struct burst *b, uint32_t i);

/* Packet i of the burst has no hop left where one is taken: tell its sender. */
enum verdict slow_expired(
	struct lane *l, const struct generation *g, const struct burst *b, uint32_t i);

/* Is this an address that our tunnels come from? */
bool slow_is_tunnel_source(const struct generation *g, const uint8_t *address, bool v6);

/* May a packet to a VIP come from this address? PARSE_OK, or why not: nobody but us has the source
 * of a tunnel, a VIP, or what we reach backends from. */
enum verdict slow_source(const struct generation *g, const uint8_t *address, bool v6);

/* Packet i of the burst, for which there is no VIP: is it a GUE packet that came from us? The
 * parser takes it for any UDP. */
bool slow_is_own_gue(const struct generation *g, const struct burst *b, uint32_t i);

/* Packet i of the burst is of a pool that refuses new flows: tell its sender. */
enum verdict slow_reject(
	struct lane *l, const struct generation *g, const struct burst *b, uint32_t i);

/* Between the files of the side exit. */

/* Answer packet i of the burst with an ICMP error about it, back the way it came. `silent`: the
 * verdict where no answer can be given. */
enum verdict slow_error(struct lane *l, const struct generation *g, const struct burst *b,
	uint32_t i, const struct icmp_error *e, enum verdict silent);

/* May the lane answer a packet from this address now? Takes a token if so. */
bool slow_may_answer(struct lane *l, const void *src, bool v6);

static inline bool slow_has_room(const struct lane *l, uint32_t n)
{
	return l->slow_waiting + n <= SLOW_OUT_MAX;
}

/* Let a packet wait to be sent; slow_has_room has said yes. */
void slow_push(struct lane *l, const struct slow_out *out);

/* A packet that is an answer, from its Ethernet header on, back to where it came from: MAC
 * addresses are exchanged, and a VLAN tag that the device took off is put back. */
void slow_push_answer(
	struct lane *l, const struct generation *g, struct rte_mbuf *m, uint8_t rx_port);

#endif
