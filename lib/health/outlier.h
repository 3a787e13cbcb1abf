/* SPDX-License-Identifier: BSD-3-Clause */

/* Passive outlier detection: a member whose probes are good, but whose traffic fails, is held out
 * of its pool for a while. Named after what Envoy calls so (envoyproxy.io, "Outlier detection",
 * failure percentage). Pure, like health.h.
 *
 * At the end of each interval, the ready members that are UP and had min_flows new flows are looked
 * at, the worst first: one with error_pct failures or more for its new flows is ejected, as long as
 * no more than max_eject_pct of the ready members are. It is out for eject_ms, twice as long each
 * further time, max_eject_ms at most. At the end of an interval in which it was not ejected, after
 * as long in the pool as it was out last, one time is forgotten. */

#ifndef SLUICE_HEALTH_OUTLIER_H
#define SLUICE_HEALTH_OUTLIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a pool. */
struct outlier_rules {
	uint32_t error_pct; /* 0 = nobody is ejected */
	uint32_t min_flows;
	uint32_t interval_ms;
	uint32_t eject_ms, max_eject_ms;
	uint32_t max_eject_pct;
};

/* Of a member; zero at first. */
struct outlier {
	uint64_t flows, failures; /* since the interval began */
	bool ejected;
	uint32_t times;      /* ejections that are not forgotten */
	uint64_t since_ms;   /* when it was ejected, or came back */
	uint64_t out_ms;     /* how long it is, or was, out */
	uint64_t why_flows;  /* when it was ejected last: the new flows of the interval */
	uint64_t why_failed; /* and how many of them failed */
};

/* A member of the pool that is looked at. */
struct outlier_member {
	struct outlier *o;
	bool may; /* ready and UP: nobody else is ejected, or stays so */
	bool ready;
	bool changed; /* out: it was ejected, or came back */
};

/* Time passed. *interval_ms: when the interval of the pool began; 0: the first one begins now, and
 * what was counted before is of none. */
void outlier_run(const struct outlier_rules *r, uint64_t *interval_ms, struct outlier_member *m,
	size_t n, uint64_t now_ms);

#endif
