/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "flow_world.h"
#include "frame.h"

/* Backend n is 10.9.0.n or fd00:9::n; pairs take turns, so both pools have both. */
static bool is_six(uint32_t n)
{
	return n / FLOW_POOLS % 2;
}

static struct sl_addr address_of(uint32_t n)
{
	const uint8_t four[4] = {10, 9, 0, (uint8_t)n};
	const uint8_t six[16] = {0xfd, 0, 0, 9, [15] = (uint8_t)n};

	return is_six(n) ? sl_addr_from16(six) : sl_addr_from4(four);
}

uint8_t flow_world_at(const uint8_t *address, bool v6)
{
	const uint8_t n = address[v6 ? 15 : 3];
	const struct sl_addr want = v6 ? sl_addr_from16(address) : sl_addr_from4(address);
	const struct sl_addr is = address_of(n);

	return n < FLOW_BACKENDS && sl_addr_eq(&want, &is) ? n : FLOW_NOBODY;
}

uint32_t flow_world_ready(const struct flow_world *w, uint32_t pool)
{
	uint32_t ready = 0;

	for (uint32_t n = pool; n < FLOW_BACKENDS; n += FLOW_POOLS)
		ready += flow_world_takes_new(&w->be[n]);
	return ready;
}

static uint8_t by_slot(const struct flow_world *w, uint16_t slot)
{
	for (uint32_t n = 0; n < FLOW_BACKENDS; n++)
		if (w->be[n].place == FLOW_IN && w->be[n].slot == slot)
			return (uint8_t)n;
	return FLOW_NOBODY;
}

uint8_t flow_world_choice(const struct flow_world *w, uint32_t service, uint64_t hash)
{
	const struct service *s = &w->g->services[service];
	const uint32_t at = (uint32_t)(((hash >> 32) * s->size) >> 32);
	const uint8_t first = by_slot(w, s->entry[at]);

	if (first == FLOW_NOBODY || !w->be[first].saturated ||
		w->track[service >> 1] == CONF_TRACK_NONE)
		return first;
	for (uint32_t step = 1; step <= 8; step++) {
		const uint8_t next = by_slot(w, s->entry[(at + step) % s->size]);

		if (!w->be[next].saturated)
			return next;
	}
	return first;
}

void flow_world_start(struct flow_world *w, uint32_t entries)
{
	static const uint8_t secret[HASH_SECRET_BYTES] = {5, 5, 1};

	*w = (struct flow_world){.lane = lane_new(0, FLOW_SERVICES),
		.slots = ids_new(BACKEND_SLOTS),
		.udp_s = FLOW_IDLE_S};
	if (!w->lane || !w->slots ||
		(entries &&
			lane_add_flows(w->lane, &(struct flow_shape){.entries = entries}, secret)))
		abort();
	for (uint32_t n = 0; n < FLOW_BACKENDS; n++)
		w->be[n].mac = (uint16_t)(n << 8);
}

void flow_world_end(struct flow_world *w)
{
	generation_free(w->g);
	lane_free(w->lane);
	ids_free(w->slots);
}

/* The configuration, and what the compiler wants by backend. */
struct plan {
	struct conf conf;
	struct conf_port port;
	struct conf_pool pool[FLOW_POOLS];
	struct conf_backend member[FLOW_POOLS][FLOW_BACKENDS];
	struct conf_vip vip[FLOW_SERVICES];
	struct compile_hop hop[FLOW_BACKENDS];
	struct compile_leaver leaver[FLOW_BACKENDS];
	uint32_t who[FLOW_BACKENDS]; /* number of each backend in the configuration */
	uint16_t slot[FLOW_BACKENDS];
	bool drained[FLOW_BACKENDS];
	struct health_view *health;
	size_t n, n_leavers;
};

static struct compile_hop hop_of(const struct flow_world *w, uint32_t n)
{
	const uint16_t mac = w->be[n].mac;

	return (struct compile_hop){
		.resolved = true,
		.on_link = true,
		.mac = {{2, 0xbe, 0, 0, (uint8_t)(mac >> 8), (uint8_t)mac}},
	};
}

static void plan_pool(struct plan *p, const struct flow_world *w, uint32_t number)
{
	struct conf_pool *pool = &p->pool[number];

	*pool = (struct conf_pool){
		.name = number ? "udp" : "tcp",
		.table_size = FLOW_TABLE,
		.forward = CONF_FORWARD_IPIP,
		.persist_s = w->persist_s,
		.has_tunnel_source = {true, true},
		.egress_port = -1,
		.on_marked_down = w->on_marked_down,
		.track = w->track[number],
		.backends = p->member[number],
	};
	frame_address("fd00::250", pool->tunnel_source[1].b);
	pool->tunnel_source[0] = sl_addr_from4((const uint8_t[]){10, 0, 0, 250});
	for (uint32_t n = number; n < FLOW_BACKENDS; n += FLOW_POOLS) {
		if (w->be[n].place != FLOW_IN)
			continue;
		pool->backends[pool->n_backends++] = (struct conf_backend){.address = address_of(n),
			.weight = w->be[n].weight,
			.max_flows = w->max_flows,
			.admin = w->be[n].admin};
		p->hop[p->n] = hop_of(w, n);
		p->drained[p->n] = w->be[n].drained;
		p->health->backends[p->n] = (struct health_view_backend){
			.weight = flow_world_takes_new(&w->be[n]) ? w->be[n].weight : 0,
			.down = w->be[n].down,
		};
		p->who[p->n++] = n;
	}
}

static void plan_vips(struct plan *p)
{
	for (uint32_t i = 0; i < FLOW_SERVICES; i++) {
		uint8_t b[16];
		const bool four = frame_address(i & 1 ? FLOW_VIP6 : FLOW_VIP4, b) == 4;

		p->vip[i] = (struct conf_vip){
			.prefix = {four ? sl_addr_from4(b) : sl_addr_from16(b), 128},
			.ports = sl_ports_one(i & 2 ? FLOW_UDP_PORT : FLOW_TCP_PORT),
			.protocol = i & 2 ? IPPROTO_UDP : IPPROTO_TCP,
			.pool_index = i >> 1,
		};
	}
}

static void plan_leavers(struct plan *p, const struct flow_world *w)
{
	for (uint32_t n = 0; n < FLOW_BACKENDS; n++) {
		struct compile_leaver *l = &p->leaver[p->n_leavers];

		if (w->be[n].place != FLOW_LEAVING)
			continue;
		*l = (struct compile_leaver){
			.be.address = address_of(n),
			.pool = p->pool[0],
			.slot = w->be[n].slot,
			.hop = hop_of(w, n),
		};
		p->n_leavers++;
	}
}

static void assign(struct plan *p, struct flow_world *w)
{
	char text[FLOW_BACKENDS][8];
	const char *keys[FLOW_BACKENDS];
	struct sl_err err = SL_ERR_INIT;

	for (size_t i = 0; i < p->n; i++) {
		snprintf(text[i], sizeof text[i], "%u", p->who[i]);
		keys[i] = text[i];
	}
	if (ids_assign(w->slots, keys, p->n, w->revision, p->slot, &err))
		abort();
	for (size_t i = 0; i < p->n; i++)
		w->be[p->who[i]].slot = p->slot[i];
}

static bool slot_in_use(void *arg, uint16_t slot)
{
	const struct flow_world *w = arg;

	for (uint32_t n = 0; n < FLOW_BACKENDS; n++)
		if (w->be[n].place == FLOW_LEAVING && w->be[n].slot == slot)
			return true;
	return w->lane->flows && w->lane->flows->active[slot] > 0;
}

/* A backend that goes down loses its UDP flows, and the others where the pool says so. */
static void note_purge(struct flow_world *w, uint32_t n)
{
	struct flow_backend *be = &w->be[n];
	const bool purged = be->place == FLOW_IN && be->down &&
			    (n % FLOW_POOLS == 1 || w->on_marked_down == CONF_MARKED_DOWN_REHASH);

	be->gone += purged && !be->purged;
	be->purged = purged;
}

void flow_world_publish(struct flow_world *w)
{
	static const uint16_t services[FLOW_SERVICES] = {0, 1, 2, 3};
	struct plan *p = calloc(1, sizeof *p);
	struct compile_port port = {.mtu = 1500};
	struct sl_err err = SL_ERR_INIT;
	struct generation *g;

	if (!p)
		abort();
	p->health = health_view_new(FLOW_BACKENDS, FLOW_POOLS);
	if (!p->health)
		abort();
	for (uint32_t n = 0; n < FLOW_BACKENDS; n++)
		note_purge(w, n);
	w->revision++;
	for (uint32_t i = 0; i < FLOW_POOLS; i++)
		plan_pool(p, w, i);
	plan_vips(p);
	plan_leavers(p, w);
	assign(p, w);
	p->conf = (struct conf){.ports = &p->port,
		.n_ports = 1,
		.pools = p->pool,
		.n_pools = FLOW_POOLS,
		.vips = p->vip,
		.n_vips = FLOW_SERVICES,
		.flows = {0, .tcp_syn_s = FLOW_SYN_S, .tcp_established_s = FLOW_IDLE_S,
			.tcp_closing_s = FLOW_CLOSING_S, .udp_s = w->udp_s}};
	memcpy(p->conf.cluster.hash_key, CONF_BUILTIN_HASH_KEY, CONF_KEY_BYTES);
	frame_mac(FLOW_MAC, port.mac.b);
	const struct compile_input in = {.conf = &p->conf,
		.revision = w->revision,
		.ports = &port,
		.hops = p->hop,
		.slots = p->slot,
		.drained = p->drained,
		.health = p->health,
		.services = services,
		.leavers = p->leaver,
		.n_leavers = p->n_leavers,
		.n_slots = ids_top(w->slots),
		.n_services = FLOW_SERVICES,
		.prev = w->g};

	if (compile_generation(&in, &g, &err))
		abort();
	generation_free(w->g);
	w->g = g;
	ids_reap(w->slots, w->revision, slot_in_use, w);
	health_view_free(p->health);
	free(p);
}
