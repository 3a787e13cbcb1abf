/* SPDX-License-Identifier: BSD-3-Clause */

/* Inside of the mirror, shared by its files:
 *
 *   mirror.c    open, close, the calls of netlink.h
 *   targets.c   the set of watched addresses
 *   listen.c    events of the kernel -> what has to be asked anew
 *   ask.c       a slice of that asking: routes, then neighbours
 */

#ifndef SLUICE_KERNEL_MIRROR_H
#define SLUICE_KERNEL_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/hop.h"
#include "kernel/links.h"
#include "kernel/route.h"
#include "kernel/rtnl.h"

#define MIRROR_TICK_MS    100

/* Questions to the network that may be put in one go after a pause. */
#define MIRROR_TOKENS_MAX (HOP_ASKS_PER_SEC * MIRROR_TICK_MS / 1000)

/* A watched address. */
struct target {
	struct sl_addr addr;
	struct route route;
	struct hop *hop; /* NULL without route */
	bool asked;      /* route is known */
	bool dirty;      /* and may be another one by now */
};

/* Sorted by address, so that a prefix is a run of neighbours. */
struct targets {
	struct target *item;
	size_t count;
	size_t dirty;
	size_t cursor; /* where the next slice begins to look */
};

struct mirror {
	struct rtnl events; /* multicast groups */
	struct rtnl query;  /* questions and answers */
	int epoll;          /* over events and timer: the one descriptor the caller polls */
	int timer;          /* when the next slice is to be done */
	bool armed;         /* timer is set */
	struct targets targets;
	struct hop_table hops;
	size_t hop_cursor;
	struct links links;
	uint64_t now_ms;
	uint64_t full_ms; /* when everything was last marked dirty for no other reason than time */
	uint64_t resync_ms; /* of the last re-reading after lost events */
	uint32_t tokens;    /* questions to the network that may be put now */
	bool changed;       /* some answer, since the caller was last told */
	bool resync;        /* events were lost */
};

/* targets.c */

/* NULL where it is not watched. */
struct target *target_find(const struct targets *t, const struct sl_addr *addr);

/* Mark all in the range dirty. */
void targets_mark(struct targets *t, const struct route_range *range);

/* Replace the set; targets that stay move with all they know, *gone receives those that do not
 * (count of them in *gone_count, to be freed by the caller). 0, or -ENOMEM: nothing happened. */
int targets_replace(struct targets *t, const struct sl_addr *addrs, size_t n, struct target **gone,
	size_t *gone_count);

/* listen.c */

/* Open the event socket with its groups. 0, or -errno with a message. */
int listen_open(struct mirror *m, struct sl_err *err);

/* Read what waits, a bounded number of messages. */
void listen_drain(struct mirror *m);

/* ask.c */

/* Set the timer, if it is not set. */
void ask_arm(struct mirror *m, uint32_t delay_ms);

/* Up to 256 questions about routes. */
void ask_routes(struct mirror *m);

/* One round over the next hops: what is due is said to the kernel, within the rate. */
void ask_hops(struct mirror *m);

/* A neighbour's state as the kernel tells it. */
void ask_heard_neigh(struct mirror *m, const struct nlmsghdr *nlh);

/* Read all that events would have told: the interfaces now, routes and neighbours in slices. */
void ask_resync(struct mirror *m);

/* Hand all neighbour entries back to the kernel. */
void ask_release_all(struct mirror *m);

#endif
