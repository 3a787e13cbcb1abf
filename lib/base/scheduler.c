/* SPDX-License-Identifier: BSD-3-Clause */

#include "base/scheduler.h"

static const struct {
	const char *name;
	enum scheduler_needs needs;
} rows[SCHEDULER_COUNT] = {
#define X(ID, id, name, needs, help) {name, needs},
	SCHEDULER_LIST(X)
#undef X
};

const char *scheduler_name(enum scheduler s)
{
	return rows[s].name;
}

enum scheduler_needs scheduler_needs(enum scheduler s)
{
	return rows[s].needs;
}
