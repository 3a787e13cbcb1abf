/* SPDX-License-Identifier: BSD-3-Clause */

/* A scheduler of the operator's own: an eBPF object, run in the worker for each new flow of a pool
 * with scheduler = "bpf". Loaded and verified by librte_bpf, compiled to machine code where it can.
 * What such a program sees and may call stands in examples/sched/sluice_sched.h. Loops, maps and
 * calls of anything else are refused when it is loaded. */

#ifndef SLUICE_TABLE_PROGRAM_H
#define SLUICE_TABLE_PROGRAM_H

#include <stdint.h>

#include "base/err.h"

/* Section of the object that is run. */
#define PROGRAM_SECTION "sluice/sched"

/* The new flow, as a program reads it: struct sluice_sched of the header for programs. */
struct program_flow {
	uint64_t hash;      /* slot hash by the fields that the pool's `hash` names */
	uint8_t source[16]; /* IPv4 as IPv4-mapped IPv6 */
	uint32_t members;
	uint16_t sport; /* host order */
	uint16_t dport;
	uint8_t protocol;
	uint8_t dscp;
	uint8_t zero[6];
};

/* What the helpers need besides; not for the program's eyes. */
struct program_call {
	struct program_flow flow;
	uint64_t (*load)(const struct program_call *call, uint64_t member);
	const void *lane, *table;
};

struct rte_bpf;

/* Shared by the tables that run it; the reference count is the control side's and the builder's. */
struct sched_program {
	uint64_t (*run)(void *flow); /* machine code; NULL: bpf is interpreted */
	struct rte_bpf *bpf;
	uint32_t refs;
	uint64_t stamp; /* the state of the file that it is */
	char path[256];
};

/* Read, verify and compile. 0, or -errno with a message that names the file. Builder thread. */
int program_load(const char *path, uint64_t stamp, struct sched_program **out, struct sl_err *err);

struct sched_program *program_ref(struct sched_program *p);
/* NULL is fine. */
void program_unref(struct sched_program *p);

/* The number of the member that it chooses, or any other number. Worker. */
uint64_t program_run(const struct sched_program *p, struct program_call *call);

#endif
