/* SPDX-License-Identifier: BSD-3-Clause */

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
