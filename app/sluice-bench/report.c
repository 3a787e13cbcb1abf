/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>

#include "latency.h"
#include "report.h"

#define VALUE_LEN 16

void report_facts(const struct facts *f)
{
	printf("machine   %s, CPU %u of %u, TSC %.0f MHz, governor %s, load %.1f\n", f->cpu_model,
		f->cpu, f->cpus, (double)f->tsc_hz / 1e6, f->governor, f->load);
	printf("software  Linux %s, %s, %s, hash %s, code %s, packet buffers in %s pages\n",
		f->kernel, f->dpdk, f->compiler, f->hash, f->code, f->huge ? "huge" : "4 KiB");
}

static bool varies(const struct cases *c, enum axis a)
{
	for (size_t i = 1; i < c->count; i++)
		if (c->item[i].v[a] != c->item[0].v[a])
			return true;
	return false;
}

/* "auto" says less than what it came to. */
static const char *value_text(const struct bench_case *c, enum axis a, char *buf)
{
	const uint32_t n = a == AXIS_TABLE ? cases_table(c) : c->v[a];

	if (a == AXIS_TABLE && n && n % (1u << 20) == 0)
		snprintf(buf, VALUE_LEN, "%uMi", n >> 20);
	else
		options_value(a, n, buf);
	return buf;
}

void report_head(const struct cases *c)
{
	char text[VALUE_LEN];

	printf("fixed    ");
	for (enum axis a = 0; a < AXES; a++)
		if (!varies(c, a))
			printf(" %s=%s", options_axis_name(a), value_text(&c->item[0], a, text));
	printf("\n\n");
	for (enum axis a = 0; a < AXES; a++)
		if (varies(c, a))
			printf("%8s ", options_axis_name(a));
	printf("%15s %15s %15s %7s %6s %6s\n", "bare T, ns", "T + x, ns", "x, ns", "ratio", "goal",
		"most");
}

static void print_sample(const struct sample *s)
{
	printf("%8.2f +-%4.2f ", s->median, s->spread);
}

static void print_stages(const struct result *r)
{
	for (int s = 0; s < STAGES; s++)
		printf("%s%s %.1f", s ? ", " : "    cycles a packet: ", measure_stage_names[s],
			r->stage[s].median);
	printf("\n");
}

static void print_latency(const char *when, const struct latency *l)
{
	printf("    latency, us, %-22s p50 %.2f, p99 %.2f, p99.9 %.2f, most %.0f\n", when, l->p50,
		l->p99, l->p999, l->most);
}

static void print_latencies(const struct result *r)
{
	char when[VALUE_LEN];

	for (int i = 0; i < LATENCY_LOADS; i++) {
		snprintf(when, sizeof when, "%u %% load", latency_loads[i]);
		print_latency(when, &r->latency[i]);
	}
	print_latency("5 ms silence, polling", &r->silence[SILENCE_POLLING]);
	print_latency("5 ms silence, adaptive", &r->silence[SILENCE_SLEEPING]);
	print_latency("the same, bare", &r->silence[SILENCE_BARE]);
}

void report_row(const struct cases *all, const struct bench_case *c, const struct result *r,
	const struct options *o)
{
	char text[VALUE_LEN];

	for (enum axis a = 0; a < AXES; a++)
		if (varies(all, a))
			printf("%8s ", value_text(c, a, text));
	print_sample(&r->bare);
	print_sample(&r->full);
	print_sample(&r->x);
	printf("%7.2f", r->bare.median / r->full.median);
	if (c->goal > 0)
		printf(" %6.1f %6.1f", c->goal, c->most);
	printf("\n");
	if (o->stages)
		print_stages(r);
	if (o->latency)
		print_latencies(r);
	if (r->bypass)
		printf("    %llu packets found no place in the flow table\n",
			(unsigned long long)r->bypass);
	fflush(stdout);
}

void report_sample(FILE *f, const char *name, const struct sample *s)
{
	fprintf(f, "\"%s\": {\"median\": %.3f, \"spread\": %.3f}", name, s->median, s->spread);
}

static void json_facts(FILE *f, const struct facts *m)
{
	fprintf(f,
		"  \"machine\": {\"cpu_model\": \"%s\", \"cpus\": %u, \"cpu\": %u, \"tsc_hz\": "
		"%llu, \"governor\": \"%s\", \"load\": %.2f, \"kernel\": \"%s\", \"dpdk\": \"%s\", "
		"\"compiler\": \"%s\", \"hash\": \"%s\", \"code\": \"%s\", \"huge\": %s},\n",
		m->cpu_model, m->cpus, m->cpu, (unsigned long long)m->tsc_hz, m->governor, m->load,
		m->kernel, m->dpdk, m->compiler, m->hash, m->code, m->huge ? "true" : "false");
}

static void json_stages(FILE *f, const struct result *r)
{
	fprintf(f, ", \"stage_cycles\": {");
	for (int s = 0; s < STAGES; s++) {
		fprintf(f, s ? ", " : "");
		report_sample(f, measure_stage_names[s], &r->stage[s]);
	}
	fprintf(f, "}");
}

static void json_latency(FILE *f, const char *when, const struct latency *l)
{
	fprintf(f, "\"%s\": {\"p50\": %.3f, \"p99\": %.3f, \"p999\": %.3f, \"most\": %.1f}", when,
		l->p50, l->p99, l->p999, l->most);
}

static void json_latencies(FILE *f, const struct result *r)
{
	char when[VALUE_LEN];

	fprintf(f, ", \"latency_us\": {");
	for (int i = 0; i < LATENCY_LOADS; i++) {
		snprintf(when, sizeof when, "%u %% load", latency_loads[i]);
		json_latency(f, when, &r->latency[i]);
		fprintf(f, ", ");
	}
	json_latency(f, "silence, polling", &r->silence[SILENCE_POLLING]);
	fprintf(f, ", ");
	json_latency(f, "silence, adaptive", &r->silence[SILENCE_SLEEPING]);
	fprintf(f, ", ");
	json_latency(f, "silence, adaptive, no packet path", &r->silence[SILENCE_BARE]);
	fprintf(f, "}");
}

static void json_case(
	FILE *f, const struct bench_case *c, const struct result *r, const struct options *o)
{
	char text[VALUE_LEN];

	fprintf(f, "    {");
	for (enum axis a = 0; a < AXES; a++)
		fprintf(f, "\"%s\": \"%s\", ", options_axis_name(a),
			a == AXIS_TABLE && !cases_table(c) ? "off" : value_text(c, a, text));
	report_sample(f, "bare_ns", &r->bare);
	fprintf(f, ", ");
	report_sample(f, "full_ns", &r->full);
	fprintf(f, ", ");
	report_sample(f, "x_ns", &r->x);
	if (c->goal > 0)
		fprintf(f, ", \"goal_ns\": %.1f, \"most_ns\": %.1f", c->goal, c->most);
	if (o->stages)
		json_stages(f, r);
	if (o->latency)
		json_latencies(f, r);
	fprintf(f, ", \"inserts\": %llu, \"evicted\": %llu, \"bypass\": %llu}",
		(unsigned long long)r->inserts, (unsigned long long)r->evicted,
		(unsigned long long)r->bypass);
}

int report_json(const char *path, const struct facts *m, const struct cases *c,
	const struct result *r, const struct options *o, struct sl_err *err)
{
	FILE *f = fopen(path, "w");
	bool failed;

	if (!f)
		return sl_err_sys(err, errno, "cannot write %s", path);
	fprintf(f, "{\n");
	json_facts(f, m);
	fprintf(f, "  \"cases\": [\n");
	for (size_t i = 0; i < c->count; i++) {
		json_case(f, &c->item[i], &r[i], o);
		fprintf(f, i + 1 < c->count ? ",\n" : "\n");
	}
	fprintf(f, "  ]\n}\n");
	failed = ferror(f) != 0;
	failed |= fclose(f) != 0;
	return failed ? sl_err_sys(err, EIO, "cannot write %s", path) : 0;
}
