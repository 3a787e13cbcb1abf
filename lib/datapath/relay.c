/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/relay.h"
#include "datapath/slow_odd.h"

static uint32_t open_max(uint32_t n_lanes)
{
	const uint32_t n = RELAY_ROOM / n_lanes;

	return n > RELAY_OPEN_MAX ? RELAY_OPEN_MAX : n < RELAY_OPEN_MIN ? RELAY_OPEN_MIN : n;
}

/* Room for all messages of all lanes. */
static struct relay_ring *ring_new(uint32_t n_lanes)
{
	uint32_t room = 1;

	while (room < n_lanes * open_max(n_lanes))
		room *= 2;
	const size_t bytes =
		(sizeof(struct relay_ring) + room * sizeof(struct relay_msg) + 127) / 128 * 128;
	struct relay_ring *ring = aligned_alloc(128, bytes);

	if (!ring)
		return NULL;
	memset(ring, 0, bytes);
	ring->mask = room - 1;
	return ring;
}

int relay_join(
	struct lane *const *lanes, uint32_t n_lanes, const struct rss_map *rss, uint32_t n_ports)
{
	if (n_lanes < 2)
		return 0;
	for (uint32_t i = 0; i < n_lanes; i++) {
		struct relay *r = aligned_alloc(128, sizeof *r);

		if (!r)
			return -ENOMEM;
		memset(r, 0, sizeof *r);
		lanes[i]->relay = r;
		r->rss = rss;
		r->n_ports = n_ports;
		r->n_lanes = n_lanes;
		r->open_max = open_max(n_lanes);
		r->in = ring_new(n_lanes);
		if (!r->in)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < n_lanes; i++)
		lanes[i]->relay->out = lanes[(i + 1) % n_lanes]->relay->in;
	return 0;
}

/* There is always room. */
static void push(struct relay_ring *ring, const struct relay_msg *msg)
{
	ring->at[ring->head & ring->mask] = *msg;
	__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
}

static bool pop(struct relay_ring *ring, struct relay_msg *msg)
{
	if (__atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) == ring->tail)
		return false;
	*msg = ring->at[ring->tail & ring->mask];
	ring->tail++;
	return true;
}

void relay_part(struct relay *r)
{
	struct relay_msg msg;

	if (!r)
		return;
	while (r->in && pop(r->in, &msg))
		if (msg.state == RELAY_ASKS)
			rte_pktmbuf_free(msg.m);
	free(r->in);
	free(r);
}

/* The lane of a flow, if all ports say the same: it may have come in by any of them. */
static uint32_t lane_of(const struct relay *r, const struct flow_key *key, bool v6)
{
	const uint16_t lane = rss_queue(&r->rss[0], key, v6);

	for (uint32_t i = 1; i < r->n_ports; i++)
		if (rss_queue(&r->rss[i], key, v6) != lane)
			return RSS_UNKNOWN;
	return lane < r->n_lanes ? lane : RSS_UNKNOWN;
}

bool relay_ask(struct lane *l, const struct odd *p, const struct flow_key *key, bool fragment)
{
	struct relay *r = l->relay;
	const uint32_t lane = lane_of(r, key, p->v6);

	if (lane == l->id)
		return false;
	if (r->open == r->open_max) {
		counter_add(&r->refused, 1);
		return false;
	}
	push(r->out, &(struct relay_msg){
			     .m = p->m,
			     .key = *key,
			     .state = RELAY_ASKS,
			     .origin = (uint8_t)l->id,
			     .home = (uint8_t)(lane == RSS_UNKNOWN ? l->id : lane),
			     .rx_port = p->rx_port,
			     .v6 = p->v6,
			     .fragment = fragment,
		     });
	r->open++;
	counter_add(&r->asked, 1);
	slow_count_held(l, 1);
	return true;
}

/* Is the packet this lane's to take? One whose lane RSS names is that lane's alone. */
static bool is_mine(const struct lane *l, const struct generation *g, const struct relay_msg *msg)
{
	uint64_t hash;

	if (msg->home == l->id)
		return true;
	return msg->home == msg->origin && slow_find_flow(l, g, &msg->key, msg->v6, &hash).b;
}

static void take(struct lane *l, const struct generation *g, struct relay_msg *msg)
{
	struct rte_mbuf *m = msg->m;
	struct odd p;
	enum verdict v = slow_find_parts(&p, m, msg->rx_port);

	slow_count_held(l, -1);
	counter_add(&l->relay->taken, msg->origin != l->id);
	msg->state = RELAY_REFUSED;
	if (v == PARSE_OK)
		v = msg->fragment ? slow_fragment_take(l, g, &p, msg)
				  : slow_error_take(l, g, &p, &msg->key);
	if (v == SLOW_TAKEN)
		return;
	lane_count(l, v, 1);
	rte_pktmbuf_free(m);
}

uint32_t relay_work(struct lane *l, const struct generation *g)
{
	struct relay *r = l->relay;
	struct relay_msg msg;
	uint32_t n = 0;

	for (; n < RELAY_WORK_MAX && pop(r->in, &msg); n++) {
		if (msg.state == RELAY_ASKS && is_mine(l, g, &msg))
			take(l, g, &msg);
		if (msg.origin != l->id) {
			push(r->out, &msg);
			continue;
		}
		r->open--;
		if (msg.fragment)
			slow_fragment_answer(l, g, &msg);
	}
	return n;
}
