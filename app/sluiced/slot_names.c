/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <string.h>

#include "slot_names.h"

void slot_names_follow(struct slot_names *names, const struct daemon *d)
{
	const struct build_job *job = d->running;
	size_t n = 0;

	if (names->job == job->number)
		return;
	memset(names->of, 0, sizeof names->of);
	names->job = job->number;
	for (size_t p = 0; p < job->conf->n_pools; p++) {
		const struct conf_pool *pool = &job->conf->pools[p];

		for (size_t i = 0; i < pool->n_backends; i++)
			names->of[job->slots[n++]] =
				(struct slot_name){pool->name, pool->backends[i].name};
	}
}

int slot_names_find(const struct slot_names *names, const char *path)
{
	const char *slash = strchr(path, '/');
	const size_t len = slash ? (size_t)(slash - path) : 0;

	for (int i = 0; slash && i < BACKEND_SLOTS; i++) {
		const struct slot_name *n = &names->of[i];

		if (n->pool && strlen(n->pool) == len && strncmp(n->pool, path, len) == 0 &&
			strcmp(n->backend, slash + 1) == 0)
			return i;
	}
	return -1;
}

const char *slot_names_leaving(const struct daemon *d, uint16_t slot, char *buf)
{
	char addr[SL_ADDR_STRLEN];

	sl_array_each (&d->running->leavers, l) {
		if (l->slot != slot)
			continue;
		snprintf(buf, SLOT_NAME_LEAVING_STRLEN, "%s (leaving)",
			sl_addr_format(&l->be.address, addr));
		return buf;
	}
	snprintf(buf, SLOT_NAME_LEAVING_STRLEN, "(gone)");
	return buf;
}
