/* SPDX-License-Identifier: BSD-3-Clause */

/* Every scheduler by name. One row makes the enum value, the word of the configuration with its
 * help, and the row of `schedulers` in lib/table/sched.c, which names its compile function:
 * sched_<id> in lib/table. */

#ifndef SLUICE_BASE_SCHEDULER_H
#define SLUICE_BASE_SCHEDULER_H

/* X(IDENTIFIER, id, name, needs, help). needs: SCHEDULER_PURE = the packet alone decides;
 * SCHEDULER_FLOWS = a connection must be remembered to stay where it is. */
#define SCHEDULER_LIST(X)                                                                 \
	X(MAGLEV, maglev, "maglev", SCHEDULER_PURE, "consistent hashing, weighted")       \
	X(RING, ring, "ring", SCHEDULER_PURE,                                             \
		"consistent hashing by a ring of virtual nodes, weighted")                \
	X(SOURCE_HASH, source_hash, "source-hash", SCHEDULER_PURE,                        \
		"another name for maglev with hash = \"source\"")                         \
	X(RANDOM, random, "random", SCHEDULER_FLOWS, "by chance, weighted")               \
	X(RR, rr, "rr", SCHEDULER_FLOWS, "in turn, weights do not count")                 \
	X(WRR, wrr, "wrr", SCHEDULER_FLOWS, "in turn, as often as the weight says")       \
	X(LC, lc, "lc", SCHEDULER_FLOWS, "fewest flows")                                  \
	X(WLC, wlc, "wlc", SCHEDULER_FLOWS, "fewest flows for the weight")                \
	X(P2C, p2c, "p2c", SCHEDULER_FLOWS,                                               \
		"the better of two drawn by weight: flows, latency, errors")              \
	X(LEAST_LATENCY, least_latency, "least-latency", SCHEDULER_FLOWS,                 \
		"lowest latency of probes, sharing out between two probes by the weight") \
	X(BPF, bpf, "bpf", SCHEDULER_FLOWS, "an eBPF program of yours, see program")

enum scheduler_needs { SCHEDULER_PURE, SCHEDULER_FLOWS };

enum scheduler {
#define X(ID, id, name, needs, help) SCHEDULER_##ID,
	SCHEDULER_LIST(X)
#undef X
		SCHEDULER_COUNT
};

/* Its name in the configuration, and what it needs. */
const char *scheduler_name(enum scheduler s);
enum scheduler_needs scheduler_needs(enum scheduler s);

#endif
