/* SPDX-License-Identifier: BSD-3-Clause */

/* What the files of the probe types share. A type is one file and one row in probe.c. */

#ifndef SLUICE_HEALTH_PROBE_TYPE_H
#define SLUICE_HEALTH_PROBE_TYPE_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "health/probe.h"

/* A run is what happens between probe_start and probe_finish. state is state_bytes of zeroed memory
 * that belongs to the probe. */
struct probe_type {
	const char *name;
	size_t state_bytes;
	/* Once, before anything else: prove and compile the spec. 0, or -errno with err filled.
	 * NULL: nothing to do. */
	int (*prepare)(struct probe *p, void *state, struct sl_err *err);
	/* Begin a run; it ends by probe_finish, here or in any later event. */
	void (*start)(struct probe *p, void *state);
	/* PROBE_AGAIN_MS went by: if nothing at all came back, ask once more. NULL: never. */
	void (*again)(struct probe *p, void *state);
	/* The timeout is over: call probe_finish with what was waited for. */
	void (*expire)(struct probe *p, void *state);
	/* End a run and everything it holds. After it no event of the run comes. */
	void (*stop)(struct probe *p, void *state);
	/* Undo prepare, also one that failed. NULL: nothing to do. */
	void (*forget)(struct probe *p, void *state);
};

extern const struct probe_type probe_none, probe_tcp, probe_http, probe_https, probe_udp, probe_dns,
	probe_icmp;

struct prober {
	struct event_base *base;
	struct conns *conns;
	struct reuse *reuse;
	TAILQ_HEAD(, probe) finished; /* results that were not handed over yet */
	size_t n_finished;
	struct event hand_over;
	uint64_t random;
	void (*worked)(void *arg); /* prober_on_work(); NULL: nobody asks */
	void *worked_arg;
};

struct probe {
	const struct probe_type *type;
	struct prober *owner;
	struct probe_spec spec; /* texts belong to the probe */
	probe_done *done;
	void *ctx;
	enum { PROBE_IDLE, PROBE_RUNNING, PROBE_FINISHED } stage;
	bool tried_again;
	uint64_t start_us;
	struct event timer;
	TAILQ_ENTRY(probe) in_finished;
	struct health_result result;
	char *texts;
	void *state;
};

/* End the run: calls stop; done is called from the loop soon. */
void probe_finish(struct probe *p, enum health_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

uint64_t probe_now_us(void);

/* Not for secrets. */
uint64_t probe_random(struct prober *prober);

#endif
