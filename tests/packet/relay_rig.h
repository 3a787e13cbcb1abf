/* SPDX-License-Identifier: BSD-3-Clause */

/* Lanes that relay to each other, for test_relay.c: what comes in by which, and where it leaves. */

#ifndef SLUICE_TESTS_RELAY_RIG_H
#define SLUICE_TESTS_RELAY_RIG_H

#include "datapath/relay.h"
#include "datapath/slow.h"

#include "harness.h"

#define LANES_MOST 5
#define PIECES     4

extern struct lane *lanes[LANES_MOST];
extern uint32_t n_lanes;
extern struct rss_map maps[2]; /* of the ports that packets may come in by */

/* A packet of a flow, the same in pieces, and an ICMP error about the flow. */
extern struct frame whole, piece[PIECES], error;
extern uint32_t n_pieces;

/* What has left by the side exit since start(): in all, by backend and by lane. */
extern uint32_t n_left, left_to[BACKEND_SLOTS], left_by[LANES_MOST];

/* n lanes that have seen nothing. known: RSS puts every flow into `queue`, else it says nothing. */
void start(uint32_t n, bool known, uint16_t queue);

/* Over all lanes. */
uint64_t total(enum verdict v);

/* A frame comes in by a lane. Returns the backend of one that goes down the line, else 0xffff. */
uint16_t receive(uint32_t lane, const struct frame *f);

/* Send what waits in a lane. */
void collect(struct lane *l);

/* All that is under way comes home. */
void settle(void);

/* The end: every packet was counted once, nothing waits, and all buffers are back. */
void finish(void);

/* Make `whole`, `piece` and `error` of a flow to a pool. id: of the pieces. */
void make(bool six, enum world_pool pool, uint16_t sport, uint16_t id);

/* `whole` comes in by a lane, whose flow then gets another backend than its table would choose: as
 * if weights had changed since. Returns that one. */
uint16_t remember_elsewhere(uint32_t lane);

#endif
