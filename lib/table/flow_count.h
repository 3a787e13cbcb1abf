/* SPDX-License-Identifier: BSD-3-Clause */

/* A table's counters have one writer; readers on other threads see no torn value. */

#ifndef SLUICE_TABLE_FLOW_COUNT_H
#define SLUICE_TABLE_FLOW_COUNT_H

#include "table/flow.h"

static inline void flow_count(uint64_t *c, uint64_t n)
{
	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline void flow_shift(uint32_t *c, int32_t by)
{
	__atomic_store_n(c, __atomic_load_n(c, __ATOMIC_RELAXED) + (uint32_t)by, __ATOMIC_RELAXED);
}

#endif
