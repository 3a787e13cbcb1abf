/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_version.h>

#include "facts.h"

static void read_model(char out[FACT_LEN])
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	snprintf(out, FACT_LEN, "not known");
	while (f && fgets(line, sizeof line, f)) {
		const char *value = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !value)
			continue;
		snprintf(out, FACT_LEN, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
		break;
	}
	if (f)
		fclose(f);
}

static void read_governor(char out[FACT_LEN], uint32_t cpu)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", cpu);
	f = fopen(path, "r");
	if (!f || !fgets(out, FACT_LEN, f))
		snprintf(out, FACT_LEN, "not known");
	out[strcspn(out, "\n")] = 0;
	if (f)
		fclose(f);
}

void facts_gather(struct facts *f)
{
	struct utsname u;

	read_model(f->cpu_model);
	read_governor(f->governor, f->cpu);
	if (uname(&u) == 0)
		snprintf(f->kernel, sizeof f->kernel, "%.*s", FACT_LEN - 1, u.release);
#ifdef __clang__
	snprintf(f->compiler, sizeof f->compiler, "clang %s", __clang_version__);
#else
	snprintf(f->compiler, sizeof f->compiler, "gcc %s", __VERSION__);
#endif
	snprintf(f->dpdk, sizeof f->dpdk, "%s", rte_version());
	f->tsc_hz = rte_get_tsc_hz();
	f->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (getloadavg(&f->load, 1) != 1)
		f->load = 0;
}
