/* SPDX-License-Identifier: BSD-3-Clause */

/* What of a pool's configuration its table is made from. */

#ifndef SLUICE_COMPILE_TABLE_H
#define SLUICE_COMPILE_TABLE_H

#include "conf/conf.h"
#include "table/sched.h"

/* For these n members. Any thread. */
struct sched_spec compile_sched_spec(
	const struct conf_pool *pool, const struct maglev_member *members, size_t n);

#endif
