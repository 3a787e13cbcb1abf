/* SPDX-License-Identifier: BSD-3-Clause */

/* A generation: everything a packet reads, made once from one configuration and one view of the
 * network, published by one pointer and never changed after that. */

#ifndef SLUICE_TABLE_GENERATION_H
#define SLUICE_TABLE_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "eal/hash.h"
#include "table/backend.h"
#include "table/flow.h"
#include "table/health_view.h"
#include "table/own.h"
#include "table/rules.h"
#include "table/sched.h"
#include "table/vip.h"

#define GENERATION_MAX_PORTS 16
#define GENERATION_MAX_POOLS 4096
#define POOL_NONE            0xffff

/* Which fields of the flow key choose the table entry. */
enum slot_fields {
	SLOT_FIELDS_5TUPLE,
	SLOT_FIELDS_SOURCE,
	SLOT_FIELDS_SOURCE_DEST,
};

/* What becomes of fragments. */
enum service_fragments { SERVICE_FRAGMENTS_TRACK, SERVICE_FRAGMENTS_DROP };

/* What becomes of an ICMP echo request. */
enum service_echo { SERVICE_ECHO_ANSWER, SERVICE_ECHO_BACKEND, SERVICE_ECHO_DROP };

/* A VIP as the packet path sees it. */
struct service {
	const uint16_t *entry; /* table of the pool */
	uint32_t size;
	uint8_t fields;      /* enum slot_fields */
	uint8_t shape;       /* enum sched_shape */
	uint16_t pool;       /* its number in this generation */
	uint16_t pool_id;    /* its number in all generations */
	uint32_t persist_s;  /* its clients are remembered so long (session.h); 0 = not */
	struct rules *rules; /* NULL: every flow goes to the pool above; owned by the generation */
	const struct sched_table *table; /* the rest of it, for other shapes than TABLE */
	uint8_t action;    /* enum pool_action: what happens where the table has no backend */
	uint8_t fragments; /* enum service_fragments */
	bool untracked;    /* the pool's flows are not remembered; shape is TABLE then */
	bool forgotten;    /* of a VIP: neither are those of any pool that serves it */
	uint8_t echo;      /* enum service_echo; the same for all of an address */
};

struct gen_port {
	struct sl_ether mac;
	bool accept_any; /* frames to any unicast MAC are ours */
	bool shared;     /* the kernel sees every frame too (af_packet) */
};

struct generation {
	uint64_t revision;
	struct hash_key slot_key;
	struct flow_timeouts flow_timeouts;
	struct vip_table vips;
	/* VIPs noted; tunnel sources, tunnelled backends, addresses that we reach backends from */
	struct own_set own;
	struct gen_port ports[GENERATION_MAX_PORTS];
	bool some_forgotten; /* services */
	bool some_limited;   /* backends have max_flows */
	uint32_t n_services; /* by service id; ids without a VIP are unused rows */
	uint32_t n_backends; /* by backend slot; slots without a backend are unused rows */
	struct service *services;
	struct backend *backends;
	uint16_t *pool_of; /* by backend slot: pool_id of its pool, POOL_NONE where there is none */
	bool has_sessions; /* some service has persist_s */

	/* Control side only. */
	struct sched_table **tables; /* one a pool, in the order of the configuration */
	size_t n_tables;
	uint32_t *owned; /* by backend slot: entries of its pool's table */

	/* Control side: slots of the backends whose flows are to be counted every few ms, because a
	 * scheduler or a limit of their pool goes by it. NULL for none. */
	uint16_t *counted;
	size_t n_counted;
	uint32_t *max_flows; /* by backend slot; 0 = no limit */
};

/* An empty generation with room for these numbers of ids; all rows zero, no VIP, no table.
 * NULL without memory. */
struct generation *generation_new(uint32_t n_services, uint32_t n_backends, size_t n_tables);

/* Free it and drop its references. Control lock held, all workers past it. NULL is fine. */
void generation_free(struct generation *g);

#endif
