/* SPDX-License-Identifier: BSD-3-Clause */

/* A backend as the packet path sees it: what to do with a packet that goes there. */

#ifndef SLUICE_TABLE_BACKEND_H
#define SLUICE_TABLE_BACKEND_H

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "base/offload.h"
#include "net/tunnel.h"

/* A backend slot is 14 bits; the two bits above it in a table entry are flags. */
#define BACKEND_SLOT_MASK 0x3fff
#define BACKEND_SLOTS     0x3fff

/* The transforms. A burst is grouped by these, so they are as few as code paths. */
enum transform {
	TRANSFORM_SET_MAC,    /* rewrite the Ethernet header */
	TRANSFORM_PUSH4,      /* put an outer IPv4 header in front */
	TRANSFORM_PUSH6,      /* put an outer IPv6 header in front */
	TRANSFORM_VARY4,      /* PUSH4 with a source address that varies by flow */
	TRANSFORM_VARY6,      /* PUSH6, the same */
	TRANSFORM_GUE4,       /* outer IPv4, UDP and GUE header */
	TRANSFORM_GUE6,       /* outer IPv6, UDP and GUE header */
	TRANSFORM_SET_DSCP,   /* rewrite destination address and DSCP: layer 3 DSR */
	TRANSFORM_UNRESOLVED, /* next hop unknown: drop */
	TRANSFORM_COUNT
};

/* May packets go there? Zero is gone, so a row that nobody filled sends nothing. */
enum backend_state {
	BACKEND_GONE,  /* no packet; its flows start over */
	BACKEND_DOWN,  /* TCP packets of flows it has, no new flow; UDP flows start over */
	BACKEND_DRAIN, /* packets of flows it has, no new flow */
	BACKEND_READY,
};

/* What becomes of a packet that does not fit and may be cut. */
enum backend_oversize { BACKEND_OVERSIZE_CUT, BACKEND_OVERSIZE_DROP };

/* Bits of a packet's way beside 1 << transform: what few backends ask for. */
#define BACKEND_TTL      (1u << 12) /* one hop less to live */
#define BACKEND_MSS      (1u << 13) /* lower the MSS of a SYN */
#define BACKEND_UDP_CSUM (1u << 14) /* checksum of GUE's UDP header in full */
#define BACKEND_TAGS     (1u << 15) /* VLAN tags */
#define BACKEND_BEFORE   (BACKEND_TTL | BACKEND_MSS | BACKEND_TAGS)
#define BACKEND_AFTER    (BACKEND_UDP_CSUM | BACKEND_TAGS)

static_assert(TRANSFORM_COUNT <= 12, "a bit each below those");

/* One line for all IPv4 transforms. Immutable after publish. The first eight bytes are what a
 * packet's way is planned by; a burst holds them as one number. */
struct backend {
	alignas(64) uint8_t transform; /* enum transform */
	uint8_t state;                 /* enum backend_state */
	uint8_t port;                  /* egress port, index into generation.ports */
	uint8_t oversize;              /* enum backend_oversize */
	uint16_t way;                  /* 1 << transform, and the bits above */
	uint16_t inner_max;            /* largest IP packet that fits the MTU after the transform */
	struct tunnel tunnel;
	uint16_t mss; /* with BACKEND_MSS: most; 0 = what inner_max has room for */
	uint8_t nic;  /* of enum offload: what the port's device does to packets that go there */
	uint8_t tags_len;                  /* with BACKEND_TAGS: 4 or 8 */
	uint8_t tags[VLAN_MAX * VLAN_LEN]; /* as they stand behind the MAC addresses */
};

/* Bytes in front of a packet that goes there. */
static inline uint32_t backend_hdr_len(const struct backend *be)
{
	return (uint32_t)be->tunnel.len + be->tags_len;
}

static_assert(sizeof(struct backend) == 128, "two cache lines");
static_assert(OFFLOAD_COUNT <= 8, "a bit each in nic");
static_assert(offsetof(struct backend, port) == 2 && offsetof(struct backend, way) == 4 &&
		      offsetof(struct backend, inner_max) == 6 &&
		      offsetof(struct backend, tunnel) == 8,
	"backend_brief holds them");
static_assert(offsetof(struct backend, tunnel.hdr) + ETH_LEN + IPV4_LEN + TUNNEL_GUE_LEN <= 64,
	"GUE4: one line");

static inline uint64_t backend_brief(const struct backend *be)
{
	uint64_t brief;

	memcpy(&brief, be, sizeof brief);
	return brief;
}

static inline uint8_t brief_transform(uint64_t brief)
{
	return (uint8_t)brief;
}

static inline uint8_t brief_state(uint64_t brief)
{
	return (uint8_t)(brief >> 8);
}

static inline uint8_t brief_port(uint64_t brief)
{
	return (uint8_t)(brief >> 16);
}

static inline uint16_t brief_way(uint64_t brief)
{
	return (uint16_t)(brief >> 32);
}

#endif
