/* SPDX-License-Identifier: BSD-3-Clause */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

enum { TAG = 0x8100, OUTER_TAG = 0x88a8, TYPE4 = 0x0800, TYPE6 = 0x86dd };

uint32_t frame_address(const char *text, uint8_t out[16])
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, out) == 1)
		return 16;
	fprintf(stderr, "no address: %s\n", text);
	abort();
}

void frame_mac(const char *text, uint8_t out[6])
{
	unsigned int b[6];

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6)
		abort();
	for (int i = 0; i < 6; i++)
		out[i] = (uint8_t)b[i];
}

static void put(struct frame *f, const void *bytes, uint32_t n)
{
	if (f->len + n > sizeof f->b)
		abort();
	memcpy(f->b + f->len, bytes, n);
	f->len += n;
}

static void set16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put16(struct frame *f, uint32_t v)
{
	uint8_t b[2];

	set16(b, v);
	put(f, b, 2);
}

/* Sum of big-endian words, an odd last byte filled up with zero (RFC 1071). */
static uint32_t sum_bytes(const uint8_t *b, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i & 1 ? b[i] : (uint32_t)b[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Sum over the transport bytes and the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1). */
static uint32_t sum_transport(const uint8_t *src, const uint8_t *dst, uint32_t alen, uint8_t proto,
	const uint8_t *l4, uint32_t n)
{
	const uint32_t sum = sum_bytes(dst, alen, sum_bytes(src, alen, 0));

	return sum_bytes(l4, n, sum + proto + n);
}

static void put_link(
	struct frame *f, const char *dst, const char *src, uint8_t vlans, uint32_t type)
{
	uint8_t mac[12] = {0};

	if (dst)
		frame_mac(dst, mac);
	frame_mac(src ? src : "02:cc:00:00:00:01", mac + 6);
	put(f, mac, sizeof mac);
	for (uint8_t i = 0; i < vlans; i++) {
		put16(f, i + 1 < vlans ? OUTER_TAG : TAG);
		put16(f, 0x6000u + 100 + i);
	}
	put16(f, type);
	f->l3 = f->len;
}

/* One extension header of type `type`, the next of type `next`. */
static void put_ext(struct frame *f, uint8_t type, uint8_t next)
{
	uint8_t h[24] = {next, 0, 1, 4}; /* hop-by-hop, destination options: PadN of 6 bytes */
	uint32_t len = 8;

	if (type == IPPROTO_FRAGMENT) { /* a whole packet in one fragment */
		memcpy(h + 2, (uint8_t[]){0, 0, 0xde, 0xad, 0xbe, 0xef}, 6);
	} else if (type == IPPROTO_AH) {
		h[1] = 4;
		len = 24;
	} else if (type == IPPROTO_ROUTING) { /* type 4, no segment left */
		memcpy(h + 1, (uint8_t[]){2, 4, 0}, 3);
		len = 24;
	}
	put(f, h, len);
}

static uint8_t proto_of(const struct frame_spec *s)
{
	return s->proto ? s->proto : IPPROTO_TCP;
}

static void put_ip6(
	struct frame *f, const struct frame_spec *s, const uint8_t *src, const uint8_t *dst)
{
	uint8_t h[40] = {0x60 | s->tos >> 4, (uint8_t)(s->tos << 4 | 0xa), 0xbc, 0xde};

	h[6] = s->n_chain ? (uint8_t)s->chain[0] : proto_of(s);
	h[7] = 57;
	memcpy(h + 8, src, 16);
	memcpy(h + 24, dst, 16);
	put(f, h, sizeof h);
	for (uint8_t i = 0; i < s->n_chain; i++)
		put_ext(f, (uint8_t)s->chain[i],
			i + 1 < s->n_chain ? (uint8_t)s->chain[i + 1] : proto_of(s));
}

static void put_ip4(
	struct frame *f, const struct frame_spec *s, const uint8_t *src, const uint8_t *dst)
{
	uint8_t h[60] = {0x45 + s->options, s->tos, 0, 0, 0x12, 0x34, 0x40, 0, 57, proto_of(s)};

	memcpy(h + 12, src, 4);
	memcpy(h + 16, dst, 4);
	memset(h + 20, 1, 4u * s->options); /* no operation */
	put(f, h, 20 + 4u * s->options);
}

static void put_transport(struct frame *f, const struct frame_spec *s)
{
	static const uint8_t zero[16];

	f->l4 = f->len;
	put16(f, s->sport ? s->sport : 40000);
	put16(f, s->dport);
	if (proto_of(s) == IPPROTO_UDP) {
		put16(f, 0);
		put16(f, 0);
		return;
	}
	put(f, zero, 16);
	f->b[f->l4 + 7] = 1; /* sequence number */
	f->b[f->l4 + 12] = 0x50;
	f->b[f->l4 + 13] = s->tcp_flags ? s->tcp_flags : 0x10;
}

/* Lengths and checksums, now that everything has its place. */
static void finish(struct frame *f, const struct frame_spec *s, const uint8_t *src,
	const uint8_t *dst, uint32_t alen)
{
	uint8_t *ip = f->b + f->l3, *l4 = f->b + f->l4;
	const bool udp = proto_of(s) == IPPROTO_UDP;
	const uint32_t n = f->len - f->l4;

	f->ip_len = f->len - f->l3;
	if (alen == 16)
		set16(ip + 4, f->ip_len - 40);
	else
		set16(ip + 2, f->ip_len);
	if (udp)
		set16(l4 + 4, n);
	if (udp && !s->no_udp_csum) {
		const uint16_t sum = (uint16_t)~sum_transport(src, dst, alen, IPPROTO_UDP, l4, n);

		set16(l4 + 6, sum ? sum : 0xffff); /* RFC 768: 0 means none */
	} else if (proto_of(s) == IPPROTO_TCP) {
		set16(l4 + 16, ~sum_transport(src, dst, alen, IPPROTO_TCP, l4, n));
	}
	frame_fix_ipv4(f);
}

void frame_build(struct frame *f, const struct frame_spec *s)
{
	uint8_t src[16], dst[16];
	const uint32_t alen = frame_address(s->dst, dst);
	const char *client = alen == 4 ? "198.51.100.7" : "2001:db8:c::7";

	f->len = 0;
	frame_address(s->src ? s->src : client, src);
	put_link(f, s->eth_dst, s->eth_src, s->vlans, alen == 4 ? TYPE4 : TYPE6);
	if (alen == 4)
		put_ip4(f, s, src, dst);
	else
		put_ip6(f, s, src, dst);
	put_transport(f, s);
	const uint32_t end = s->ip_len ? f->l3 + s->ip_len : f->len + s->payload;

	for (uint8_t i = 1; f->len < end; i++)
		put(f, &i, 1);
	f->len = end;
	finish(f, s, src, dst, alen);
	for (uint16_t i = 0; i < s->padding; i++)
		put(f, "\xee", 1);
}

void frame_fix_ipv4(struct frame *f)
{
	uint8_t *ip = f->b + f->l3;
	const uint32_t len = (ip[0] & 15) * 4u;

	if (ip[0] >> 4 != 4)
		return;
	set16(ip + 10, 0);
	set16(ip + 10, ~sum_bytes(ip, len, 0));
}

void frame_fix_icmp(struct frame *f)
{
	uint8_t *ip = f->b + f->l3;
	const bool six = ip[0] >> 4 == 6;
	const uint32_t hdr = six ? 40 : (ip[0] & 15) * 4u;
	const uint32_t total = (six ? 40u + (ip[4] << 8 | ip[5]) : (ip[2] << 8 | ip[3]) + 0u);
	uint8_t *icmp = ip + hdr;

	if (ip[six ? 6 : 9] != (six ? 58 : 1) || f->l3 + total > f->len || total < hdr + 4)
		return;
	set16(icmp + 2, 0);
	set16(icmp + 2, ~(six ? sum_transport(ip + 8, ip + 24, 16, 58, icmp, total - hdr)
			      : sum_bytes(icmp, total - hdr, 0)));
}

void frame_wrap(struct frame *out, const struct frame *in, const struct frame_outer *o)
{
	const bool inner6 = in->b[in->l3] >> 4 == 6;
	uint8_t src[16], dst[16], h[40] = {0};
	uint32_t alen = 0;

	out->len = 0;
	if (o->dst)
		alen = frame_address(o->dst, dst);
	const bool type6 = o->dst ? alen == 16 : inner6;

	put_link(out, o->eth_dst, o->eth_src, 0, type6 ? TYPE6 : TYPE4);
	if (o->dst && frame_address(o->src, src) != alen)
		abort();
	if (alen == 4) {
		memcpy(h, (uint8_t[]){0x45, o->tos}, 2);
		set16(h + 2, in->ip_len + 20);
		set16(h + 4, o->id);
		set16(h + 6, 0x4000);
		memcpy(h + 8, (uint8_t[]){64, inner6 ? 41 : 4}, 2);
		memcpy(h + 12, src, 4);
		memcpy(h + 16, dst, 4);
		put(out, h, 20);
		frame_fix_ipv4(out);
	} else if (alen == 16) {
		set16(h, 0x6000u | (uint32_t)o->tos << 4 | o->label >> 16);
		set16(h + 2, o->label);
		set16(h + 4, in->ip_len);
		memcpy(h + 6, (uint8_t[]){inner6 ? 41 : 4, 64}, 2);
		memcpy(h + 8, src, 16);
		memcpy(h + 24, dst, 16);
		put(out, h, 40);
	}
	out->l4 = out->len;
	put(out, in->b + in->l3, in->ip_len);
	out->ip_len = out->len - out->l3;
}

void frame_cut(struct frame *out, const struct frame *in, uint32_t hdr, uint32_t from, uint32_t to,
	bool more)
{
	uint8_t *ip = out->b + in->l3;

	*out = *in;
	memcpy(ip + hdr, in->b + in->l3 + hdr + from, to - from);
	out->ip_len = hdr + to - from;
	out->len = out->l3 + out->ip_len;
	if (ip[0] >> 4 == 6) {
		set16(ip + 4, out->ip_len - 40);
		set16(ip + 42, (from & ~7u) | more);
		return;
	}
	set16(ip + 2, out->ip_len);
	set16(ip + 6, (more ? 0x2000u : 0) | from >> 3);
	frame_fix_ipv4(out);
}

void frame_message(struct frame *out, const struct frame_icmp *s)
{
	uint8_t src[16], dst[16], h[40] = {0}, icmp[8] = {s->type, s->code};
	const uint32_t alen = frame_address(s->dst, dst), n = 8 + s->len;

	frame_address(s->src, src);
	out->len = 0;
	put_link(out, s->eth_dst, s->eth_src, s->vlans, alen == 4 ? TYPE4 : TYPE6);
	if (alen == 4) {
		memcpy(h, (uint8_t[]){0x45, s->tos}, 2);
		set16(h + 2, 20 + n);
		set16(h + 4, s->id);
		memcpy(h + 8, (uint8_t[]){s->ttl, IPPROTO_ICMP}, 2);
		memcpy(h + 12, src, 4);
		memcpy(h + 16, dst, 4);
		put(out, h, 20);
		frame_fix_ipv4(out);
	} else {
		set16(h, 0x6000u | (uint32_t)s->tos << 4);
		set16(h + 4, n);
		memcpy(h + 6, (uint8_t[]){IPPROTO_ICMPV6, s->ttl}, 2);
		memcpy(h + 8, src, 16);
		memcpy(h + 24, dst, 16);
		put(out, h, 40);
	}
	out->l4 = out->len;
	set16(icmp + 4, s->rest >> 16);
	set16(icmp + 6, s->rest);
	put(out, icmp, 8);
	put(out, s->data, s->len);
	out->ip_len = out->len - out->l3;
	const uint8_t *l4 = out->b + out->l4;

	set16(out->b + out->l4 + 2,
		~(alen == 4 ? sum_bytes(l4, n, 0)
			    : sum_transport(src, dst, 16, IPPROTO_ICMPV6, l4, n)));
}
