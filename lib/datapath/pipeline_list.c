/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/pipeline.h"
#include "eal/cpu.h"

extern const struct pipeline pipeline_base;
#ifdef PIPELINE_HAS_V3
extern const struct pipeline pipeline_v3;
#endif

const struct pipeline *pipeline_now = &pipeline_base;

uint32_t pipeline_list(const struct pipeline *out[PIPELINES_MAX])
{
	uint32_t n = 0;

	out[n++] = &pipeline_base;
#ifdef PIPELINE_HAS_V3
	if (cpu_has_v3())
		out[n++] = &pipeline_v3;
#endif
	return n;
}

const char *pipeline_init(void)
{
	const struct pipeline *all[PIPELINES_MAX];

	pipeline_now = all[pipeline_list(all) - 1];
	return pipeline_now->name;
}
