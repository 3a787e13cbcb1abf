/* SPDX-License-Identifier: BSD-3-Clause */

/* Configuration and view of the network to generation. Pure: everything it reads is in the
 * input. */

#ifndef SLUICE_COMPILE_COMPILE_H
#define SLUICE_COMPILE_COMPILE_H

#include "base/offload.h"
#include "conf/conf.h"
#include "table/generation.h"

/* What is known of a port when it runs. */
struct compile_port {
	struct sl_ether mac;
	uint32_t mtu;      /* bytes of an IP packet */
	bool shared;       /* the kernel sees every frame too */
	uint32_t offloads; /* of enum offload: what its device does */
};

/* The way from here to one backend. */
struct compile_hop {
	bool resolved; /* the rest is valid */
	uint8_t port;  /* egress, index into conf.ports */
	bool on_link;  /* mac is the backend's own, not a router's */
	bool has_source;
	struct sl_ether mac;
	struct sl_addr source; /* our address towards the backend */
	struct sl_vlans vlans; /* tags of the frame; n 0 = none */
	uint32_t mtu;          /* of the route; 0 = the port's */
};

/* A backend that is in no pool any more but still has connections. It and its former pool are held
 * by value, without what they point to. */
struct compile_leaver {
	struct conf_backend be;
	struct conf_pool pool;
	uint16_t slot;
	uint64_t since_ms; /* when its drain began; the caller's clock */
	uint64_t until_ms; /* when its time is over */
	struct compile_hop hop;
};

/* Arrays "by backend" list the backends of the first pool, then of the second, and so on. */
struct compile_input {
	const struct conf *conf;
	uint64_t revision;
	const struct compile_port *ports; /* by port */
	const struct compile_hop *hops;   /* by backend */
	const uint16_t *slots;            /* by backend */
	const bool *drained;              /* by backend: in drain, and its time is over; or NULL */
	const uint16_t *services;         /* by VIP: service ids */
	const uint16_t *pools;            /* by pool: numbers that stay; NULL = their places */
	const struct health_view *health; /* NULL: every backend is up, at its weight */
	const struct compile_leaver *leavers;
	size_t n_leavers;
	uint32_t n_slots;              /* above every slot */
	uint32_t n_services;           /* above every service id */
	const struct generation *prev; /* its unchanged tables are shared; may be NULL */
};

/* 0 and a generation that the caller owns, or -errno with a message. Builder thread. prev must stay
 * alive until it returns. */
int compile_generation(const struct compile_input *in, struct generation **out, struct sl_err *err);

/* Bytes that the transform puts in front of an IP packet for a backend of this
 * address. */
uint32_t compile_overhead(enum conf_forward forward, const struct sl_addr *backend);

/* Has this way to a backend an outer header, with a source address? */
bool compile_has_outer(enum conf_forward forward);

#endif
