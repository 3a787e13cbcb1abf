/* SPDX-License-Identifier: BSD-3-Clause */

/* What a number depends on besides the code. */

#ifndef SLUICE_BENCH_FACTS_H
#define SLUICE_BENCH_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#define FACT_LEN 96

struct facts {
	char cpu_model[FACT_LEN];
	char kernel[FACT_LEN];
	char compiler[FACT_LEN];
	char governor[FACT_LEN]; /* "not known" where the machine hides it */
	char dpdk[FACT_LEN];
	const char *hash; /* code path */
	const char *code; /* the same of the packet path */
	uint64_t tsc_hz;
	double load;        /* runnable threads on the machine, mean of the last minute */
	uint32_t cpus, cpu; /* of the machine; the one it runs on */
	bool huge;
};

/* EAL is up. cpu, hash, code and huge are the caller's. */
void facts_gather(struct facts *f);

#endif
