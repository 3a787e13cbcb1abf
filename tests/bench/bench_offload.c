/* SPDX-License-Identifier: BSD-3-Clause */

/* What a packet pays for work in software, beside what it pays for marks that leave it to the
 * device. Decision 50 goes by it. Prints, judges nothing. The packets are in the cache, as they are
 * when they leave. */

#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>

#include "clock.h"
#include "net/parse_plain.h"
#include "net/tunnel.h"

#define PACKETS 64 /* two bursts */
#define ROUNDS  20000
#define RUNS    15
#define BYTES   2304

static struct rte_mbuf *mbufs[PACKETS];
static struct tunnel tunnel;
static uint32_t inner_len;
static volatile uint64_t sink;

static uint8_t *frame_of(uint32_t i)
{
	return rte_pktmbuf_mtod(mbufs[i], uint8_t *);
}

static void udp_software(uint32_t i)
{
	const uint32_t off = tunnel_udp_off(false), len = inner_len + TUNNEL_GUE_LEN;
	uint8_t *frame = frame_of(i);

	tunnel_write_udp_csum(frame, csum_bytes(frame + off, len), len, false);
}

static void udp_marks(uint32_t i)
{
	tunnel_write_udp_pseudo(frame_of(i), inner_len + TUNNEL_GUE_LEN, false);
	mbufs[i]->tx_offload = rte_mbuf_tx_offload(ETH_LEN, IPV4_LEN, UDP_LEN, 0, 0, 0, 0);
	mbufs[i]->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4;
}

static void header_software(uint32_t i)
{
	const struct tunnel_packet p = {.inner_len = (uint16_t)inner_len, .id = (uint16_t)i};

	tunnel_write_ip4(frame_of(i), &tunnel, &p, false);
}

/* The same header with no checksum. */
static void header_marks(uint32_t i)
{
	uint8_t *at = frame_of(i);
	const uint16_t total = htobe16((uint16_t)(inner_len + IPV4_LEN));

	memcpy(at, tunnel.hdr, ETH_LEN + 2);
	hdr_store64(at + ETH_LEN + 2, hdr_load64(tunnel.hdr + ETH_LEN + 2) | total |
					      (uint64_t)i << 16 | (uint64_t)PROTO_IPIP << 56);
	hdr_store16(at + ETH_LEN + 10, 0);
	hdr_store64(at + ETH_LEN + 12, hdr_load64(tunnel.hdr + ETH_LEN + 12));
	mbufs[i]->tx_offload = rte_mbuf_tx_offload(ETH_LEN, IPV4_LEN, 0, 0, 0, 0, 0);
	mbufs[i]->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4;
}

static void tag_software(uint32_t i)
{
	struct rte_mbuf *m = mbufs[i];

	m->data_off = (uint16_t)(m->data_off - VLAN_LEN);
	m->data_len = (uint16_t)(m->data_len + VLAN_LEN);
	m->pkt_len += VLAN_LEN;
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	memcpy(at, tunnel.hdr, ETH_TYPE_OFF);
	hdr_store32(at + ETH_TYPE_OFF, 0x64000081);
	m->data_off = (uint16_t)(m->data_off + VLAN_LEN); /* for the next round */
}

static void tag_marks(uint32_t i)
{
	mbufs[i]->vlan_tci = 100;
	mbufs[i]->ol_flags |= RTE_MBUF_F_TX_VLAN;
}

#if PARSE_HAS_GROUP
static void parse(uint32_t i, bool check)
{
	const uint8_t *frame[PARSE_GROUP];
	struct parsed out[PARSE_GROUP];
	struct flow_key key[PARSE_GROUP];
	struct parse_common common;

	for (uint32_t j = 0; j < PARSE_GROUP; j++)
		frame[j] = frame_of(i + j);
	parse_common_start(&common, frame[0], frame[0]);
	sink += parse_group4(
		parse_numbers(), &common, frame, (parse_signed){0} + 80, check, out, key);
}

static void parse_software(uint32_t i)
{
	if (i % PARSE_GROUP == 0)
		parse(i, true);
}

static void parse_marks(uint32_t i)
{
	if (i % PARSE_GROUP == 0)
		parse(i, false);
}
#endif

/* Median of what a packet takes. `work` is a literal at every call. */
static inline __attribute__((always_inline)) double measure(void (*work)(uint32_t))
{
	double run[RUNS];

	for (int r = 0; r < RUNS; r++) {
		const uint64_t start = clock_ns();

		for (int round = 0; round < ROUNDS; round++) {
			for (uint32_t i = 0; i < PACKETS; i++)
				work(i);
			__asm__ volatile("" ::: "memory");
		}
		run[r] = (double)(clock_ns() - start) / ROUNDS / PACKETS;
	}
	return clock_median(run, RUNS);
}

#define ROW(what, work)                                                                     \
	printf("%-34s software %6.2f ns, marks %5.2f ns\n", what, measure(work##_software), \
		measure(work##_marks))

static void make_packets(void)
{
	static const uint8_t ip[IPV4_LEN + 20] = {0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0,
		0, 1, 10, 0, 0, 2, 0x30, 0x39, 0, 80, [32] = 0x50, 0x10};
	const struct sl_ether mac = {{2, 0, 0, 0, 0, 1}};
	struct sl_addr from, to;

	sl_addr_parse("10.0.0.250", &from);
	sl_addr_parse("10.0.0.11", &to);
	tunnel_compile_ip(&tunnel, &mac, &mac, &from, &to);
	for (uint32_t i = 0; i < PACKETS; i++) {
		mbufs[i] = aligned_alloc(RTE_CACHE_LINE_SIZE, BYTES);
		if (!mbufs[i])
			abort();
		memset(mbufs[i], 0, BYTES);
		mbufs[i]->buf_addr = mbufs[i] + 1;
		mbufs[i]->data_off = RTE_PKTMBUF_HEADROOM;
		uint8_t *frame = frame_of(i);

		hdr_store16(frame + ETH_TYPE_OFF, htobe16(ETH_TYPE_IPV4));
		memcpy(frame + ETH_LEN, ip, sizeof ip);
		hdr_store16(frame + ETH_LEN + 10, (uint16_t)~csum_fold(csum_words(ip, IPV4_LEN)));
	}
}

int main(void)
{
	static const uint16_t sizes[] = {60, 500, 1400};
	char what[64];

	make_packets();
#if PARSE_HAS_GROUP
	ROW("rx: IPv4 header, in fours", parse);
#endif
	inner_len = 60;
	ROW("tx: outer IPv4 header", header);
	ROW("tx: a VLAN tag", tag);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		inner_len = sizes[i];
		snprintf(what, sizeof what, "tx: UDP checksum of %u bytes", inner_len);
		ROW(what, udp);
	}
	for (uint32_t i = 0; i < PACKETS; i++)
		free(mbufs[i]);
	return 0;
}
