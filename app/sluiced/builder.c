/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "builder.h"

struct builder {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool has_job, stop; /* under lock */
	struct build_job *job;

	/* written by the thread before it rings `done_fd`, read by the control thread after */
	struct generation *result;
	struct sl_err err;
	int done_fd;

	/* control thread only */
	bool busy;
	struct event *done_event;
	builder_done_fn done;
	void *arg;
};

struct build_job *build_job_new(struct version *version, size_t n_backends)
{
	struct build_job *job = calloc(1, sizeof *job);

	if (!job)
		return NULL;
	job->version = version_get(version);
	job->conf = version->conf;
	job->n_backends = n_backends;
	job->hops = calloc(n_backends + 1, sizeof *job->hops);
	job->slots = calloc(n_backends + 1, sizeof *job->slots);
	job->drain_since = calloc(n_backends + 1, sizeof *job->drain_since);
	job->drained = calloc(n_backends + 1, sizeof *job->drained);
	job->pools = calloc(job->conf->n_pools + 1, sizeof *job->pools);
	job->services = calloc(job->conf->n_vips + 1, sizeof *job->services);
	job->pool_ms = calloc(job->conf->n_pools + 1, sizeof *job->pool_ms);
	if (job->hops && job->slots && job->drain_since && job->drained && job->pools &&
		job->services && job->pool_ms)
		return job;
	build_job_free(job);
	return NULL;
}

void build_job_free(struct build_job *job)
{
	if (!job)
		return;
	free(job->hops);
	free(job->slots);
	free(job->drain_since);
	free(job->drained);
	free(job->services);
	free(job->pools);
	free(job->pool_ms);
	health_view_free(job->health);
	sl_array_free(&job->leavers);
	version_put(job->version);
	free(job);
}

int builder_build(const struct build_job *job, struct generation **out, struct sl_err *err)
{
	const struct compile_input in = {
		.conf = job->conf,
		.revision = job->number,
		.ports = job->ports,
		.hops = job->hops,
		.slots = job->slots,
		.drained = job->drained,
		.services = job->services,
		.health = job->health,
		.pools = job->pools,
		.leavers = job->leavers.item,
		.n_leavers = job->leavers.count,
		.n_slots = job->n_slots,
		.n_services = job->n_services,
		.prev = job->prev,
	};

	return compile_generation(&in, out, err);
}

static void build(struct builder *b)
{
	const uint64_t one = 1;

	builder_build(b->job, &b->result, &b->err);
	while (write(b->done_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void *builder_main(void *arg)
{
	struct builder *b = arg;

	pthread_mutex_lock(&b->lock);
	for (;;) {
		while (!b->has_job && !b->stop)
			pthread_cond_wait(&b->wake, &b->lock);
		if (b->stop)
			break;
		b->has_job = false;
		pthread_mutex_unlock(&b->lock);
		build(b);
		pthread_mutex_lock(&b->lock);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct builder *b = arg;
	struct build_job *job = b->job;
	struct generation *g = b->result;
	struct sl_err err = b->err;
	uint64_t count;

	if (read(fd, &count, sizeof count) != sizeof count)
		return;
	b->job = NULL;
	b->result = NULL;
	b->err = (struct sl_err)SL_ERR_INIT;
	b->busy = false;
	b->done(b->arg, job, g, &err);
	sl_err_clear(&err);
}

static int start_thread(struct builder *b)
{
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->wake, NULL);
	return pthread_create(&b->thread, NULL, builder_main, b);
}

int builder_new(struct event_base *base, builder_done_fn done, void *arg, struct builder **out,
	struct sl_err *err)
{
	struct builder *b = calloc(1, sizeof *b);

	if (!b)
		return sl_err_sys(err, ENOMEM, "cannot start the builder");
	b->done = done;
	b->arg = arg;
	b->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	b->done_event = event_new(base, b->done_fd, EV_READ | EV_PERSIST, on_done, b);
	if (b->done_fd < 0 || !b->done_event || event_add(b->done_event, NULL) || start_thread(b)) {
		if (b->done_event)
			event_free(b->done_event);
		if (b->done_fd >= 0)
			close(b->done_fd);
		free(b);
		return sl_err_sys(err, EAGAIN, "cannot start the builder thread");
	}
	*out = b;
	return 0;
}

void builder_free(struct builder *b)
{
	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->stop = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	event_free(b->done_event);
	close(b->done_fd);
	build_job_free(b->job);
	generation_free(b->result);
	sl_err_clear(&b->err);
	free(b);
}

void builder_start(struct builder *b, struct build_job *job)
{
	pthread_mutex_lock(&b->lock);
	b->job = job;
	b->has_job = true;
	b->busy = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
}

bool builder_busy(const struct builder *b)
{
	return b->busy;
}

struct version *builder_version(const struct builder *b)
{
	return b && b->job ? b->job->version : NULL;
}
