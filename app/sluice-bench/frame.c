/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/splitmix.h"
#include "frame.h"
#include "net/csum.h"

#define FCS_LEN     4
#define FRAME_LEAST (64 - FCS_LEN)
/* Flows that occur again have numbers below this. */
#define FIRST_FRESH (1ull << 32)

/* 32 random bits scaled to 0..n-1. */
static inline uint32_t scale(uint32_t bits, uint32_t n)
{
	return (uint32_t)((uint64_t)bits * n >> 32);
}

static void lay_transport(uint8_t *l4, uint32_t l4_len, bool udp, bool syn)
{
	hdr_store16(l4 + 2, htobe16(WORLD_PORT));
	if (udp) {
		hdr_store16(l4 + 4, htobe16((uint16_t)l4_len));
		return;
	}
	l4[12] = TCP_LEN / 4 << 4;
	l4[13] = syn ? TCP_SYN : TCP_ACK;
	hdr_store16(l4 + 14, 0xffff);
}

static void lay_ip(struct frame_kind *k, uint8_t proto, uint32_t ip_len)
{
	uint8_t *ip = k->head + ETH_LEN;
	struct sl_addr a;

	if (k->is6) {
		sl_addr_parse(WORLD_VIP6, &a);
		ip[0] = 6 << 4;
		hdr_store16(ip + 4, htobe16((uint16_t)(ip_len - IPV6_LEN)));
		ip[6] = proto;
		ip[7] = 64;
		memcpy(ip + 8, "\x20\x01\x0d\xb8\x00\x03", 6);
		memcpy(ip + 24, a.b, 16);
	} else {
		sl_addr_parse(WORLD_VIP4, &a);
		ip[0] = 0x45;
		hdr_store16(ip + 2, htobe16((uint16_t)ip_len));
		hdr_store16(ip + 6, htobe16(IPV4_DF));
		ip[8] = 64;
		ip[9] = proto;
		memcpy(ip + 16, a.b + 12, 4);
		hdr_store16(ip + 18, 0);
		k->sum = (uint32_t)csum_words(ip, IPV4_LEN);
	}
}

static void lay_kind(struct frame_kind *k, const struct bench_case *c, uint32_t number)
{
	const bool udp = world_vip_is_udp(c, number);
	const uint32_t wanted = c->v[AXIS_SIZE] - FCS_LEN;

	memset(k, 0, sizeof *k);
	k->is6 = world_vip_is6(c, number);
	const uint32_t l3_len = k->is6 ? IPV6_LEN : IPV4_LEN;
	const uint32_t least = ETH_LEN + l3_len + (udp ? UDP_LEN : TCP_LEN);

	k->len = wanted > least ? wanted : least > FRAME_LEAST ? least : FRAME_LEAST;
	memcpy(k->head, WORLD_MAC, 6);
	memcpy(k->head + 6, "\x02\xcc\x00\x00\x00\x01", 6);
	hdr_store16(k->head + ETH_TYPE_OFF, htobe16(k->is6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4));
	lay_ip(k, udp ? PROTO_UDP : PROTO_TCP, k->len - ETH_LEN);
	lay_transport(k->head + ETH_LEN + l3_len, k->len - ETH_LEN - l3_len, udp,
		c->v[AXIS_TRAFFIC] == TRAFFIC_SYN);
}

/* Flow i (from 1) has a share of 1 / (i * H): where the sum of shares passes each stratum's end. */
static void lay_strata(struct frame_source *s)
{
	double h = 0, sum = 0;
	uint32_t flow = 0;

	for (uint32_t i = 1; i <= s->flows; i++)
		h += 1.0 / i;
	for (uint32_t k = 0; k < FRAME_STRATA; k++) {
		s->strata[k].first = flow;
		while (flow + 1 < s->flows &&
			sum + 1.0 / (flow + 1) / h <= (k + 1.0) / FRAME_STRATA)
			sum += 1.0 / (++flow) / h;
		s->strata[k].n = flow - s->strata[k].first +
				 (flow == s->strata[k].first || flow + 1 == s->flows);
	}
}

void frame_source_init(struct frame_source *s, const struct bench_case *c, uint64_t seed)
{
	memset(s, 0, sizeof *s);
	s->random = splitmix_scatter(seed);
	s->fresh = FIRST_FRESH;
	s->flows = c->v[AXIS_FLOWS];
	s->hit = c->v[AXIS_HIT];
	s->new_below = (c->v[AXIS_NEW] << 16) / 100 * (1ull << 16);
	s->zipf = c->v[AXIS_SKEW] == SKEW_ZIPF;
	if (s->zipf)
		lay_strata(s);
	for (uint32_t i = 0; i < WORLD_KINDS; i++)
		lay_kind(&s->kind[i], c, i);
}

/* Which flow the next packet belongs to. */
static inline uint64_t next_flow(struct frame_source *s)
{
	if (__builtin_expect(s->walking, 0)) {
		s->walk = s->walk + 1 < s->flows ? s->walk + 1 : 0;
		return s->walk;
	}
	const uint64_t r = splitmix_next(&s->random);

	if (s->new_below && (uint32_t)r < s->new_below)
		return s->fresh++;
	if (!s->zipf)
		return scale((uint32_t)(r >> 32), s->flows);
	const uint32_t k = (uint32_t)(r >> 32) % FRAME_STRATA;

	return s->strata[k].first + scale((uint32_t)splitmix_next(&s->random), s->strata[k].n);
}

/* Sources are 1.0.0.0 to 64.255.255.255 and one /48 of IPv6; with the port 46 and 80 bits, of which
 * a flow's number fixes all. */
uint32_t frame_next(struct frame_source *s, uint8_t *at)
{
	const uint64_t flow = next_flow(s);
	const uint64_t tuple = splitmix_scatter(flow + 0x632be59bd9b4e019u),
		       more = splitmix_scatter(tuple);
	const uint32_t vip = scale((uint32_t)(more >> 32), s->hit);
	const struct frame_kind *k = &s->kind[vip % WORLD_KINDS];
	const uint16_t sport = (uint16_t)(tuple >> 32), vip_be = htobe16((uint16_t)(vip + 1));
	uint8_t *ip = at + ETH_LEN;

	memcpy(at, k->head, FRAME_HEAD);
	if (k->is6) {
		memcpy(ip + 16, &more, sizeof more);
		hdr_store16(ip + 38, vip_be);
		hdr_store16(ip + IPV6_LEN, sport);
	} else {
		const uint32_t src = ((uint32_t)tuple & 0xffffff3fu) + 1;

		hdr_store32(ip + 12, src);
		hdr_store16(ip + 18, vip_be);
		hdr_store16(ip + 10, (uint16_t)~csum_fold((uint64_t)k->sum + src + vip_be));
		hdr_store16(ip + IPV4_LEN, sport);
	}
	return k->len;
}

/* The classic format of libpcap, in the byte order of the machine. */
struct pcap_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, figures, snaplen, link;
};

struct pcap_packet {
	uint32_t sec, usec, stored, len;
};

int frame_write_pcap(struct frame_source *s, uint32_t packets, const char *path, struct sl_err *err)
{
	const struct pcap_header h = {0xa1b2c3d4, 2, 4, 0, 0, 65535, 1};
	uint8_t frame[2048] = {0};
	FILE *f = fopen(path, "wb");
	bool failed;

	if (!f)
		return sl_err_sys(err, errno, "cannot write %s", path);
	failed = fwrite(&h, sizeof h, 1, f) != 1;
	for (uint32_t i = 0; i < packets && !failed; i++) {
		const uint32_t len = frame_next(s, frame);
		const struct pcap_packet p = {0, i, len, len};

		failed = fwrite(&p, sizeof p, 1, f) != 1 || fwrite(frame, len, 1, f) != 1;
	}
	failed |= fclose(f) != 0;
	return failed ? sl_err_sys(err, errno, "cannot write %s", path) : 0;
}
