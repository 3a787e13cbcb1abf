/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "options.h"

/* A value that has a name. */
struct word {
	const char *name;
	uint32_t value;
};

enum kind { KIND_LIST, KIND_NUMBER, KIND_TEXT, KIND_FLAG };

struct row {
	const char *name;
	const char *arg;   /* in the help; NULL: a flag */
	const char *usual; /* value when the option is not given, NULL: 0 */
	const char *help;
	enum kind kind;
	size_t at;            /* where it goes in struct options; of a list: enum axis */
	uint32_t least, most; /* of a number; both 0: words only */
	const struct word words[5];
};

#define LIST(axis)    KIND_LIST, axis
#define FIELD(k, mem) k, offsetof(struct options, mem)

static const struct row rows[] = {
	/* clang-format off */
	{"flows", "N,...", "1k,100k,1M", "connections that the packets belong to", LIST(AXIS_FLOWS), 1, 1u << 26, {{0}}},
	{"table", "N,...", "auto", "entries of the flow table; auto: enough, at least 1M; off: nothing is tracked",
		LIST(AXIS_TABLE), 64, 1u << 26, {{"auto", TABLE_AUTO}, {"off", 0}}},
	{"forward", "HOW,...", "ipip", "ipip (IPv4 outside), ipip6 (IPv6 outside) or l2", LIST(AXIS_FORWARD), 0, 0,
		{{"ipip", FORWARD_IPIP}, {"ipip6", FORWARD_IPIP6}, {"l2", FORWARD_L2}}},
	{"traffic", "WHAT,...", "ack", "ack, syn, udp or mix (TCP ACK and UDP)", LIST(AXIS_TRAFFIC), 0, 0,
		{{"ack", TRAFFIC_ACK}, {"syn", TRAFFIC_SYN}, {"udp", TRAFFIC_UDP}, {"mix", TRAFFIC_MIX}}},
	{"family", "F,...", "v4", "v4, v6 or mix", LIST(AXIS_FAMILY), 0, 0,
		{{"v4", FAMILY_V4}, {"v6", FAMILY_V6}, {"mix", FAMILY_MIX}}},
	{"size", "BYTES,...", "64", "of a frame on the wire, checksum included", LIST(AXIS_SIZE), 64, 1500, {{0}}},
	{"vips", "N,...", "4096", "VIPs that are configured", LIST(AXIS_VIPS), 1, 4096, {{0}}},
	{"hit", "N,...", "1", "VIPs that the packets go to", LIST(AXIS_HIT), 1, 4096, {{0}}},
	{"backends", "N,...", "100", "backends of the pool", LIST(AXIS_BACKENDS), 1, 16383, {{0}}},
	{"skew", "S,...", "uniform", "uniform: all flows alike; zipf: flow i by 1/i", LIST(AXIS_SKEW), 0, 0,
		{{"uniform", SKEW_UNIFORM}, {"zipf", SKEW_ZIPF}}},
	{"new", "PERCENT,...", "0", "share of the packets that begin a flow never seen", LIST(AXIS_NEW), 0, 100, {{0}}},
	{"cpu", "N", "last", "CPU to run on", FIELD(KIND_NUMBER, cpu), 0, 1023, {{"last", OPTIONS_CPU_LAST}}},
	{"rounds", "N", NULL, "rounds of bare forwarding and pipeline in turn", FIELD(KIND_NUMBER, rounds), 3, 999, {{0}}},
	{"slice", "PACKETS", NULL, "packets of each in one round", FIELD(KIND_NUMBER, slice), 1024, 1u << 26, {{0}}},
	{"ahead", "BURSTS", "4", "lead of the generator; more than a cache holds: cold packets",
		FIELD(KIND_NUMBER, ahead), 1, 4096, {{0}}},
	{"stages", NULL, NULL, "cycles a packet of every stage as well", FIELD(KIND_FLAG, stages), 0, 0, {{0}}},
	{"latency", NULL, NULL, "how long packets take at 10, 50 and 80 % load, and after a silence, as well",
		FIELD(KIND_FLAG, latency), 0, 0, {{0}}},
	{"scalar", NULL, NULL, "hash without AES instructions", FIELD(KIND_FLAG, scalar), 0, 0, {{0}}},
	{"no-avx2", NULL, NULL, "the packet path that CPUs without AVX2 run", FIELD(KIND_FLAG, no_avx2), 0, 0, {{0}}},
	{"no-huge", NULL, NULL, "packet buffers without hugepages even where some are free",
		FIELD(KIND_FLAG, no_huge), 0, 0, {{0}}},
	{"quick", NULL, NULL, "few and short rounds, at most 1M flows", FIELD(KIND_FLAG, quick), 0, 0, {{0}}},
	{"json", "FILE", NULL, "write the results there too", FIELD(KIND_TEXT, json), 0, 0, {{0}}},
	{"write", "FILE", NULL, "write the packets of the one case to a pcap file; measure nothing",
		FIELD(KIND_TEXT, write), 0, 0, {{0}}},
	{"packets", "N", NULL, "packets of that file, one a flow unless given", FIELD(KIND_NUMBER, packets), 1, 1u << 26, {{0}}},
	{"memory", NULL, NULL, "measure what a VIP, a backend, a pool, a lane and flows take in memory; nothing else",
		FIELD(KIND_FLAG, memory), 0, 0, {{0}}},
	{"neighbour", NULL, NULL, "measure what a worker pays for another one on another CPU; nothing else",
		FIELD(KIND_FLAG, neighbour), 0, 0, {{0}}},
	{"help", NULL, NULL, "print this text", FIELD(KIND_FLAG, help), 0, 0, {{0}}},
	{"version", NULL, NULL, "print the version", FIELD(KIND_FLAG, version), 0, 0, {{0}}},
	/* clang-format on */
};

#define ROWS (sizeof rows / sizeof *rows)

static const struct row *find_row(const char *name, size_t len)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}

static const struct row *axis_row(enum axis a)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == KIND_LIST && rows[i].at == a)
			return &rows[i];
	return NULL;
}

/* "100k" = 100,000, "1M" = 1,000,000. False if it is no number. */
static bool read_number(const char *text, uint32_t *out)
{
	char *end;
	unsigned long long v;

	if (*text < '0' || *text > '9')
		return false;
	v = strtoull(text, &end, 10);
	if (*end == 'k' || *end == 'M')
		v *= *end++ == 'k' ? 1000 : 1000000;
	*out = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	return *end == 0;
}

static int read_value(const struct row *r, const char *text, uint32_t *out, struct sl_err *err)
{
	for (const struct word *w = r->words; w->name; w++)
		if (strcmp(w->name, text) == 0) {
			*out = w->value;
			return 0;
		}
	if (!r->most)
		return sl_err_add(
			err, "--%s: \"%s\" is not among the words: %s", r->name, text, r->help);
	if (!read_number(text, out))
		return sl_err_add(err, "--%s: \"%s\" is no number", r->name, text);
	if (*out < r->least || *out > r->most)
		return sl_err_add(
			err, "--%s: %s is not within %u to %u", r->name, text, r->least, r->most);
	return 0;
}

static int read_list(
	const struct row *r, const char *text, struct axis_values *out, struct sl_err *err)
{
	char *copy = strdup(text), *save = NULL;
	int rc = copy ? 0 : -ENOMEM;

	out->n = 0;
	for (char *t = copy ? strtok_r(copy, ",", &save) : NULL; t && !rc;
		t = strtok_r(NULL, ",", &save)) {
		if (out->n == AXIS_VALUES_MAX)
			rc = sl_err_add(err, "--%s: more than %d values", r->name, AXIS_VALUES_MAX);
		else
			rc = read_value(r, t, &out->v[out->n++], err);
	}
	free(copy);
	return rc || out->n ? rc : sl_err_add(err, "--%s: no value", r->name);
}

static int set(struct options *o, const struct row *r, const char *text, struct sl_err *err)
{
	char *field = (char *)o + r->at;

	switch (r->kind) {
	case KIND_LIST:
		return read_list(r, text, &o->axis[r->at], err);
	case KIND_NUMBER:
		return read_value(r, text, (uint32_t *)field, err);
	case KIND_TEXT:
		*(const char **)field = text;
		return 0;
	default:
		*(bool *)field = true;
		return 0;
	}
}

/* One argument, "--name" or "--name=value"; `next` is the one behind it. Returns how many were
 * used. */
static int take(struct options *o, const char *arg, const char *next, struct sl_err *err)
{
	const char *equals = strchrnul(arg, '=');
	const struct row *r =
		strncmp(arg, "--", 2) == 0 ? find_row(arg + 2, (size_t)(equals - arg - 2)) : NULL;
	const char *value = *equals ? equals + 1 : next;

	if (!r) {
		sl_err_add(err, "\"%s\" is no option; --help lists them", arg);
		return 1;
	}
	if (r->kind == KIND_FLAG && *equals)
		sl_err_add(err, "--%s takes no value", r->name);
	else if (r->kind != KIND_FLAG && !value)
		sl_err_add(err, "--%s needs a value", r->name);
	else
		set(o, r, value, err);
	o->axis_given |= r->kind == KIND_LIST;
	return r->kind == KIND_FLAG || *equals ? 1 : 2;
}

int options_parse(struct options *o, int argc, char **argv, struct sl_err *err)
{
	*o = (struct options){0};
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].usual)
			set(o, &rows[i], rows[i].usual, err);
	for (int i = 1; i < argc;)
		i += take(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err);
	return err->count ? -EINVAL : 0;
}

void options_print_help(void)
{
	printf("usage: sluice-bench [OPTION...]\n\n"
	       "Runs the packet path on packets from a generator, without a network card, in\n"
	       "turn with bare forwarding of the same packets, and prints what it adds: x\n"
	       "nanoseconds a packet. Without a list option it runs the cases that have a goal;\n"
	       "with some, all combinations.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		char name[32];

		snprintf(name, sizeof name, "--%s%s%s", rows[i].name, rows[i].arg ? " " : "",
			rows[i].arg ? rows[i].arg : "");
		printf("  %-20s %s%s%s%s\n", name, rows[i].help, rows[i].usual ? " [" : "",
			rows[i].usual ? rows[i].usual : "", rows[i].usual ? "]" : "");
	}
}

const char *options_axis_name(enum axis a)
{
	return axis_row(a)->name;
}

const char *options_value(enum axis a, uint32_t value, char *buf)
{
	for (const struct word *w = axis_row(a)->words; w->name; w++)
		if (w->value == value) {
			snprintf(buf, 16, "%s", w->name);
			return buf;
		}
	if (value >= 1000000 && value % 1000000 == 0)
		snprintf(buf, 16, "%uM", value / 1000000);
	else if (value >= 1000 && value % 1000 == 0)
		snprintf(buf, 16, "%uk", value / 1000);
	else
		snprintf(buf, 16, "%u", value);
	return buf;
}
