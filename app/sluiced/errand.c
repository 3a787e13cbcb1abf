/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "ctl/command.h"
#include "errand.h"
#include "loop.h"

TAILQ_HEAD(errand_list, errand);

struct errands {
	struct event_base *base;
	struct loop_meter *meter;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;                        /* under lock */
	struct errand_list waiting, done; /* under lock */
	int done_fd;                      /* counts those in `done` */
	struct event *done_event;
};

static void run_one(struct errands *s)
{
	struct errand *e = TAILQ_FIRST(&s->waiting);
	const uint64_t one = 1;

	TAILQ_REMOVE(&s->waiting, e, link);
	e->waits = false;
	pthread_mutex_unlock(&s->lock);
	e->run(e);
	pthread_mutex_lock(&s->lock);
	TAILQ_INSERT_TAIL(&s->done, e, link);
	while (write(s->done_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void *errands_main(void *arg)
{
	struct errands *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		if (TAILQ_EMPTY(&s->waiting))
			pthread_cond_wait(&s->wake, &s->lock);
		else
			run_one(s);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* One at a time: between two of them the loop serves others. */
static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct errands *s = arg;
	struct errand *e;
	uint64_t one;

	if (read(fd, &one, sizeof one) != sizeof one)
		return;
	pthread_mutex_lock(&s->lock);
	e = TAILQ_FIRST(&s->done);
	TAILQ_REMOVE(&s->done, e, link);
	pthread_mutex_unlock(&s->lock);
	if (!e->unwanted)
		e->done(e);
	if (e->call)
		ctl_call_finish(e->call);
	e->end(e);
	if (s->meter)
		loop_relieve(s->meter, s->base);
}

static void close_all(struct errands *s)
{
	if (s->done_event)
		event_free(s->done_event);
	if (s->done_fd >= 0)
		close(s->done_fd);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int errands_new(
	struct event_base *base, struct loop_meter *meter, struct errands **out, struct sl_err *err)
{
	struct errands *s = calloc(1, sizeof *s);

	if (!s)
		return sl_err_sys(err, ENOMEM, "cannot start");
	s->base = base;
	s->meter = meter;
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->done);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	s->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (s->done_fd >= 0)
		s->done_event = event_new(base, s->done_fd, EV_READ | EV_PERSIST, on_done, s);
	if (!s->done_event || event_add(s->done_event, NULL) ||
		pthread_create(&s->thread, NULL, errands_main, s)) {
		close_all(s);
		return sl_err_sys(err, EAGAIN, "cannot start the thread for errands");
	}
	*out = s;
	return 0;
}

static void end_all(struct errand_list *list)
{
	struct errand *e;

	while ((e = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, e, link);
		if (e->call) {
			ctl_call_fail(e->call, ECANCELED, NULL, "the daemon ends");
			ctl_call_finish(e->call);
		}
		e->end(e);
	}
}

void errands_free(struct errands *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	end_all(&s->done);
	end_all(&s->waiting);
	close_all(s);
}

void errands_add(struct errands *s, struct errand *e)
{
	e->errands = s;
	pthread_mutex_lock(&s->lock);
	e->waits = true;
	TAILQ_INSERT_TAIL(&s->waiting, e, link);
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

/* The client is gone: what the thread has begun ends by itself. */
static void forget(void *errand)
{
	struct errand *e = errand;
	struct errands *s = e->errands;
	bool waited;

	e->call = NULL;
	e->unwanted = true;
	pthread_mutex_lock(&s->lock);
	waited = e->waits;
	if (waited)
		TAILQ_REMOVE(&s->waiting, e, link);
	pthread_mutex_unlock(&s->lock);
	if (waited)
		e->end(e);
}

int errands_answer(struct errands *s, struct errand *e, struct ctl_call *call)
{
	e->call = call;
	errands_add(s, e);
	return ctl_call_later(call, forget, e);
}
