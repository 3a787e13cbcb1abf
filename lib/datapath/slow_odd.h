/* SPDX-License-Identifier: BSD-3-Clause */

/* Between the files of the side exit: a packet that the parser took out of the line, and its way to
 * a backend. Worker only. */

#ifndef SLUICE_DATAPATH_SLOW_ODD_H
#define SLUICE_DATAPATH_SLOW_ODD_H

#include "datapath/relay.h"
#include "datapath/slow.h"
#include "net/locate.h"

struct odd {
	struct rte_mbuf *m;
	uint8_t *ip, *l4;
	uint8_t rx_port;
	bool v6;
	uint8_t l3_off;
	uint32_t l4_len; /* bytes of the packet from l4 on */
	uint32_t here;   /* those of them that can be read at l4 */
	struct located at;
};

/* Find the parts of a packet. PARSE_OK, or what is wrong with it. */
enum verdict slow_find_parts(struct odd *p, struct rte_mbuf *m, uint8_t rx_port);

/* n packets more wait, or fewer. One that is sent off to another lane counts at this one, and is
 * counted down where it is taken: over all lanes the sum says how many wait. */
static inline void slow_count_held(struct lane *l, int n)
{
	lane_count(l, VERDICT_HELD, (uint64_t)(int64_t)n);
}

/* A fragment. */
enum verdict slow_fragment(struct lane *l, const struct generation *g, const struct odd *p);

/* The first fragment of a datagram whose flow is this lane's, if any lane's: like the caller's own.
 * *msg becomes what its lane is to be told, and is told, of the others. */
enum verdict slow_fragment_take(
	struct lane *l, const struct generation *g, const struct odd *p, struct relay_msg *msg);
void slow_fragment_answer(struct lane *l, const struct generation *g, const struct relay_msg *msg);

/* The backend that has the echo requests of a client; MAGLEV_NONE: none. */
uint16_t slow_echo_backend(struct lane *l, const struct generation *g, const struct odd *p,
	uint16_t service, uint64_t *hash);

/* ICMP, whole. */
enum verdict slow_icmp(struct lane *l, const struct generation *g, const struct odd *p);

/* An error whose quoted flow, with this key, is this lane's, if any lane's. */
enum verdict slow_error_take(struct lane *l, const struct generation *g, const struct odd *p,
	const struct flow_key *key);

/* Is the ICMP message whole, and its checksum right? */
bool slow_icmp_intact(const struct odd *p);

/* How an error ends that quotes no packet of a flow (not QUOTE_FLOW). */
static inline enum verdict slow_quote_verdict(enum quote q)
{
	return q == QUOTE_BAD ? VERDICT_ICMP_QUOTE_BAD : VERDICT_ICMP_UNMATCHED;
}

/* ICMP to an address that is no VIP. */
enum verdict slow_tunnel_error(struct lane *l, const struct generation *g, const struct odd *p);

/* Send a packet to a backend as if it had come down the line. `hash` gives a tunnel its flow label.
 */
enum verdict slow_forward(struct lane *l, const struct generation *g, const struct odd *p,
	uint16_t service, uint16_t backend, uint64_t hash);

/* The VIP as the pool serves it that its rules name for a client. */
const struct service *slow_by_rules(
	const struct service *s, const struct flow_key *key, uint8_t dscp, bool v6);

/* The entry of a flow that this lane remembers, and whose backend takes packets; and its hash. Only
 * with a flow table. */
struct flow_at slow_find_flow(const struct lane *l, const struct generation *g,
	const struct flow_key *key, bool v6, uint64_t *hash);

/* The backend of a flow that this lane may know, else what the table says; nothing is written.
 * MAGLEV_NONE: there is none. */
uint16_t slow_find_backend(struct lane *l, const struct generation *g, const struct flow_key *key,
	bool v6, uint16_t service, uint64_t *hash);

#endif
