/* SPDX-License-Identifier: BSD-3-Clause */

#include <arpa/inet.h>
#include <netinet/in.h>

#include "mode_judge.h"

const struct mode modes[MODES] = {
	{"l2", POOL_L2, OUTER_NONE, 0},
	{"ipip over IPv4", POOL_VIA4, OUTER_IPIP, 4},
	{"ipip over IPv6", POOL_VIA6, OUTER_IPIP, 6},
	{"gue over IPv4", POOL_GUE4, OUTER_GUE, 4, 6080},
	{"gue over IPv6", POOL_GUE6, OUTER_GUE, 6, 6080},
	{"gue over IPv4, full", POOL_GUE_FULL4, OUTER_GUE, 4, 6081, .full = true},
	{"gue over IPv6, full", POOL_GUE_FULL6, OUTER_GUE, 6, 6081, .full = true},
	{"ipip, varied IPv4", POOL_VARY4, OUTER_IPIP, 4, .varied = true},
	{"ipip, varied IPv6", POOL_VARY6, OUTER_IPIP, 6, .varied = true},
	{"dscp over IPv4", POOL_DSCP4, OUTER_DSCP, 4},
	{"dscp over IPv6", POOL_DSCP6, OUTER_DSCP, 6},
};

const struct tagging taggings[TAGGINGS_ALL] = {
	{"none", NULL, 0, {0}},
	{"single", "100", 4, {0x81, 0x00, 0x00, 0x64}},
	{"QinQ", "4094.1", 8, {0x88, 0xa8, 0x0f, 0xfe, 0x81, 0x00, 0x00, 0x01}},
	{"two of 802.1Q", "7q.8", 8, {0x81, 0x00, 0x00, 0x07, 0x81, 0x00, 0x00, 0x08}},
	{"one of 802.1ad", "9ad", 4, {0x88, 0xa8, 0x00, 0x09}},
};

const struct tagging *tagging = &taggings[0];

void mode_expect_eth(const struct frame *f, const struct world_way *way, uint32_t type)
{
	uint8_t mac[6];

	frame_mac(way->eth_dst, mac);
	assert_memory_equal(f->b, mac, 6);
	frame_mac(way->eth_src, mac);
	assert_memory_equal(f->b + 6, mac, 6);
	assert_int_equal(get16(f->b + 12), type);
}

/* An address of the prefix, and behind it not the prefix's own zeros only. */
static void expect_source(const struct mode *m, const struct world_way *way, const uint8_t *src)
{
	const uint32_t n = m->family == 6 ? 16 : 4;
	uint8_t wanted[16], zero[16] = {0};

	frame_address(way->source, wanted);
	if (!m->varied) {
		assert_memory_equal(src, wanted, n);
		return;
	}
	frame_address(n == 4 ? VARY_PREFIX4 ".0.0" : VARY_PREFIX6 ":", wanted);
	assert_memory_equal(src, wanted, n == 4 ? 2 : 12);
	assert_memory_not_equal(src + (n == 4 ? 2 : 12), zero, n == 4 ? 2 : 4);
}

/* The outer IP header of a frame; returns where what follows begins, and its protocol. */
static uint32_t outer_ip(const struct mode *m, const struct world_way *way, const struct frame *f,
	uint8_t tos, uint8_t *proto)
{
	const uint8_t *ip = f->b + 14;
	uint8_t dst[16];

	frame_address(way->address, dst);
	mode_expect_eth(f, way, m->family == 4 ? 0x0800 : 0x86dd);
	if (m->family == 4) {
		assert_int_equal(ip[0], 0x45);
		assert_int_equal(ip[1], tos);
		assert_int_equal(get16(ip + 2), f->len - 14);
		assert_int_equal(get16(ip + 6), 0x4000);
		assert_int_equal(ip[8], 64);
		expect_source(m, way, ip + 12);
		assert_memory_equal(ip + 16, dst, 4);
		*proto = ip[9];
		return 34;
	}
	assert_int_equal(get16(ip) >> 4, 0x600 | tos);
	assert_int_equal(get16(ip + 4), f->len - 54);
	assert_int_equal(ip[7], 64);
	expect_source(m, way, ip + 8);
	assert_memory_equal(ip + 24, dst, 16);
	*proto = ip[6];
	return 54;
}

/* UDP and GUE header at `at`; returns the protocol that the latter names. */
static uint8_t outer_gue(const struct mode *m, const struct frame *f, uint32_t at)
{
	const uint8_t *udp = f->b + at;

	assert_in_range(get16(udp), 0xc000, 0xffff);
	assert_int_equal(get16(udp + 2), m->port);
	assert_int_equal(get16(udp + 4), f->len - at);
	assert_int_equal(get16(udp + 6) != 0, m->full);
	assert_int_equal(udp[8], 0); /* version 0, data, no extensions */
	assert_int_equal(get16(udp + 10), 0);
	return udp[9];
}

uint8_t mode_tos(const struct frame *f)
{
	const uint8_t *ip = f->b + f->l3;

	return ip[0] >> 4 == 6 ? (uint8_t)(get16(ip) >> 4) : ip[1];
}

/* A frame of its own for the packet at `off`, so that its checksums can be recomputed too. */
void mode_expect_sums(const struct frame *f, uint32_t off)
{
	static uint8_t alone[FRAME_MAX];

	memcpy(alone + 14, f->b + off, f->len - off);
	if (frame_checksums(alone, f->len - off + 14) < 0)
		fail_msg("a checksum of the packet inside is wrong");
}

static void expect_same_packet(const struct frame *f, const struct frame *in, uint32_t off)
{
	assert_int_equal(f->len - off, in->ip_len);
	assert_memory_equal(f->b + off, in->b + in->l3, in->ip_len);
}

/* Destination and DSCP are the backend's; with the old ones it is the packet that came. */
static void expect_dscp(
	const struct mode *m, const struct world_way *way, struct frame *f, const struct frame *in)
{
	const bool six = m->family == 6;
	const uint32_t at = six ? 24 : 16, n = six ? 16 : 4;
	uint8_t *ip = f->b + 14, dst[16];

	mode_expect_eth(f, way, six ? 0x86dd : 0x0800);
	frame_address(way->address, dst);
	assert_memory_equal(ip + at, dst, n);
	f->l3 = 14;
	assert_int_equal(mode_tos(f), WORLD_DSCP << 2 | (mode_tos(in) & 3));
	if (frame_checksums(f->b, f->len) < 1)
		fail_msg("a checksum is wrong or missing");
	memcpy(ip + at, in->b + in->l3 + at, n);
	memcpy(ip, in->b + in->l3, 2);
	if (!six)
		memcpy(ip + 10, in->b + in->l3 + 10, 2);
	const uint32_t l4 = 14 + in->l4 - in->l3;

	if (ip[six ? 6 : 9] == (six ? 58 : 1)) {
		memcpy(f->b + l4 + 2, in->b + in->l4 + 2, 2); /* ICMPv6 sums up addresses */
		expect_same_packet(f, in, 14);
		return;
	}
	const uint32_t sum = l4 + (ip[six ? 6 : 9] == 17 ? 6 : 16);

	if (six && ip[6] != 17 && ip[6] != 6)
		memcpy(f->b + l4 + 16, in->b + in->l4 + 16, 2); /* TCP behind extension headers */
	else
		memcpy(f->b + sum, in->b + in->l3 + sum - 14, 2);
	expect_same_packet(f, in, 14);
}

void mode_into_network(const struct tagging *t)
{
	tagging = t;
	world_free(world);
	world = world_new_in(&(struct world_net){.tags = {t->vlans, t->vlans, t->vlans}});
}

void mode_take_off_tags(struct frame *f)
{
	const uint32_t n = tagging->len;

	assert_true(f->len > 14 + n);
	assert_memory_equal(f->b + 12, tagging->bytes, n);
	memmove(f->b + 12, f->b + 12 + n, f->len - 12 - n);
	f->len -= n;
}

void mode_expect(const struct mode *m, struct frame *f, const struct frame *in)
{
	const struct world_way *way = world_way_in(m->pool);
	const bool six = in->b[in->l3] >> 4 == 6;
	uint8_t proto;
	uint32_t at;

	mode_take_off_tags(f);
	if (m->outer == OUTER_DSCP) {
		expect_dscp(m, way, f, in);
		return;
	}
	if (m->outer == OUTER_NONE) {
		mode_expect_eth(f, way, six ? 0x86dd : 0x0800);
		expect_same_packet(f, in, 14);
		return;
	}
	at = outer_ip(m, way, f, mode_tos(in), &proto);
	if (m->outer == OUTER_GUE) {
		assert_int_equal(proto, IPPROTO_UDP);
		proto = outer_gue(m, f, at);
		at += 12;
	}
	assert_int_equal(proto, six ? IPPROTO_IPV6 : IPPROTO_IPIP);
	/* over IPv6 a checksum of zero is allowed to tunnels only, and unknown to the judge */
	if (m->outer != OUTER_GUE || m->family == 4 || m->full)
		assert_true(frame_checksums(f->b, f->len) > 0);
	mode_expect_sums(f, at);
	expect_same_packet(f, in, at);
}
