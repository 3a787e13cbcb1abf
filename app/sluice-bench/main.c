/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "datapath/pipeline.h"
#include "eal/hash.h"
#include "memory.h"
#include "neighbour.h"
#include "report.h"
#include "rig.h"

/* Tuples of a packet file; any number. */
#define FILE_SEED 20250116

static int run_cases(const struct options *o, const struct rig *rig, const struct facts *f,
	const struct cases *c, struct sl_err *err)
{
	struct result *r = calloc(c->count, sizeof *r);
	int rc = r ? 0 : -ENOMEM;

	report_facts(f);
	report_head(c);
	for (size_t i = 0; i < c->count && !rc; i++) {
		rc = measure_case(rig, &c->item[i], &r[i], err);
		if (!rc)
			report_row(c, &c->item[i], &r[i], o);
	}
	if (!rc && o->json)
		rc = report_json(o->json, f, c, r, o, err);
	free(r);
	return rc;
}

static int measure(const struct options *o, const struct cases *c, struct sl_err *err)
{
	struct facts f = {
		.hash = o->scalar ? hash_init_scalar() : hash_init(),
		.code = o->no_avx2 ? pipeline_now->name : pipeline_init(),
	};
	struct rig rig;
	int rc = rig_open(&rig, o, &f.cpu, &f.huge, err);

	if (rc)
		return rc;
	facts_gather(&f);
	rc = o->neighbour ? neighbour_run(o, &rig, err) : run_cases(o, &rig, &f, c, err);
	rig_close(&rig);
	return rc;
}

/* Each flow once, in an order that says nothing, unless another number or mix is asked for. */
static int write_file(const struct options *o, const struct cases *c, struct sl_err *err)
{
	static struct frame_source s;
	const struct bench_case *one = &c->item[0];

	if (!o->axis_given || c->count != 1)
		return sl_err_add(
			err, "--write needs options that leave one case, such as --flows 1k");
	frame_source_init(&s, one, FILE_SEED);
	s.walking = !o->packets && one->v[AXIS_SKEW] == SKEW_UNIFORM && !one->v[AXIS_NEW];
	return frame_write_pcap(&s, o->packets ? o->packets : one->v[AXIS_FLOWS], o->write, err);
}

static int run(const struct options *o, struct sl_err *err)
{
	struct cases c;
	int rc;

	if (o->memory) {
		hash_init();
		return memory_run(o->json, err);
	}
	rc = cases_make(&c, o, err);
	if (!rc)
		rc = o->write ? write_file(o, &c, err) : measure(o, &c, err);
	cases_free(&c);
	return rc;
}

int main(int argc, char **argv)
{
	struct sl_err err = SL_ERR_INIT;
	struct options o;
	int rc = options_parse(&o, argc, argv, &err);

	if (!rc && o.help)
		options_print_help();
	else if (!rc && o.version)
		printf("sluice-bench %s\n", SLUICE_VERSION);
	else if (!rc)
		rc = run(&o, &err);
	for (size_t i = 0; i < err.count; i++)
		fprintf(stderr, "sluice-bench: %s\n", err.text[i]);
	sl_err_clear(&err);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
