/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compile/ids.h"

struct id {
	char *key;      /* NULL = free */
	bool wanted;    /* named by the assignment under way, or by the last one */
	bool fresh;     /* taken by that assignment */
	uint64_t taken; /* revision that took it */
	uint64_t left;  /* revision that dropped it; 0 = in use */
	uint32_t epoch;
};

/* The one under way. */
struct assignment {
	const char *const *keys;
	uint16_t *out;
	size_t at, n;
	uint32_t from; /* no number below it is free */
	uint64_t revision;
};

struct ids {
	struct assignment now;
	uint32_t limit;
	uint32_t top;
	void *by_key; /* tsearch(3) tree of struct id */
	struct id *id;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct id *)a)->key, ((const struct id *)b)->key);
}

struct ids *ids_new(uint32_t limit)
{
	struct ids *ids = calloc(1, sizeof *ids);

	if (!ids)
		return NULL;
	ids->limit = limit;
	ids->id = calloc(limit, sizeof *ids->id);
	if (ids->id)
		return ids;
	free(ids);
	return NULL;
}

static void release(struct ids *ids, struct id *id)
{
	tdelete(id, &ids->by_key, compare);
	free(id->key);
	*id = (struct id){.epoch = id->epoch};
}

void ids_free(struct ids *ids)
{
	if (!ids)
		return;
	for (uint32_t i = 0; i < ids->top; i++)
		if (ids->id[i].key)
			release(ids, &ids->id[i]);
	free(ids->id);
	free(ids);
}

static struct id *find(struct ids *ids, const char *key)
{
	const struct id probe = {.key = (char *)(uintptr_t)key};
	void *node = tfind(&probe, &ids->by_key, compare);

	return node ? *(struct id **)node : NULL;
}

static struct id *take(struct ids *ids, const char *key, uint64_t revision, uint32_t *from)
{
	while (*from < ids->limit && ids->id[*from].key)
		++*from;
	if (*from == ids->limit)
		return NULL;
	struct id *id = &ids->id[*from];

	id->key = strdup(key);
	if (!id->key)
		return NULL;
	if (!tsearch(id, &ids->by_key, compare)) {
		free(id->key);
		id->key = NULL;
		return NULL;
	}
	id->epoch++;
	id->fresh = true;
	id->taken = revision;
	if (*from >= ids->top)
		ids->top = *from + 1;
	return id;
}

static int assign_one(struct ids *ids, struct assignment *a, size_t i, struct sl_err *err)
{
	const char *key = a->keys[i];
	struct id *id = key ? find(ids, key) : &ids->id[a->out[i]];

	if (!id)
		id = take(ids, key, a->revision, &a->from);
	if (!id && a->from == ids->limit) {
		sl_err_add(err,
			"more than %u backends at once, counting those that left and have "
			"connections still, and those of the last change: apply smaller "
			"changes",
			ids->limit);
		return -ENOSPC;
	}
	if (!id)
		return sl_err_sys(err, ENOMEM, "cannot number \"%s\"", key);
	id->wanted = true;
	a->out[i] = (uint16_t)(id - ids->id);
	return 0;
}

static void release_top(struct ids *ids)
{
	while (ids->top && !ids->id[ids->top - 1].key)
		ids->top--;
}

/* All keys were found or taken, or one could not be. */
static void assign_end(struct ids *ids, uint64_t revision, int rc)
{
	for (uint32_t i = 0; i < ids->top; i++) {
		struct id *id = &ids->id[i];

		if (rc && id->fresh)
			release(ids, id);
		else if (!rc && id->key)
			id->left = id->wanted ? 0 : id->left ? id->left : revision;
	}
	release_top(ids);
}

void ids_assign_begin(
	struct ids *ids, const char *const *keys, size_t n, uint64_t revision, uint16_t *out)
{
	for (uint32_t i = 0; i < ids->top; i++)
		ids->id[i].wanted = ids->id[i].fresh = false;
	ids->now = (struct assignment){.keys = keys, .n = n, .revision = revision, .out = out};
}

int ids_assign_step(struct ids *ids, size_t most, struct sl_err *err)
{
	struct assignment *a = &ids->now;
	int rc = 0;

	for (; most && a->at < a->n && !rc; most--)
		rc = assign_one(ids, a, a->at++, err);
	if (!rc && a->at < a->n)
		return 1;
	assign_end(ids, a->revision, rc);
	return rc;
}

int ids_assign(struct ids *ids, const char *const *keys, size_t n, uint64_t revision, uint16_t *out,
	struct sl_err *err)
{
	ids_assign_begin(ids, keys, n, revision, out);
	return ids_assign_step(ids, SIZE_MAX, err);
}

void ids_reap(struct ids *ids, uint64_t revision, bool (*in_use)(void *arg, uint16_t id), void *arg)
{
	for (uint32_t i = 0; i < ids->top; i++) {
		struct id *id = &ids->id[i];

		if (id->key && id->left && id->left <= revision &&
			!(in_use && in_use(arg, (uint16_t)i)))
			release(ids, id);
	}
	release_top(ids);
}

void ids_forget(struct ids *ids, uint64_t revision)
{
	for (uint32_t i = 0; i < ids->top; i++)
		if (ids->id[i].key && ids->id[i].taken > revision)
			release(ids, &ids->id[i]);
	release_top(ids);
}

uint32_t ids_top(const struct ids *ids)
{
	return ids->top;
}

uint32_t ids_epoch(const struct ids *ids, uint16_t id)
{
	return ids->id[id].epoch;
}
