/* SPDX-License-Identifier: BSD-3-Clause */

/* The file in which states outlive a restart: what is known of pools, members and checks, as JSON
 * with a row a line. It is written row by row, so that a writer with other duties can pause, beside
 * its place and moved there when it is whole. Times in it are of CLOCK_MONOTONIC, which means
 * nothing after another boot: the file names the boot it is of.
 *
 * A file is used as a whole or not at all: one that is old, of another boot, cut, or not understood
 * in every row is refused with the reason. */

#ifndef SLUICED_SAVED_H
#define SLUICED_SAVED_H

#include <stdio.h>

#include "base/addr.h"
#include "base/err.h"
#include "health/decide.h"
#include "health/freeze.h"
#include "health/member.h"
#include "health/outlier.h"

/* A file that is older is not used. */
#define SAVED_MAX_AGE_MS 60000

struct saved_pool {
	const char *name;
	enum decide_reason reason;
	uint64_t since_ms; /* when it became that */
	struct decide_memory memory;
};

struct saved_member {
	const char *pool;
	struct sl_addr address;
	struct member m;
	struct outlier outlier;
};

/* Tables were frozen until then. */
struct saved_freeze {
	enum freeze_why why;
	uint64_t until_ms;
};

struct saved_check {
	const char *key; /* all that it asks, as text */
	enum health_state state;
	uint64_t since_ms;
};

/* -- Writing --------------------------------------------------------------------------------- */

struct saved_writer {
	FILE *f; /* NULL: nothing is being written */
	char *path, *beside;
	size_t n;
	int rc;
};

/* Begin a file at `path`, in a directory that is there, as of now_ms. 0, or -errno and nothing has
 * begun. */
int saved_begin(struct saved_writer *w, const char *path, uint64_t now_ms);

/* One more row. An error comes back from saved_end. */
void saved_add_pool(struct saved_writer *w, const struct saved_pool *p);
void saved_add_member(struct saved_writer *w, const struct saved_member *m);
void saved_add_check(struct saved_writer *w, const struct saved_check *c);
void saved_add_freeze(struct saved_writer *w, const struct saved_freeze *f);
/* A member as it was when tables froze. */
void saved_add_held(struct saved_writer *w, const struct saved_member *m);

/* Put the file in its place. 0, or -errno: what was there before is there still. */
int saved_end(struct saved_writer *w);

/* Forget what was begun; nothing begun is fine. */
void saved_abort(struct saved_writer *w);

/* -- Reading --------------------------------------------------------------------------------- */

struct saved_reader {
	void (*pool)(void *ctx, const struct saved_pool *p);
	void (*member)(void *ctx, const struct saved_member *m);
	void (*check)(void *ctx, const struct saved_check *c);
	void (*freeze)(void *ctx, const struct saved_freeze *f);
	void (*held)(void *ctx, const struct saved_member *m);
	void *ctx;
};

/* Hand over every row of the file; none is when it is refused. 0 with the age of the file; -ENOENT:
 * there is none; -ESTALE: too old or of another boot; other -errno: not to be used. All but the
 * first two come with a message. */
int saved_read(const char *path, uint64_t now_ms, const struct saved_reader *r, uint64_t *age_ms,
	struct sl_err *err);

#endif
