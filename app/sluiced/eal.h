/* SPDX-License-Identifier: BSD-3-Clause */

/* Start of DPDK's environment layer from the configuration. */

#ifndef SLUICED_EAL_H
#define SLUICED_EAL_H

#include <sched.h>

#include "conf/conf.h"

/* CPUs for the main lcore and the workers: what the configuration asks for, fitted to what this
 * process may use. One entry a lcore, main first. */
struct eal_cpus {
	uint32_t cpu[CPU_SETSIZE];
	uint32_t n;
	bool moved;  /* some CPU is not the one that was asked for */
	bool shared; /* one CPU serves main and a worker */
};

/* Pure but for `allowed`, the CPUs this process may use (sched_getaffinity). */
void eal_plan_cpus(const struct conf *conf, const cpu_set_t *allowed, struct eal_cpus *out);

/* The text for --lcores. Lcore numbers equal CPU numbers where every lcore has a CPU of its own. */
void eal_format_lcores(const struct eal_cpus *cpus, char *buf, size_t size);

/* Initialise EAL on the calling thread, which becomes the main lcore. extra: the arguments that
 * stood behind "--", which come last and win. need_mb: memory that mbufs will take, for a machine
 * without hugepages. 0, or -errno with a message. eal_stop undoes it. */
int eal_start(
	const struct conf *conf, char **extra, int n_extra, uint32_t need_mb, struct sl_err *err);
void eal_stop(void);

#endif
