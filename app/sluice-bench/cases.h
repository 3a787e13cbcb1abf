/* SPDX-License-Identifier: BSD-3-Clause */

/* What is measured: a value on every axis, and the goal where there is one. */

#ifndef SLUICE_BENCH_CASES_H
#define SLUICE_BENCH_CASES_H

#include "options.h"

struct bench_case {
	uint32_t v[AXES];
	double goal, most; /* ns that forwarding may add: aimed at, and at most; 0 = no goal */
};

struct cases {
	struct bench_case *item;
	size_t count, room;
};

/* The cases that the options ask for. 0, -EINVAL (values that do not go together), or -ENOMEM. */
int cases_make(struct cases *c, const struct options *o, struct sl_err *err);

void cases_free(struct cases *c);

/* Entries of the flow table, AUTO resolved; 0: nothing is tracked. */
uint32_t cases_table(const struct bench_case *c);

#endif
