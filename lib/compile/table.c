/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "compile/table.h"

struct sched_spec compile_sched_spec(
	const struct conf_pool *pool, const struct maglev_member *members, size_t n)
{
	return (struct sched_spec){
		.scheduler = pool->scheduler,
		.size = pool->table_size,
		.virtual_nodes = pool->virtual_nodes,
		.flows = (uint8_t)pool->p2c_flows,
		.latency = (uint8_t)pool->p2c_latency,
		.errors = (uint8_t)pool->p2c_errors,
		.max_latency_us = pool->max_latency_ms * 1000,
		.members = members,
		.n = n,
	};
}

int compile_program(const struct conf_pool *pool, const struct generation *prev,
	struct sched_program **out, struct sl_err *err)
{
	*out = NULL;
	if (pool->scheduler != SCHEDULER_BPF)
		return 0;
	for (size_t t = 0; prev && t < prev->n_tables; t++) {
		struct sched_program *p = prev->tables[t]->spec.program;

		if (p && p->stamp == pool->program_stamp && strcmp(p->path, pool->program) == 0) {
			*out = program_ref(p);
			return 0;
		}
	}
	return program_load(pool->program, pool->program_stamp, out, err);
}
