/* SPDX-License-Identifier: BSD-3-Clause */

/* Results as a table for people and as JSON for programs. */

#ifndef SLUICE_BENCH_REPORT_H
#define SLUICE_BENCH_REPORT_H

#include <stdio.h>

#include "facts.h"
#include "measure.h"

/* "name": {...}, as all of the JSON has it. */
void report_sample(FILE *f, const char *name, const struct sample *s);

void report_facts(const struct facts *f);

/* The heading of the table; axes whose value is the same in all cases stand above it. */
void report_head(const struct cases *c);
void report_row(const struct cases *all, const struct bench_case *c, const struct result *r,
	const struct options *o);

/* r[i] belongs to c->item[i]. 0 or -errno with a message. */
int report_json(const char *path, const struct facts *f, const struct cases *c,
	const struct result *r, const struct options *o, struct sl_err *err);

#endif
