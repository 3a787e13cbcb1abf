/* SPDX-License-Identifier: BSD-3-Clause */

/* The same traffic through different loops of the packet path. A twin is a lane that gets bursts
 * by a plan of random numbers; two of the same plan get the same bursts, whatever loops they run.
 * What leaves is taken from devices, so that transmission and its counters are part of it. */

#ifndef SLUICE_TESTS_TWIN_H
#define SLUICE_TESTS_TWIN_H

#include "datapath/ahead.h"
#include "harness.h"
#include "random.h"

#define TWIN_POLLS 400

/* What leaves, in the order in which it does: to backends by each port, and answers. */
enum twin_list { TWIN_WAN, TWIN_LAN, TWIN_ANSWERS, TWIN_LISTS };

struct twin_packet {
	uint32_t len;
	uint8_t b[2048];
};

/* The loops, and what they run on. */
struct twin_way {
	const char *name;
	const struct pipeline *pipeline;
	bool ahead;    /* look one burst ahead */
	bool scalar;   /* the hash in plain C */
	bool lonely;   /* packet by packet, each beside one that nobody serves */
	uint32_t most; /* entries of the flow table */
	uint32_t start;
	bool exact_keys;
};

/* The bursts. */
struct twin_plan {
	uint32_t clients; /* flows of a service, about */
	bool once;        /* no two packets of a burst belong to the same flow */
};

struct twin {
	const struct twin_way *way;
	const struct twin_plan *plan;
	struct random r;
	struct lane *l;
	uint32_t polls;  /* left */
	uint32_t phase;  /* of the traffic */
	bool silent;     /* the last poll found nothing */
	uint32_t turned; /* tables of the pools, so many times */
	uint64_t lonely; /* packets that were put beside others */
	uint64_t taken;  /* packets that came */
	uint32_t mbufs;  /* in use at the begin */

	struct packets {
		struct twin_packet *p;
		uint32_t n, room;
	} out[TWIN_LISTS];
};

/* Devices that hold what is sent. Once a process, before the first twin. */
void twin_devices(void);

/* All bursts of the plan, by these loops. Twins end in the reverse order of their starts, so that
 * their mbufs can be counted. */
void twin_run(struct twin *t, const struct twin_way *way, const struct twin_plan *plan);
void twin_end(struct twin *t);

/* The next burst of the plan; 0 as well while some are left: a poll that finds nothing. */
uint16_t twin_take(void *arg, struct burst *b);

/* A lane and a plan at their begin, for who runs the loops himself. */
void twin_start(struct twin *t, const struct twin_way *way, const struct twin_plan *plan);
void twin_give(void *arg, struct lane *l, struct burst *b);

/* The same packets left, and the same counters grew. `masked`: what depends on how packets were put
 * together into bursts is left out: identifications of outer headers. */
void twin_compare(const struct twin *a, const struct twin *b, bool masked);

/* The flow tables are equal bit by bit. */
void twin_compare_flows(const struct flow_table *a, const struct flow_table *b);

#endif
