/* SPDX-License-Identifier: BSD-3-Clause */

/* Next hops and what is known of their MAC address: a state machine for each, driven by the
 * kernel's neighbour events and by time. Pure: no sockets, no clock of its own.
 *
 * The kernel sees none of the forwarded packets, so its neighbour entries would go stale and a
 * moved MAC would stay unseen for minutes. So each entry is questioned about once a second:
 *
 *   UNKNOWN  the kernel's entry was not read yet          -> read it
 *   FRESH    answered lately; when due                    -> NUD_PROBE: unicast to the known MAC
 *   ASKED    no answer to the unicast within ASK_MS       -> NUD_FAILED, then NTF_USE: broadcast
 *   SEARCH   broadcast is under way; when the kernel gives up -> NTF_USE again
 *   FIXED    the entry needs no answers (NUD_PERMANENT, NUD_NOARP) and is never touched
 *
 * A known MAC stays in use until HOP_LOST_MS after the first question that found no answer.
 */

#ifndef SLUICE_KERNEL_HOP_H
#define SLUICE_KERNEL_HOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* A refresh a second and two seconds of silence: unresolved 3 s after the last answer. */
#define HOP_REFRESH_MS   1000
#define HOP_LOST_MS      2000

/* A unicast question has this long; then the MAC is looked for by broadcast, once a second, three
 * times, by the kernel. The event of its giving up can get lost: then we ask after HOP_SEARCH_MS.
 */
#define HOP_ASK_MS       700
#define HOP_SEARCH_MS    4000

/* Questions to the network, all next hops together. Above a thousand the refresh becomes slower. */
#define HOP_ASKS_PER_SEC 1000

enum hop_phase {
	HOP_UNKNOWN,
	HOP_FRESH,
	HOP_ASKED,
	HOP_SEARCH,
	HOP_FIXED,
	HOP_UNUSED, /* nobody refers to it any more: hand the entry back to the kernel and forget it
		     */
};

/* What is to be told to the kernel. */
enum hop_action {
	HOP_DO_NOTHING,
	HOP_DO_READ,
	HOP_DO_PROBE,
	HOP_DO_FAIL, /* and then search */
	HOP_DO_SEARCH,
	HOP_DO_CREATE, /* search for one that has no entry yet */
	HOP_DO_RELEASE,
};

struct hop {
	uint32_t ifindex;
	struct sl_addr via;
	struct hop *next; /* in the bucket */
	uint32_t at;      /* index in hop_table.all */
	uint32_t users;
	enum hop_phase phase;
	bool has_mac;
	bool exists; /* the kernel has an entry */
	bool ours;   /* we marked it, and have to hand it back */
	bool silent; /* a question is open since silent_ms */
	struct sl_ether mac;
	uint64_t due_ms;
	uint64_t silent_ms;
	uint64_t searched_ms; /* last broadcast search began */
};

struct hop_table {
	struct hop **all; /* count of them, in no order */
	size_t count, room;
	struct hop **bucket; /* by interface and address; buckets is a power of two */
	size_t buckets;
	uint32_t random;
};

/* 0, or -ENOMEM. */
int hop_table_init(struct hop_table *t);
void hop_table_free(struct hop_table *t);

/* NULL where there is none. */
struct hop *hop_find(const struct hop_table *t, uint32_t ifindex, const struct sl_addr *via);

/* The hop, made if need be, with one user more. NULL without memory. */
struct hop *hop_acquire(
	struct hop_table *t, uint32_t ifindex, const struct sl_addr *via, uint64_t now_ms);

/* One user less. The last one makes it HOP_UNUSED; it goes with hop_drop(). */
void hop_release(struct hop *h, uint64_t now_ms);
void hop_drop(struct hop_table *t, struct hop *h);

/* What to do now, if anything. Changes nothing. */
enum hop_action hop_due(const struct hop *h, uint64_t now_ms);

/* That action was handed to the kernel. */
void hop_acted(struct hop *h, enum hop_action action, uint64_t now_ms);

/* The kernel did HOP_DO_CREATE. */
void hop_created(struct hop *h, uint64_t now_ms);

/* The kernel refused the action with this -errno. */
void hop_refused(struct hop *h, enum hop_action action, int error, uint64_t now_ms);

/* How many of HOP_ASKS_PER_SEC an action takes. 0: it must not be put off. */
uint32_t hop_cost(const struct hop *h, enum hop_action action);

/* The kernel's entry is in this NUD_ state, with this MAC (NULL: none). True when the MAC to use is
 * another one from now on. */
bool hop_heard(struct hop_table *t, struct hop *h, uint16_t nud, const struct sl_ether *mac,
	uint64_t now_ms);

/* Events were lost: read the kernel's entry again, keep what is known until then. */
void hop_doubt(struct hop *h, uint64_t now_ms);

/* The kernel has no entry (any more). */
void hop_gone(struct hop *h, uint64_t now_ms);

/* Forget a MAC that nobody has confirmed for too long. True when that happened. */
bool hop_expire(struct hop *h, uint64_t now_ms);

#endif
