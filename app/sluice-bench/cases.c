/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "cases.h"

/* What the daemon takes without flows.per_lane. */
#define TABLE_DEFAULT (1u << 20)
#define QUICK_FLOWS   1000000

/* The goals of docs/performance.md; everything else has its usual value. */
static const struct {
	uint32_t flows, table, traffic, new;
	struct {
		double goal, most; /* 0: not run */
	} ipip, l2;
} goals[] = {
	/* clang-format off */
	{100000,   0,          TRAFFIC_ACK, 0,   {7, 9},      {5, 7}},
	{1000,     TABLE_AUTO, TRAFFIC_ACK, 0,   {7.5, 10},   {5.5, 8}},
	{100000,   TABLE_AUTO, TRAFFIC_ACK, 0,   {9, 11.5},   {7, 9.5}},
	{1000000,  TABLE_AUTO, TRAFFIC_ACK, 0,   {11, 14},    {9.5, 12}},
	{10000000, TABLE_AUTO, TRAFFIC_ACK, 0,   {12, 17},    {10.5, 15}},
	{1,        1u << 22,   TRAFFIC_SYN, 100, {12, 17},    {0, 0}},
	/* clang-format on */
};

#define GOALS (sizeof goals / sizeof *goals)

static int add(struct cases *c, const struct bench_case *one)
{
	struct bench_case *at = sl_array_add(c);

	if (!at)
		return -ENOMEM;
	*at = *one;
	return 0;
}

static int add_goal(struct cases *c, const struct options *o, size_t i, enum forward_value forward)
{
	struct bench_case one;

	for (int a = 0; a < AXES; a++)
		one.v[a] = o->axis[a].v[0];
	one.v[AXIS_FLOWS] = goals[i].flows;
	one.v[AXIS_TABLE] = goals[i].table;
	one.v[AXIS_TRAFFIC] = goals[i].traffic;
	one.v[AXIS_NEW] = goals[i].new;
	one.v[AXIS_FORWARD] = forward;
	one.goal = forward == FORWARD_L2 ? goals[i].l2.goal : goals[i].ipip.goal;
	one.most = forward == FORWARD_L2 ? goals[i].l2.most : goals[i].ipip.most;
	return one.goal > 0 ? add(c, &one) : 0;
}

static int make_goals(struct cases *c, const struct options *o)
{
	int rc = 0;

	for (size_t i = 0; i < GOALS && !rc; i++) {
		if (o->quick && goals[i].flows > QUICK_FLOWS)
			continue;
		rc = add_goal(c, o, i, FORWARD_IPIP);
		if (!rc)
			rc = add_goal(c, o, i, FORWARD_L2);
	}
	return rc;
}

static int check(const struct bench_case *c, struct sl_err *err)
{
	if (c->v[AXIS_HIT] > c->v[AXIS_VIPS])
		return sl_err_add(
			err, "--hit %u is above --vips %u", c->v[AXIS_HIT], c->v[AXIS_VIPS]);
	if ((c->v[AXIS_FAMILY] == FAMILY_MIX || c->v[AXIS_TRAFFIC] == TRAFFIC_MIX) &&
		c->v[AXIS_HIT] < 4)
		return sl_err_add(err, "a mix of families or of protocols needs --hit 4 or more");
	return 0;
}

/* All combinations: one counter with a digit an axis. */
static int make_product(struct cases *c, const struct options *o, struct sl_err *err)
{
	uint32_t digit[AXES] = {0};
	int a = 0, rc = 0;

	while (a < AXES && !rc) {
		struct bench_case one = {.goal = 0};

		for (int i = 0; i < AXES; i++)
			one.v[i] = o->axis[i].v[digit[i]];
		rc = check(&one, err);
		if (!rc)
			rc = add(c, &one);
		for (a = 0; a < AXES && ++digit[a] == o->axis[a].n; a++)
			digit[a] = 0;
	}
	return rc;
}

int cases_make(struct cases *c, const struct options *o, struct sl_err *err)
{
	*c = (struct cases){0};
	return o->axis_given ? make_product(c, o, err) : make_goals(c, o);
}

void cases_free(struct cases *c)
{
	sl_array_free(c);
}

uint32_t cases_table(const struct bench_case *c)
{
	uint32_t n = TABLE_DEFAULT;

	if (c->v[AXIS_TABLE] != TABLE_AUTO)
		return c->v[AXIS_TABLE];
	while (n / 3 * 2 < c->v[AXIS_FLOWS])
		n *= 2;
	return n;
}
