/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/splitmix.h"
#include "health/conn.h"
#include "health/probe_type.h"
#include "health/reuse.h"

/* Results are handed over for so long at one go. */
#define HAND_OVER_US 1000

static const struct probe_type *const probe_types[] = {
	&probe_none,
	&probe_tcp,
	&probe_http,
	&probe_https,
	&probe_udp,
	&probe_dns,
	&probe_icmp,
};

#define N_TYPES (sizeof probe_types / sizeof *probe_types)

const char *probe_type_name(size_t i)
{
	return i < N_TYPES ? probe_types[i]->name : NULL;
}

uint64_t probe_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t probe_random(struct prober *prober)
{
	return splitmix_next(&prober->random);
}

static struct timeval after_us(uint64_t us)
{
	return (struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
}

static void unfinish(struct probe *p)
{
	TAILQ_REMOVE(&p->owner->finished, p, in_finished);
	p->owner->n_finished--;
	p->stage = PROBE_IDLE;
}

static void tell_of_work(const struct prober *prober)
{
	if (prober->worked)
		prober->worked(prober->worked_arg);
}

static void hand_over(evutil_socket_t fd, short what, void *arg)
{
	const uint64_t until = probe_now_us() + HAND_OVER_US;
	const struct timeval at_once = {0};
	struct prober *prober = arg;
	struct probe *p;

	/* A probe that is started again by its own result comes round in the next loop. */
	for (size_t n = prober->n_finished; n && (p = TAILQ_FIRST(&prober->finished)); n--) {
		if (probe_now_us() >= until)
			break;

		const struct health_result result = p->result;

		unfinish(p);
		p->done(p->ctx, &result);
	}
	if (prober->n_finished) /* a timer: sockets are looked at before */
		event_add(&prober->hand_over, &at_once);
	tell_of_work(prober);
}

void prober_on_work(struct prober *prober, void (*worked)(void *arg), void *arg)
{
	prober->worked = worked;
	prober->worked_arg = arg;
}

struct prober *prober_new(struct event_base *base, struct sl_err *err)
{
	struct prober *prober = calloc(1, sizeof *prober);
	int rc = -ENOMEM;

	if (prober) {
		prober->base = base;
		TAILQ_INIT(&prober->finished);
		event_assign(&prober->hand_over, base, -1, 0, hand_over, prober);
		if (getrandom(&prober->random, sizeof prober->random, GRND_NONBLOCK) < 0)
			prober->random = probe_now_us();
		rc = conns_new(base, &prober->conns, err);
		if (!rc)
			rc = reuse_new(prober->conns, base, &prober->reuse);
	}
	if (!rc)
		return prober;
	sl_err_sys(err, rc, "cannot make probes");
	prober_free(prober);
	return NULL;
}

void prober_free(struct prober *prober)
{
	if (!prober)
		return;
	event_del(&prober->hand_over);
	reuse_free(prober->reuse);
	conns_free(prober->conns);
	free(prober);
}

struct prober_stats prober_stats(const struct prober *prober)
{
	return reuse_stats(prober->reuse);
}

static void set_timer(struct probe *p, uint64_t now)
{
	const uint64_t whole = (uint64_t)p->spec.timeout_ms * 1000, again = PROBE_AGAIN_MS * 1000;
	uint64_t at = p->start_us + whole;

	if (p->type->again && !p->tried_again && again < whole)
		at = p->start_us + again;
	const struct timeval tv = after_us(at > now ? at - now : 0);

	evtimer_add(&p->timer, &tv);
}

/* A loop that stood still for half of the timeout has not given the backend a chance. */
static void expire(struct probe *p, uint64_t spent)
{
	const uint64_t whole = (uint64_t)p->spec.timeout_ms * 1000;

	if (spent > whole + whole / 2)
		probe_finish(p, HEALTH_CODE_LATE, "looked %u ms late",
			(unsigned int)((spent - whole) / 1000));
	else
		p->type->expire(p, p->state);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct probe *p = arg;
	const uint64_t now = probe_now_us(), spent = now - p->start_us;

	/* The loop reckons from when its turn began, so a timer can be early: then it is set anew.
	 */
	if (spent >= (uint64_t)p->spec.timeout_ms * 1000) {
		expire(p, spent);
		tell_of_work(p->owner);
		return;
	}
	if (p->type->again && !p->tried_again && spent >= PROBE_AGAIN_MS * 1000) {
		p->tried_again = true;
		p->type->again(p, p->state);
	}
	if (p->stage == PROBE_RUNNING)
		set_timer(p, now);
}

/* Deep copy of the texts of a spec into one block. */
static int copy_texts(struct probe *p)
{
	const char **const texts[] = {&p->spec.type, &p->spec.path, &p->spec.host, &p->spec.status,
		&p->spec.body, &p->spec.ca_file, &p->spec.send_hex, &p->spec.expect_hex,
		&p->spec.dns_name};
	size_t bytes = 0;
	char *at;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		bytes += *texts[i] ? strlen(*texts[i]) + 1 : 0;
	at = p->texts = malloc(bytes);
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!*texts[i])
			continue;
		const size_t n = strlen(*texts[i]) + 1;

		*texts[i] = memcpy(at, *texts[i], n);
		at += n;
	}
	return 0;
}

static const struct probe_type *type_find(const char *name)
{
	for (size_t i = 0; name && i < N_TYPES; i++)
		if (strcmp(probe_types[i]->name, name) == 0)
			return probe_types[i];
	return NULL;
}

int probe_new(struct prober *prober, const struct probe_spec *spec, probe_done *done, void *ctx,
	struct probe **out, struct sl_err *err)
{
	const struct probe_type *type = type_find(spec->type);
	struct probe *p;
	int rc;

	*out = NULL;
	if (!type)
		return sl_err_add(err, "there is no probe \"%s\"", spec->type ? spec->type : "");
	if (spec->timeout_ms == 0)
		return sl_err_add(err, "a probe needs a timeout");
	p = calloc(1, sizeof *p + type->state_bytes);
	if (!p)
		return sl_err_sys(err, ENOMEM, "probe");
	p->type = type;
	p->owner = prober;
	p->spec = *spec;
	p->done = done;
	p->ctx = ctx;
	p->state = p + 1;
	event_assign(&p->timer, prober->base, -1, 0, timer_fired, p);
	rc = copy_texts(p);
	if (rc)
		sl_err_sys(err, rc, "probe");
	else if (type->prepare)
		rc = type->prepare(p, p->state, err);
	if (rc)
		probe_free(p);
	else
		*out = p;
	return rc;
}

void probe_start(struct probe *p)
{
	p->stage = PROBE_RUNNING;
	p->tried_again = false;
	p->start_us = probe_now_us();
	p->type->start(p, p->state);
	if (p->stage == PROBE_RUNNING)
		set_timer(p, p->start_us);
}

void probe_finish(struct probe *p, enum health_code code, const char *fmt, ...)
{
	const uint64_t spent = probe_now_us() - p->start_us;
	char reason[HEALTH_REASON_BYTES * 4];
	va_list ap;

	if (p->stage != PROBE_RUNNING)
		return;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof reason, fmt, ap);
	va_end(ap);
	health_result_set(
		&p->result, code, spent > UINT32_MAX ? UINT32_MAX : (uint32_t)spent, "%s", reason);
	event_del(&p->timer);
	p->type->stop(p, p->state);
	p->stage = PROBE_FINISHED;
	TAILQ_INSERT_TAIL(&p->owner->finished, p, in_finished);
	if (p->owner->n_finished++ == 0)
		event_active(&p->owner->hand_over, EV_TIMEOUT, 1);
}

void probe_cancel(struct probe *p)
{
	if (p->stage == PROBE_RUNNING) {
		event_del(&p->timer);
		p->type->stop(p, p->state);
		p->stage = PROBE_IDLE;
	} else if (p->stage == PROBE_FINISHED) {
		unfinish(p);
	}
}

bool probe_is_busy(const struct probe *p)
{
	return p->stage != PROBE_IDLE;
}

void probe_free(struct probe *p)
{
	if (!p)
		return;
	probe_cancel(p);
	if (p->type->forget)
		p->type->forget(p, p->state);
	free(p->texts);
	free(p);
}

static void none_start(struct probe *p, void *state)
{
	probe_finish(p, HEALTH_CODE_L4OK, "no check");
}

static void none_expire(struct probe *p, void *state)
{
}

static void none_stop(struct probe *p, void *state)
{
}

const struct probe_type probe_none = {
	.name = "none",
	.start = none_start,
	.expire = none_expire,
	.stop = none_stop,
};
