/* SPDX-License-Identifier: BSD-3-Clause */

/* Packets in, verdicts and packets out: what the tables of the packet tests run on. */

#ifndef SLUICE_TESTS_HARNESS_H
#define SLUICE_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/pipeline.h"

#include "frame.h"
#include "rig.h"
#include "world.h"

extern struct world *world;

#define OUTCOME_SIDE_MAX 64

/* What came of a burst. */
struct outcome {
	uint16_t n;                    /* frames that leave */
	uint64_t count[VERDICT_COUNT]; /* what the counters grew by */
	uint16_t service[BURST_MAX];
	uint16_t backend[BURST_MAX];
	uint8_t tx_port[BURST_MAX];
	struct frame out[BURST_MAX]; /* len and b only */

	/* What came by the side exit and waits to be sent; its verdicts are in count. */
	uint16_t n_side;
	uint8_t side_port[OUTCOME_SIDE_MAX];
	struct frame side[OUTCOME_SIDE_MAX];
};

/* Start DPDK and build the world, once a process; 0 or -errno. And the end of both. */
int harness_start(void);
void harness_stop(void);

/* A lane that has seen nothing yet, with a flow table if harness_flows says so. */
extern bool harness_flows;
struct lane *harness_lane(void);

/* What a device does to a frame that leaves; `f` has the bytes of the mbuf. NULL: nothing. */
extern void (*harness_device)(const struct rte_mbuf *m, struct frame *f);

/* Run n mbufs, which are given away, through the pipeline on a lane that has seen nothing yet.
 * Proves on the way that each packet is counted once and every mbuf comes back. */
void harness_run(struct outcome *o, uint8_t port, struct rte_mbuf *const *m, uint16_t n);

/* The same on a lane of the caller's. */
void harness_run_on(
	struct lane *l, struct outcome *o, uint8_t port, struct rte_mbuf *const *m, uint16_t n);

/* A frame from its description, to the MAC of a port unless that says otherwise. */
void harness_frame(struct frame *f, const struct frame_spec *s, uint8_t port);

/* What a router on the way to the client says of an answer of the VIP that is too big, with its
 * first 64 bytes. */
void harness_too_big(struct frame *f, const char *vip, uint16_t port, uint16_t client_port,
	uint8_t vlans, uint8_t ttl);

/* Run one frame in one piece with the usual headroom. */
void harness_one(struct outcome *o, uint8_t port, const struct frame *f);

/* Exactly n packets are counted under v, and none under another verdict. */
void harness_expect_count(const struct outcome *o, enum verdict v, uint16_t n);

/* Exactly n packets ended by v, or left as they should for FORWARDED, and nothing else happened. */
void harness_expect(const struct outcome *o, enum verdict v, uint16_t n);

/* Frame number i left as `in` does towards a backend: every byte of it, the port, every checksum. A
 * tunnel's identification and flow label are taken as they come. */
void harness_expect_out(
	const struct outcome *o, uint16_t i, const struct frame *in, const struct world_way *way);

/* The same of frame number i that came by the side exit. */
void harness_expect_side(
	const struct outcome *o, uint16_t i, const struct frame *in, const struct world_way *way);

/* The body of main: n tests twice, on lanes without and with a flow table. Exit status. */
int harness_main(const char *name, const struct CMUnitTest *tests, size_t n);

#endif
