/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <string.h>

#include "change.h"

/* Does the pool take new connections? */
static bool is_usable(const struct conf_pool *p)
{
	for (size_t i = 0; i < p->n_backends; i++)
		if (p->backends[i].weight > 0 && p->backends[i].admin == CONF_ADMIN_READY)
			return true;
	return false;
}

const struct conf_vip *change_user(
	const struct conf *conf, const char *pool, const struct conf_rule **rule)
{
	for (size_t i = 0; i < conf->n_vips; i++) {
		const struct conf_vip *vip = &conf->vips[i];

		*rule = NULL;
		if (strcmp(vip->pool, pool) == 0)
			return vip;
		for (size_t r = 0; r < vip->n_rules; r++) {
			*rule = &vip->rules[r];
			if (strcmp(vip->rules[r].pool, pool) == 0)
				return vip;
		}
	}
	return NULL;
}

static bool is_in_use(const struct conf *conf, const char *name)
{
	const struct conf_rule *rule;

	return change_user(conf, name, &rule);
}

int change_guard(const struct conf *from, const struct conf *to, struct sl_err *err)
{
	size_t near = 0;
	int rc = 0;

	for (size_t i = 0; i < to->n_pools; i++) {
		const struct conf_pool *p = &to->pools[i], *before;

		if (is_usable(p) || !is_in_use(to, p->name))
			continue;
		before = conf_find_pool(from, p->name, &near);
		if (!before || !is_usable(before))
			continue;
		sl_err_add(err,
			"pool \"%s\" would have no backend left for new connections; force does it "
			"all the same",
			p->name);
		rc = -EBUSY;
	}
	return rc;
}
