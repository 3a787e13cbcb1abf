/* SPDX-License-Identifier: BSD-3-Clause */

/* What of a pool's configuration its table is made from. */

#ifndef SLUICE_COMPILE_TABLE_H
#define SLUICE_COMPILE_TABLE_H

#include "conf/conf.h"
#include "table/generation.h"
#include "table/sched.h"

/* For these n members. Any thread. */
struct sched_spec compile_sched_spec(
	const struct conf_pool *pool, const struct maglev_member *members, size_t n);

/* The program of a pool, or NULL where its scheduler has none: the one of `prev` (may be NULL) as
 * long as the file is what it was when the configuration was read. The caller drops the reference.
 * 0, or -errno with a message. Builder thread. */
int compile_program(const struct conf_pool *pool, const struct generation *prev,
	struct sched_program **out, struct sl_err *err);

#endif
