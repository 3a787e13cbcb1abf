/* SPDX-License-Identifier: BSD-3-Clause */

#include <netinet/in.h>
#include <string.h>

#include "model.h"

/* The bytes that are left, and what was found so far. */
struct reader {
	const uint8_t *at;
	uint32_t left;
	uint64_t faults;
	struct model_packet *out;
};

static void fault(struct reader *r, enum verdict v)
{
	r->faults |= MODEL_FAULT(v);
}

static void skip(struct reader *r, uint32_t n)
{
	r->at += n;
	r->left -= n;
}

static uint32_t word(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

static void read_tcp(struct reader *r)
{
	if (r->left < 20) {
		fault(r, VERDICT_L4_TRUNCATED);
		return;
	}
	const uint32_t words = r->at[12] >> 4;
	const bool fin = r->at[13] & 1, syn = r->at[13] & 2, rst = r->at[13] & 4,
		   ack = r->at[13] & 16;

	if (words < 5 || fin + syn + rst > 1 || (!fin && !syn && !rst && !ack))
		fault(r, VERDICT_TCP_FLAGS);
	if (words * 4 > r->left)
		fault(r, VERDICT_L4_TRUNCATED);
	r->out->tcp_flags = r->at[13];
}

static void read_transport(struct reader *r, uint8_t proto)
{
	r->out->proto = proto;
	r->out->tcp_flags = 0;
	if (proto == IPPROTO_TCP)
		read_tcp(r);
	else if (proto != IPPROTO_UDP)
		fault(r, VERDICT_L4_PROTO);
	else if (r->left < 8 || word(r->at + 4) < 8 || word(r->at + 4) > r->left)
		fault(r, VERDICT_L4_TRUNCATED);
	if (!r->faults)
		memcpy(r->out->ports, r->at, 4);
}

static void read_ipv4(struct reader *r)
{
	const uint8_t *ip = r->at;

	if (r->left < 20) {
		fault(r, VERDICT_RUNT);
		return;
	}
	const uint32_t hdr = (ip[0] & 15) * 4u, total = word(ip + 2);
	uint32_t sum = 0;

	if (ip[0] >> 4 != 4)
		fault(r, VERDICT_IP_VERSION);
	if (hdr < 20 || hdr > r->left) {
		fault(r, VERDICT_IP_HDR_LEN);
		return;
	}
	if (total < hdr || total > r->left) {
		fault(r, VERDICT_IP_TOTAL_LEN);
		return;
	}
	for (uint32_t i = 0; i < hdr; i += 2)
		sum += word(ip + i);
	if (sum % 65535 != 0) /* never 0: the version is not */
		fault(r, VERDICT_IP_CHECKSUM);
	if (ip[8] == 0)
		fault(r, VERDICT_TTL);
	if (ip[12] == 0 || ip[12] == 127 || ip[12] >= 224)
		fault(r, VERDICT_MARTIAN_SRC);
	if (memcmp(ip + 12, ip + 16, 4) == 0)
		fault(r, VERDICT_LAND);
	if (word(ip + 6) & 0x3fff)
		fault(r, VERDICT_FRAG);
	r->out->l3_len = total;
	r->out->tos = ip[1];
	memcpy(r->out->src, ip + 12, 4);
	memcpy(r->out->dst, ip + 16, 4);
	r->left = total;
	skip(r, hdr);
	read_transport(r, ip[9]);
}

static bool is_extension(uint8_t type)
{
	return type == IPPROTO_HOPOPTS || type == IPPROTO_ROUTING || type == IPPROTO_FRAGMENT ||
	       type == IPPROTO_AH || type == IPPROTO_DSTOPTS;
}

/* One extension header. False where there is no going on. */
static bool read_extension(struct reader *r, uint8_t *type, int nth)
{
	uint32_t size = 8;

	if (nth == 8 || (*type == IPPROTO_HOPOPTS && nth > 0) || r->left < 8 ||
		(*type == IPPROTO_ROUTING && r->at[2] == 0)) {
		fault(r, VERDICT_EXT_HDR);
		return false;
	}
	if (*type == IPPROTO_FRAGMENT) {
		/* offset and "more"; the two bits between are reserved */
		if ((word(r->at + 2) >> 3) != 0 || (r->at[3] & 1)) {
			fault(r, VERDICT_FRAG);
			return false;
		}
	} else if (*type == IPPROTO_AH) {
		size = 4 * (r->at[1] + 2u);
	} else {
		size = 8 * (r->at[1] + 1u);
	}
	if (size > r->left) {
		fault(r, VERDICT_EXT_HDR);
		return false;
	}
	*type = r->at[0];
	skip(r, size);
	return true;
}

static void read_ipv6(struct reader *r)
{
	static const uint8_t zero[15];
	const uint8_t *ip = r->at;

	if (r->left < 40) {
		fault(r, VERDICT_RUNT);
		return;
	}
	const uint32_t payload = word(ip + 4);
	uint8_t type = ip[6];

	if (ip[0] >> 4 != 6)
		fault(r, VERDICT_IP_VERSION);
	if (payload == 0 || payload + 40 > r->left || payload + 40 > 65535) {
		fault(r, VERDICT_IP_TOTAL_LEN);
		return;
	}
	if (ip[7] == 0)
		fault(r, VERDICT_TTL);
	if (ip[8] == 0xff || (memcmp(ip + 8, zero, 15) == 0 && ip[23] <= 1))
		fault(r, VERDICT_MARTIAN_SRC);
	if (memcmp(ip + 8, ip + 24, 16) == 0)
		fault(r, VERDICT_LAND);
	r->out->l3_len = payload + 40;
	r->out->tos = (uint8_t)(word(ip) >> 4);
	memcpy(r->out->src, ip + 8, 16);
	memcpy(r->out->dst, ip + 24, 16);
	r->left = payload + 40;
	skip(r, 40);
	for (int nth = 0; is_extension(type); nth++)
		if (!read_extension(r, &type, nth))
			return;
	read_transport(r, type);
}

uint64_t model_faults(const uint8_t *frame, uint32_t len, struct model_packet *out)
{
	struct reader r = {frame, len, 0, out};
	uint32_t type = 0, tags = 0;

	if (len < 14)
		return MODEL_FAULT(VERDICT_RUNT);
	skip(&r, 12);
	for (;; tags++) {
		if (r.left < 2)
			return MODEL_FAULT(VERDICT_RUNT);
		type = word(r.at);
		if (type != 0x8100 && type != 0x88a8)
			break;
		if (tags == 2)
			return MODEL_FAULT(VERDICT_VLAN);
		if (r.left < 6)
			return MODEL_FAULT(VERDICT_RUNT);
		skip(&r, 4);
	}
	skip(&r, 2);
	out->l3_off = 14 + 4 * tags;
	out->v6 = type == 0x86dd;
	if (type == 0x0800)
		read_ipv4(&r);
	else if (type == 0x86dd)
		read_ipv6(&r);
	else
		fault(&r, VERDICT_ETH_TYPE);
	return r.faults;
}
