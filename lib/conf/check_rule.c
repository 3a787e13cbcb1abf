/* SPDX-License-Identifier: BSD-3-Clause */

/* The rules of a VIP: what they match must tell one from the other. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"

/* A prefix and the rule that has it. */
struct owned_prefix {
	const struct sl_prefix *prefix;
	const struct conf_rule *rule;
};

static void fail(
	struct check *c, const struct conf_vip *vip, const struct conf_rule *rule, const char *why)
{
	check_fail(c, &rule->place, "VIP \"%s\": rule \"%s\": %s", vip->name, rule->name, why);
}

static int prefix_cmp(const void *left, const void *right)
{
	const struct sl_prefix *l = ((const struct owned_prefix *)left)->prefix,
			       *r = ((const struct owned_prefix *)right)->prefix;
	const int d = memcmp(&l->address, &r->address, sizeof l->address);

	return d ? d : l->len - r->len;
}

static int check_sources(struct check *c, const struct conf_vip *vip)
{
	struct owned_prefix *all;
	size_t n = 0;

	for (size_t r = 0; r < vip->n_rules; r++)
		n += vip->rules[r].n_sources;
	all = calloc(n + 1, sizeof *all);
	if (!all)
		return -ENOMEM;
	n = 0;
	for (size_t r = 0; r < vip->n_rules; r++)
		for (size_t i = 0; i < vip->rules[r].n_sources; i++)
			all[n++] = (struct owned_prefix){&vip->rules[r].sources[i], &vip->rules[r]};
	qsort(all, n, sizeof *all, prefix_cmp);
	for (size_t i = 1; i < n; i++) {
		char text[SL_PREFIX_STRLEN], why[256];

		if (prefix_cmp(&all[i - 1], &all[i]))
			continue;
		snprintf(why, sizeof why, "source %s stands in rule \"%.63s\" too",
			sl_prefix_format(all[i].prefix, text), all[i - 1].rule->name);
		fail(c, vip, all[i].rule, why);
	}
	free(all);
	return 0;
}

static void check_dscp(struct check *c, const struct conf_vip *vip)
{
	const struct conf_rule *owner[64] = {NULL};

	for (size_t r = 0; r < vip->n_rules; r++) {
		const struct conf_rule *rule = &vip->rules[r];

		for (size_t i = 0; i < rule->n_dscp; i++) {
			const struct conf_rule **is = &owner[rule->dscp[i] % 64];
			char why[256];

			if (*is) {
				snprintf(why, sizeof why, "dscp %u stands in rule \"%.63s\" too",
					rule->dscp[i], (*is)->name);
				fail(c, vip, rule, why);
			}
			*is = rule;
		}
	}
}

static void check_rule(struct check *c, const struct conf_vip *vip, size_t r)
{
	struct conf_rule *rule = &vip->rules[r];
	char what[160];

	check_name(c, "rule", rule->name, &rule->place);
	for (size_t i = 0; i < r; i++)
		if (strcmp(vip->rules[i].name, rule->name) == 0)
			fail(c, vip, rule, "exists already");
	if (!rule->n_sources && !rule->n_dscp)
		fail(c, vip, rule, "give it sources or dscp, or it is for nobody");
	snprintf(what, sizeof what, "VIP \"%.63s\": rule", vip->name);
	rule->pool_index =
		check_find_pool(c, what, rule->name, rule->pool, rule->pool_index, &rule->place);
}

int check_rules(struct check *c, const struct conf_vip *vip)
{
	if (!vip->n_rules)
		return 0;
	for (size_t r = 0; r < vip->n_rules; r++)
		if (!vip->rules[r].place.broken)
			check_rule(c, vip, r);
	check_dscp(c, vip);
	return check_sources(c, vip);
}
