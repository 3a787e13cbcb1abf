/* SPDX-License-Identifier: BSD-3-Clause */

/* Sums of the lanes' counters, and rates over the last second.
 * A counter belongs to a number (service id, backend slot); when the number passes to a new holder
 * its rows start from zero again. Control thread; the sums may also be read by telemetry threads
 * that hold the control lock. */

#ifndef SLUICED_STATS_H
#define SLUICED_STATS_H

#include "compile/ids.h"
#include "datapath/lane.h"

struct stats_row {
	uint32_t epoch;              /* holder that the base belongs to */
	struct traffic base;         /* sum when the holder got the number */
	struct traffic last;         /* sum at the last tick */
	double pps, bps;             /* packets and bits per second */
	uint64_t new_base, new_last; /* as base and last, of flows that began */
	double new_ps;
	uint64_t over_base; /* as base, of flows above max_flows; backends only */
};

struct stats {
	struct lane *const *lanes;
	uint32_t n_lanes;
	uint64_t last_ms;
	struct stats_row *services; /* by service id */
	struct stats_row *backends; /* BACKEND_SLOTS rows */
	uint64_t verdict_last[VERDICT_COUNT];
	double verdict_pps[VERDICT_COUNT];
	uint64_t rx_last;
	double rx_pps;
};

enum stats_kind { STATS_SERVICE, STATS_BACKEND };

/* Rates count from now_ms on. 0 or -ENOMEM. */
int stats_init(struct stats *s, struct lane *const *lanes, uint32_t n_lanes, uint64_t now_ms);
void stats_clear(struct stats *s);

/* Rows of numbers whose holder changed start from here. After every ids_assign. */
void stats_follow(struct stats *s, enum stats_kind kind, const struct ids *ids);

/* Once a second: rates since the last call. */
void stats_tick(struct stats *s, uint64_t now_ms, uint32_t n_services, uint32_t n_backends);

/* Packets and bytes since the holder of the number has it. */
struct traffic stats_read(const struct stats *s, enum stats_kind kind, uint16_t id);

/* Flows that began since then. */
uint64_t stats_new_flows(const struct stats *s, enum stats_kind kind, uint16_t id);

/* Those of them that a backend got above its max_flows, because no other that was tried had room.
 */
uint64_t stats_over(const struct stats *s, uint16_t slot);

/* Flows that a backend has now, over all lanes. */
uint64_t stats_flows(const struct stats *s, uint16_t slot);

const struct stats_row *stats_row(const struct stats *s, enum stats_kind kind, uint16_t id);

/* Packets under one verdict; packets received. All lanes. (A packet on its way between two lanes
 * may be seen where it is taken and not yet where it was held: held is never below 0 for that.) */
uint64_t stats_verdict(const struct stats *s, enum verdict v);
uint64_t stats_rx(const struct stats *s);

/* Packets that lanes sent off to where their flow is, that another lane took, and that stayed
 * because too many were under way. All lanes. */
struct stats_relay {
	uint64_t asked, taken, refused;
};

struct stats_relay stats_relay(const struct stats *s);

/* Packets under any drop reason, and their rate. */
uint64_t stats_dropped(const struct stats *s);
double stats_dropped_pps(const struct stats *s);

#endif
