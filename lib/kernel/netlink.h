/* SPDX-License-Identifier: BSD-3-Clause */

/* A mirror of the kernel's routes and neighbours for the addresses of the backends: to which
 * interface and which MAC would a packet to each of them go?
 *
 * The kernel decides, policy rules included; the mirror asks it anew when routes, rules, addresses
 * or interfaces change, and once in a while for what changes without notice (a learned path MTU).
 * What is not resolved yet it makes the kernel resolve. What is resolved it keeps fresh: a next hop
 * whose MAC moves is followed within 3 s even if it never tells, and one that has not answered for
 * 3 s is unresolved. Both hold for up to 1,500 next hops (1,000 questions a second in total); with
 * more, the questions are spread further apart. Static entries (NUD_PERMANENT) are taken as they
 * are. Entries that the mirror keeps carry the flag `extern_learn` in `ip neigh`; they lose it
 * again when nobody watches them, and after a kill they are ordinary entries for every purpose but
 * the kernel's garbage collection. No sysctl is changed.
 *
 * Thread: all functions from one thread (control). None blocks; work for many addresses is done in
 * slices of about a millisecond. The namespace is the one the thread was in at mirror_open().
 */

#ifndef SLUICE_KERNEL_NETLINK_H
#define SLUICE_KERNEL_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/vlan.h"

enum nexthop_state {
	NEXTHOP_NO_ROUTE,   /* none, or one that leads nowhere: local, blackhole, unreachable ... */
	NEXTHOP_UNRESOLVED, /* nobody answers for it; or not asked yet: then ifindex is 0 too */
	NEXTHOP_RESOLVED,
};

struct nexthop {
	enum nexthop_state state;
	uint32_t ifindex;      /* 0 without route */
	struct sl_ether mac;   /* NEXTHOP_RESOLVED only */
	struct sl_addr via;    /* the gateway, or the address itself; may be of the other family */
	struct sl_addr source; /* address that the kernel would use as source */
	bool has_source;
	uint32_t mtu; /* bytes: of the route, else of the interface; 0: unknown */
};

struct mirror;

/* 0; -errno with a message (-EPERM: which capability is missing). *out is then NULL. */
int mirror_open(struct mirror **out, struct sl_err *err);

/* Hands the neighbour entries back to the kernel. NULL is fine. */
void mirror_close(struct mirror *m);

/* Readable (level) = call mirror_process(). The same descriptor until mirror_close(). */
int mirror_fd(const struct mirror *m);

/* The addresses to watch from now on, in any order, duplicates allowed. What is known of those that
 * stay is kept; the first 256 new ones have their route when this returns, the others soon after.
 * 0, or -ENOMEM: the old set stays. */
int mirror_watch(struct mirror *m, const struct sl_addr *addrs, size_t n);

/* Read what the kernel has to tell, do a slice of the work. True when the answer for a watched
 * address may be another one since the last true (of this or of mirror_tick()). */
bool mirror_process(struct mirror *m);

/* The same, and what time demands: refresh, repeat, give up. now_ms: CLOCK_MONOTONIC. */
bool mirror_tick(struct mirror *m, uint64_t now_ms);

/* How often to call mirror_tick(); constant. */
uint32_t mirror_tick_ms(const struct mirror *m);

/* The answer for one address. False: it is not watched. */
bool mirror_find(const struct mirror *m, const struct sl_addr *addr, struct nexthop *out);

/* The tags of a frame that the kernel sends by interface `ifindex`, as it leaves interface `below`:
 * none where both are the same, else those of the VLAN interfaces between. False: what is sent by
 * the one does not leave by the other as it is, or has more than SL_VLANS_MAX tags. */
bool mirror_tags(const struct mirror *m, uint32_t ifindex, uint32_t below, struct sl_vlans *out);

#endif
