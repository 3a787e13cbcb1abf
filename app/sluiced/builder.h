/* SPDX-License-Identifier: BSD-3-Clause */

/* The builder thread: compiles one generation at a time, so that the control loop never waits for
 * tables. */

#ifndef SLUICED_BUILDER_H
#define SLUICED_BUILDER_H

#include <event2/event.h>

#include "base/array.h"
#include "compile/compile.h"
#include "version.h"

/* What a build is made from, and later what the running generation was made from. Owns its arrays
 * and a reference to the configuration: builds for a change of the network share it. Made and freed
 * by the control thread. */
struct build_job {
	struct version *version;
	struct conf *conf; /* of version */
	uint64_t number;   /* of the generation */
	size_t n_backends;
	struct compile_port ports[CONF_MAX_PORTS];
	struct compile_hop *hops; /* by backend */
	uint16_t *slots;          /* by backend */
	uint64_t *drain_since;    /* by backend: ms, when its drain began; 0 = it is in none */
	bool *drained;            /* by backend: its drain has lasted for drain_timeout_s */
	uint16_t *services;       /* by VIP */
	uint16_t *pools;          /* by pool */
	uint64_t *pool_ms;        /* by pool: when a change of it was last built (gather.h) */
	struct health_view *health;
	sl_array(struct compile_leaver) leavers;
	uint32_t n_slots, n_services;
	const struct generation *prev;
};

/* Allocate the arrays for a configuration. NULL without memory. */
struct build_job *build_job_new(struct version *version, size_t n_backends);

/* The configuration stays. NULL is fine. */
void build_job_free(struct build_job *job);

/* Runs on the control thread and takes over: the job, and the generation, or NULL with messages in
 * err. */
typedef void (*builder_done_fn)(
	void *arg, struct build_job *job, struct generation *g, struct sl_err *err);

struct builder;

int builder_new(struct event_base *base, builder_done_fn done, void *arg, struct builder **out,
	struct sl_err *err);

/* Waits for the build under way; it and its result are dropped. NULL is fine. */
void builder_free(struct builder *b);

/* Start a build; the job is taken over. Never while one is under way. Control thread. */
void builder_start(struct builder *b, struct build_job *job);

/* The same on the calling thread. 0 and a generation, or -errno with a message; the job stays. */
int builder_build(const struct build_job *job, struct generation **out, struct sl_err *err);

bool builder_busy(const struct builder *b);

/* What the build under way is made from, NULL when there is none. Control thread; NULL is fine. */
struct version *builder_version(const struct builder *b);

#endif
