/* SPDX-License-Identifier: BSD-3-Clause */

/* Every end a received packet can meet. One row makes the enum value, the counter, the help text of
 * the metric and the row in the documentation. Each received packet is counted under exactly one:
 *
 *     rx == forwarded + answered + punted + held + sum(drops)
 *
 * held goes down again: a packet that no longer waits is counted under its end.
 */

#ifndef SLUICE_BASE_VERDICT_H
#define SLUICE_BASE_VERDICT_H

#include <stdbool.h>

/* X(identifier, name, help) */
#define VERDICT_LIST(X)                                                              \
	X(FORWARDED, "forwarded", "sent to a backend")                               \
	X(PUNTED, "punted", "left to the kernel, which sees the same frame")         \
	X(ANSWERED, "answered", "answered, or read, by Sluice itself")               \
	X(HELD, "held", "waits for its first fragment, or for the lane of its flow") \
	VERDICT_DROP_LIST(X)

/* The first row is the first drop reason: verdict_is_drop() relies on the order. */
#define VERDICT_DROP_LIST(X)                                                                       \
	X(RUNT, "runt", "frame too short for its headers")                                         \
	X(NOT_OUR_MAC, "not_our_mac", "destination MAC is not the port's")                         \
	X(ETH_TYPE, "eth_type", "neither IPv4 nor IPv6")                                           \
	X(VLAN, "vlan", "more than two VLAN tags")                                                 \
	X(IP_VERSION, "ip_version", "IP version does not match the EtherType")                     \
	X(IP_HDR_LEN, "ip_hdr_len", "IPv4 header length below 20 bytes or beyond the packet")      \
	X(IP_TOTAL_LEN, "ip_total_len", "IP length field beyond the frame or below the header")    \
	X(IP_CHECKSUM, "ip_checksum", "IPv4 header checksum wrong")                                \
	X(TTL, "ttl", "TTL or hop limit 0 on arrival")                                             \
	X(FRAG, "frag", "fragment where none passes, or whose first one did not come")             \
	X(FRAG_TINY, "frag_tiny", "fragment that no sender makes")                                 \
	X(FRAG_OVERLAP, "frag_overlap", "of a datagram whose fragments overlap")                   \
	X(FRAG_CACHE_FULL, "frag_cache_full", "no room to wait for the first fragment")            \
	X(EXT_HDR, "ext_hdr", "IPv6 extension header chain broken, too long or not allowed")       \
	X(L4_TRUNCATED, "l4_truncated", "transport header cut short")                              \
	X(L4_PROTO, "l4_proto", "transport protocol not served on a VIP")                          \
	X(TCP_FLAGS, "tcp_flags", "TCP header length or flags that no connection sends")           \
	X(LAND, "land", "source equals destination")                                               \
	X(MARTIAN_SRC, "martian_src", "source address that no host may use, or one of ours")       \
	X(OWN_PROBE, "own_probe", "source address that we reach backends from")                    \
	X(NO_VIP, "no_vip", "no VIP at this address, port and protocol")                           \
	X(NO_TABLE, "no_table", "no backend of the pool has a health verdict yet")                 \
	X(NO_BACKEND, "no_backend", "the pool has no usable backend")                              \
	X(ENCAP_HEADROOM, "encap_headroom", "no room in the buffer for the outer header")          \
	X(TOO_BIG, "too_big", "larger than the MTU towards the backend")                           \
	X(NEIGH_UNRESOLVED, "neigh_unresolved", "next hop of the backend not resolved")            \
	X(RATE_LIMITED, "rate_limited", "an answer was due, but its rate is used up")              \
	X(MBUF_ALLOC, "mbuf_alloc", "no packet buffer to cut the packet into")                     \
	X(ICMP_UNMATCHED, "icmp_unmatched", "ICMP about no flow of a VIP, or that nobody answers") \
	X(ICMP_QUOTE_BAD, "icmp_quote_bad", "ICMP message cut or wrong, or one that quotes so")    \
	X(LOOP, "loop", "our own frame or tunnelled packet came back")                             \
	X(TX_FULL, "tx_full", "transmit ring full")

enum verdict {
#define VERDICT_ENUM(id, name, help) VERDICT_##id,
	VERDICT_LIST(VERDICT_ENUM)
#undef VERDICT_ENUM
		VERDICT_COUNT
};

#define VERDICT_FIRST_DROP VERDICT_RUNT

static inline bool verdict_is_drop(enum verdict v)
{
	return v >= VERDICT_FIRST_DROP && v < VERDICT_COUNT;
}

/* "no_vip" and the like: metric label, JSON key. "?" outside the enum. */
const char *verdict_name(enum verdict v);

/* One line of help for a person. */
const char *verdict_help(enum verdict v);

#endif
