/* SPDX-License-Identifier: BSD-3-Clause */

/* The command line of sluice-bench. */

#ifndef SLUICE_BENCH_OPTIONS_H
#define SLUICE_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What may vary from case to case. Each is a list on the command line; the cases are all
 * combinations. */
enum axis {
	AXIS_FLOWS,
	AXIS_TABLE,
	AXIS_FORWARD,
	AXIS_TRAFFIC,
	AXIS_FAMILY,
	AXIS_SIZE,
	AXIS_VIPS,
	AXIS_HIT,
	AXIS_BACKENDS,
	AXIS_SKEW,
	AXIS_NEW,
	AXES
};

enum forward_value { FORWARD_IPIP, FORWARD_IPIP6, FORWARD_L2 };
enum traffic_value { TRAFFIC_ACK, TRAFFIC_SYN, TRAFFIC_UDP, TRAFFIC_MIX };
enum family_value { FAMILY_V4, FAMILY_V6, FAMILY_MIX };
enum skew_value { SKEW_UNIFORM, SKEW_ZIPF };

/* AXIS_TABLE: as large as the flows need, at least what the daemon takes by default. */
#define TABLE_AUTO       UINT32_MAX

#define AXIS_VALUES_MAX  16
#define OPTIONS_CPU_LAST UINT32_MAX

struct options {
	struct axis_values {
		uint32_t v[AXIS_VALUES_MAX];
		uint32_t n;
	} axis[AXES];
	bool axis_given; /* else the cases with a goal are run */

	uint32_t cpu;     /* OPTIONS_CPU_LAST: the last one that is allowed */
	uint32_t rounds;  /* 0: the usual number */
	uint32_t slice;   /* packets in one slice of a round; 0: the usual number */
	uint32_t ahead;   /* bursts that the generator is ahead of the pipeline */
	uint32_t packets; /* in the file to write; 0: one a flow */
	bool quick, stages, latency, memory, neighbour, scalar, no_avx2, no_huge, help, version;
	const char *json, *write;
};

/* Fill *o. 0, or -EINVAL with every mistake. */
int options_parse(struct options *o, int argc, char **argv, struct sl_err *err);

void options_print_help(void);

/* A value of an axis as it is written on the command line: "100k", "ipip". buf: 16 bytes. Returns
 * buf. */
const char *options_value(enum axis a, uint32_t value, char *buf);

/* "flows" and the like. */
const char *options_axis_name(enum axis a);

#endif
