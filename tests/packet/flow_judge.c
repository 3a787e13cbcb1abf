/* SPDX-License-Identifier: BSD-3-Clause */

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow_judge.h"

static void wrong(struct judge *j, uint32_t id, const char *what)
{
	if (j->wrong++ == 0) {
		j->what = what;
		j->which = id;
	}
}

static void put_number(uint8_t *at, uint32_t id)
{
	at[0] = (uint8_t)(id >> 16);
	at[1] = (uint8_t)(id >> 8);
	at[2] = (uint8_t)id;
}

static uint32_t get_number(const uint8_t *at)
{
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

/* The frame of flow `id`: a copy of its service's, with its own source. */
static uint32_t write_frame(const struct judge *j, uint8_t *to, uint32_t id, uint8_t flags)
{
	const struct frame *f = &j->frame[service_of(id)];
	uint8_t *ip = to + f->l3, *l4 = to + f->l4;
	uint32_t sum = 0;

	memcpy(to, f->b, f->len);
	put_number(ip + (service_of(id) & 1 ? 8 + 13 : 12 + 1), id);
	l4[0] = (uint8_t)(4 + id % 200);
	l4[1] = (uint8_t)(l4[1] + j->lap);
	if (is_tcp(id))
		l4[13] = flags;
	if (!(service_of(id) & 1)) {
		ip[10] = ip[11] = 0;
		for (uint32_t i = 0; i < 20; i += 2)
			sum += (uint32_t)ip[i] << 8 | ip[i + 1];
		sum = ~(sum % 65535);
		ip[10] = (uint8_t)(sum >> 8);
		ip[11] = (uint8_t)sum;
	}
	return f->len;
}

static void write_templates(struct judge *j)
{
	for (uint32_t s = 0; s < FLOW_SERVICES; s++) {
		const struct frame_spec spec = {
			.eth_dst = FLOW_MAC,
			.src = s & 1 ? "2001:db8:c::" : "11.0.0.0",
			.dst = s & 1 ? FLOW_VIP6 : FLOW_VIP4,
			.dport = s & 2 ? FLOW_UDP_PORT : FLOW_TCP_PORT,
			.proto = s & 2 ? IPPROTO_UDP : IPPROTO_TCP,
			.payload = 8,
		};

		frame_build(&j->frame[s], &spec);
	}
}

/* What stands in a frame that left. */
struct seen {
	uint8_t backend;
	uint16_t mac;
	const uint8_t *inner;
};

static bool read_frame(const uint8_t *f, struct seen *s)
{
	const bool outer6 = f[12] == 0x86 && f[13] == 0xdd;
	const uint8_t *ip = f + 14;
	const uint8_t next = outer6 ? ip[6] : ip[9];

	if (!outer6 && (f[12] != 8 || f[13] != 0 || ip[0] != 0x45))
		return false;
	s->mac = (uint16_t)(f[4] << 8 | f[5]);
	s->backend = flow_world_at(ip + (outer6 ? 24 : 16), outer6);
	s->inner = ip + (outer6 ? 40 : 20);
	return next == (s->inner[0] >> 4 == 6 ? 41 : 4) && memcmp(f, "\x02\xbe\0\0", 4) == 0 &&
	       s->backend != FLOW_NOBODY;
}

/* The choice of the table in force, from the packet's own bytes. */
static uint8_t table_choice(const struct judge *j, uint32_t id, const uint8_t *inner)
{
	const uint32_t service = service_of(id), alen = service & 1 ? 16 : 4;
	const uint8_t *addresses = inner + (service & 1 ? 8 : 12);
	uint8_t key[48] = {0};

	memcpy(key, addresses, 2 * alen);
	memcpy(key + 2 * alen, inner + (service & 1 ? 40 : 20), 4);
	key[2 * alen + 4] = is_tcp(id) ? IPPROTO_TCP : IPPROTO_UDP;
	return flow_world_choice(&j->w, service,
		service & 1 ? hash48(&j->w.g->slot_key, key) : hash16(&j->w.g->slot_key, key));
}

/* May, or must, this packet stay with the backend of the packets before it? */
enum bond { BOND_NONE, BOND_MAY, BOND_MUST };

static enum bond bond_of(const struct judge *j, uint32_t id, uint8_t flags)
{
	const struct flow *f = &j->flow[id];

	if (f->backend == FLOW_NOBODY || !j->w.lane->flows ||
		j->w.track[service_of(id) >> 1] == CONF_TRACK_NONE)
		return BOND_NONE;
	const struct flow_backend *be = &j->w.be[f->backend];

	if (flow_world_is_out(be))
		return BOND_NONE;
	if (is_tcp(id) && flags == SYN && (f->closed || !flow_world_takes_new(be)))
		return BOND_NONE;
	const uint16_t idle_s = (uint16_t)(j->w.lane->clock - f->seen);

	if (idle_s > (is_tcp(id) ? FLOW_IDLE_S : j->w.udp_s))
		return BOND_NONE;
	if ((f->fresh && idle_s > FLOW_SYN_S) || (f->closed && idle_s > FLOW_CLOSING_S))
		return BOND_MAY;
	return be->gone == f->gone ? BOND_MUST : BOND_MAY; /* gone and back: perhaps forgotten */
}

static void judge_frame(struct judge *j, uint32_t id, uint8_t flags, const uint8_t *frame)
{
	struct flow *f = &j->flow[id];
	const enum bond bond = bond_of(j, id, flags);
	struct seen s;

	if (!read_frame(frame, &s)) {
		wrong(j, id, "is not a tunnel to a backend");
		return;
	}
	const struct flow_backend *be = &j->w.be[s.backend];

	if (get_number(s.inner + (service_of(id) & 1 ? 8 + 13 : 12 + 1)) != id)
		wrong(j, id, "is another packet");
	if (s.backend % FLOW_POOLS != service_of(id) >> 1)
		wrong(j, id, "went to another pool");
	if (s.mac != be->mac)
		wrong(j, id, "went to an old next hop");
	if (flow_world_is_out(be))
		wrong(j, id, "went to a backend that is gone");
	if (bond == BOND_MUST && s.backend != f->backend)
		wrong(j, id, "changed its backend");
	if (bond == BOND_NONE || (bond == BOND_MAY && s.backend != f->backend)) {
		if (!flow_world_takes_new(be))
			wrong(j, id, "began on a backend that takes no new flow");
		if (!j->free_choice && s.backend != table_choice(j, id, s.inner))
			wrong(j, id, "did not follow the table");
		j->rehashed += f->backend != FLOW_NOBODY;
		j->refused_drain += f->backend != FLOW_NOBODY && is_tcp(id) && flags == SYN &&
				    !flow_world_is_out(&j->w.be[f->backend]) &&
				    !flow_world_takes_new(&j->w.be[f->backend]);
	}
	*f = (struct flow){
		.backend = s.backend,
		.fresh = is_tcp(id) && flags == SYN && (bond != BOND_MUST || f->fresh || f->closed),
		.closed = is_tcp(id) && (flags & (FIN | RST) || (f->closed && flags != SYN)),
		.gone = be->gone,
		.seen = j->w.lane->clock,
	};
}

/* One packet of each flow in j->ids[0..n); judged, or only counted. */
static void send_burst(struct judge *j, uint32_t n, uint8_t flags, bool judged)
{
	struct burst *b = &j->b;

	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = &j->m[i];
		const uint32_t len = write_frame(j, j->room_for[i] + HEADROOM, j->ids[i], flags);

		/* two references: where the pipeline frees it, it stays */
		*m = (struct rte_mbuf){.buf_addr = j->room_for[i],
			.data_off = HEADROOM,
			.refcnt = 2,
			.nb_segs = 1,
			.data_len = (uint16_t)len,
			.pkt_len = len};
		b->mbuf[i] = m;
	}
	b->n = (uint16_t)n;
	b->rx_port = 0;
	pipeline_run(j->w.lane, j->w.g, b);
	j->packets += n;
	if (b->n != n) {
		wrong(j, j->ids[0], "was lost, or another one of its burst");
		return;
	}
	for (uint32_t i = 0; i < n && judged; i++)
		judge_frame(j, j->ids[i], flags, rte_pktmbuf_mtod(b->mbuf[i], uint8_t *));
}

void send_range(struct judge *j, uint32_t first, uint32_t end, uint8_t flags)
{
	while (first < end) {
		uint32_t n = 0;

		while (n < BURST_MAX && first < end)
			j->ids[n++] = first++;
		send_burst(j, n, flags, true);
	}
}

void send_strangers(struct judge *j, uint32_t first, uint32_t packets, uint8_t flags)
{
	while (packets) {
		uint32_t n = 0;

		j->lap = (uint8_t)(first / MAX_FLOWS);
		for (; n < BURST_MAX && packets; n++, packets--) {
			j->ids[n] = (first & ~2u) % MAX_FLOWS; /* TCP */
			first += first & 1 ? 3 : 1;
		}
		send_burst(j, n, flags, false);
	}
	j->lap = 0;
}

void send_random(struct judge *j, uint32_t packets, uint8_t flags)
{
	for (; packets; packets -= packets < BURST_MAX ? packets : BURST_MAX) {
		const uint32_t n = packets < BURST_MAX ? packets : BURST_MAX;

		for (uint32_t i = 0; i < n; i++)
			j->ids[i] = random_below(&j->r, j->n_flows);
		send_burst(j, n, flags, true);
	}
}

void open_flows(struct judge *j, uint32_t n)
{
	const uint32_t first = j->n_flows;

	if (first + n > j->room)
		abort();
	for (uint32_t i = 0; i < n; i++)
		j->flow[first + i].backend = FLOW_NOBODY;
	j->n_flows += n;
	send_range(j, first, first + n, SYN);
	send_range(j, first, first + n, ACK);
}

struct judge *judge_new(uint32_t room, uint32_t entries)
{
	struct judge *j = aligned_alloc(64, (sizeof *j + 63) / 64 * 64);

	if (!j || room > MAX_FLOWS)
		abort();
	memset(j, 0, sizeof *j);
	j->r = random_start();
	j->room = room;
	j->flow = calloc(room, sizeof *j->flow);
	if (!j->flow)
		abort();
	write_templates(j);
	flow_world_start(&j->w, entries);
	return j;
}

void judge_says(const struct judge *j)
{
	if (j->wrong)
		fail_msg("flow %u %s; %lu faults", j->which, j->what, (unsigned long)j->wrong);
}

void judge_end(struct judge *j)
{
	judge_says(j);
	flow_world_end(&j->w);
	free(j->flow);
	free(j);
}

void judge_bring_in(struct judge *j, uint32_t first, uint32_t end)
{
	for (uint32_t n = first; n < end; n++) {
		j->w.be[n].place = FLOW_IN;
		j->w.be[n].weight = 10;
	}
	flow_world_publish(&j->w);
}

void judge_sweep(struct judge *j, uint32_t share)
{
	struct lane *l = j->w.lane;

	flow_sweep(l->flows, (l->flows->mask + 1) / share, l->clock, &j->w.g->flow_timeouts,
		j->w.g->backends, j->w.g->n_backends);
}

void census(const struct judge *j, uint32_t on[FLOW_BACKENDS])
{
	memset(on, 0, FLOW_BACKENDS * sizeof *on);
	for (uint32_t id = 0; id < j->n_flows; id++)
		on[j->flow[id].backend]++;
}
