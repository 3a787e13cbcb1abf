/* SPDX-License-Identifier: BSD-3-Clause */

/* The control server against clients that take their time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <string.h>
#include <cmocka.h>
#include <event2/event.h>
#include <event2/util.h>

#include "ctl/protocol.h"
#include "ctl_world.h"

static void half_line_times_out(void **state)
{
	struct world *w = *state;

	world_serve(w, 100, 5000, 5000);
	world_greet(w, &w->a);
	world_greet(w, &w->b);
	for (int i = 0; i < 15; i++) { /* a byte now and then does not help */
		raw_text(&w->a, "{");
		raw_idle(w->base, 20);
	}
	assert_true(raw_is_closed(&w->a, 1, true));
	assert_false(raw_is_closed(&w->b, 100, true));
	/* A line that was too long is no way around. */
	char *bytes = calloc(1, CTL_REQUEST_MAX + 1);
	raw_send(&w->b, bytes, CTL_REQUEST_MAX + 1);
	free(bytes);
	assert_true(raw_is_closed(&w->b, SOON_MS, true));
	raw_close(&w->a);
	raw_close(&w->b);
}

static void idle_client_times_out(void **state)
{
	struct world *w = *state;

	world_serve(w, 5000, 2000, 5000);
	world_greet(w, &w->a);
	world_greet(w, &w->b);
	for (int i = 0; i < 1000 && !raw_is_closed(&w->a, 1, true); i++) {
		raw_idle(w->base, 50);
		raw_text(&w->b, STATUS);
		expect_status(&w->b);
	}
	assert_true(raw_is_closed(&w->a, 1, true));
	assert_false(raw_is_closed(&w->b, 100, true));
	assert_true(raw_is_closed(&w->b, SOON_MS, true));
	raw_close(&w->a);
	raw_close(&w->b);
}

static void list_waits_for_a_slow_reader(void **state)
{
	struct world *w = *state;
	json_t *line;

	world_serve(w, 0, 0, 5000);
	world_greet(w, &w->a);
	raw_text(&w->a, COUNT_20000);
	raw_settle(w->base, &w->canned.made);
	/* 73 bytes an item: half of the queue, and what the kernel takes. */
	const uint64_t waiting = w->canned.made;
	assert_in_range(waiting, 1000, 7000);
	raw_idle(w->base, 200);
	assert_int_equal(w->canned.made, waiting);
	for (int i = 0; i < 20000; i++) {
		line = raw_line(&w->a);
		assert_int_equal(
			json_integer_value(json_object_get(json_object_get(line, "item"), "i")), i);
		json_decref(line);
		if (i % 1000 == 0)
			raw_idle(w->base, 5);
	}
	expect_line(&w->a, "{\"id\":2,\"ok\":true,\"rev\":1842,\"end\":true,\"count\":20000}");
	raw_close(&w->a);
}

/* Each time it takes what is there, it has its time anew. */
static void reader_that_pauses_is_kept(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, 0, 1500);
	world_greet(w, &w->a);
	raw_text(&w->a, COUNT_ENDLESS);
	for (int i = 0; i < 16; i++) { /* in all longer than it may stop */
		const uint64_t made = w->canned.made;

		raw_idle(w->base, 120);
		assert_false(raw_is_closed(&w->a, 1, false));
		while (w->canned.made - made < 7000) {
			json_t *line = raw_line(&w->a);

			assert_non_null(line);
			json_decref(line);
		}
	}
	raw_close(&w->a);
}

static void reader_that_stops_is_dropped(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, 0, 200);
	world_greet(w, &w->a);
	world_greet(w, &w->b);
	raw_text(&w->a, COUNT_ENDLESS);
	raw_idle(w->base, 100);
	raw_text(&w->b, STATUS); /* the other is served all the time */
	expect_status(&w->b);
	assert_true(raw_is_closed(&w->a, SOON_MS, false));
	raw_text(&w->b, STATUS);
	expect_status(&w->b);
	raw_close(&w->a);
	/* Without a list: requests are taken up only as replies are taken away. */
	world_greet(w, &w->a);
	for (int i = 0; i < 3000 && !raw_is_closed(&w->a, 1, false); i++)
		send(w->a.fd, STATUS, strlen(STATUS), MSG_NOSIGNAL);
	assert_true(raw_is_closed(&w->a, SOON_MS, false));
	raw_text(&w->b, STATUS);
	expect_status(&w->b);
	raw_close(&w->a);
	raw_close(&w->b);
}

static uint64_t cpu_ms(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

/* Whoever is waited for costs nothing. */
static void expect_idle(struct world *w)
{
	const struct timeval third = {.tv_usec = 300000};
	uint64_t before;

	raw_settle(w->base, &w->canned.made);
	raw_idle(w->base, 50);
	before = cpu_ms();
	event_base_loopexit(w->base, &third);
	event_base_dispatch(w->base);
	assert_in_range(cpu_ms() - before, 0, 50);
	assert_false(raw_is_closed(&w->a, 1, false));
}

static void waiting_is_idle(void **state)
{
	static const char *const starts[] = {COUNT_ENDLESS, STATUS, "{\"v\":1"};
	struct world *w = *state;

	world_serve(w, 0, 0, 0);
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		world_greet(w, &w->a);
		raw_text(&w->a, starts[i]);
		for (int n = 0; n < 8000; n++) { /* until both directions are full */
			send(w->a.fd, STATUS, strlen(STATUS), MSG_NOSIGNAL);
			event_base_loop(w->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		}
		expect_idle(w);
		raw_close(&w->a);
	}
	/* Nothing more to come and nothing more to make, but a rest to be taken away: more than the
	 * kernel holds, less than what blocks. */
	world_greet(w, &w->a);
	raw_text(&w->a, "{\"v\":1,\"id\":2,\"cmd\":\"count\",\"args\":{\"n\":\"1500\"}}\n");
	shutdown(w->a.fd, SHUT_WR);
	expect_idle(w);
	raw_close(&w->a);
}

static void trickling_reader_is_dropped(void **state)
{
	struct world *w = *state;
	char bytes[1024];

	world_serve(w, 0, 0, 200);
	world_greet(w, &w->a);
	raw_text(&w->a, COUNT_ENDLESS);
	for (int i = 0; i < 60; i++) { /* taking and asking a little does not help */
		raw_idle(w->base, 10);
		if (recv(w->a.fd, bytes, sizeof bytes, 0) <= 0)
			break;
		raw_text(&w->a, "\n");
	}
	assert_true(raw_is_closed(&w->a, 1, false));
	raw_close(&w->a);
}

/* -- what holds where nothing else is said -- */

struct longest {
	struct timeval now;
	double seconds;
};

static int look_at(const struct event_base *base, const struct event *e, void *arg)
{
	struct longest *l = arg;
	struct timeval at, left;

	if (!event_pending(e, EV_TIMEOUT, &at))
		return 0;
	evutil_timersub(&at, &l->now, &left);
	if ((double)left.tv_sec + (double)left.tv_usec / 1e6 > l->seconds)
		l->seconds = (double)left.tv_sec + (double)left.tv_usec / 1e6;
	return 0;
}

/* The server's longest timer runs out in so many seconds: that of the only client. */
static void expect_waits(struct world *w, double seconds)
{
	struct longest l = {0};

	raw_idle(w->base, 50);
	evutil_gettimeofday(&l.now, NULL);
	event_base_foreach_event(w->base, look_at, &l);
	if (l.seconds > seconds || l.seconds < seconds - 2)
		fail_msg("the longest timer has %.1f s, not %.1f", l.seconds, seconds);
}

static void times_are_as_documented(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, 0, 0);
	world_greet(w, &w->a);
	expect_waits(w, 120);
	raw_text(&w->a, "{\"v\":1");
	expect_waits(w, 5);
	raw_text(&w->a, ",\"id\":2,\"cmd\":\"status\"}\n");
	json_decref(raw_line(&w->a));
	expect_waits(w, 120);
	raw_text(&w->a, COUNT_ENDLESS); /* and nobody reads */
	raw_idle(w->base, 300);
	expect_waits(w, 10);
	raw_close(&w->a);
}

/* A line of exactly the limit waits for its client, whole; one byte more and the client goes. */
static void queue_has_its_size(void **state)
{
	const size_t around = strlen("{\"id\":1,\"ok\":true,\"rev\":1842,\"data\":{\"x\":\"\"}}\n");
	struct world *w = *state;
	char request[100];
	json_t *line;

	world_serve(w, 0, 0, 0);
	for (size_t more = 0; more < 2; more++) {
		world_greet(w, &w->a);
		snprintf(request, sizeof request,
			"{\"v\":1,\"id\":1,\"cmd\":\"wide\",\"args\":{\"n\":\"%zu\"}}\n",
			CTL_QUEUE_MAX - around + more);
		raw_text(&w->a, request);
		if (more) {
			assert_true(raw_is_closed(&w->a, 2000, true));
		} else {
			line = raw_line(&w->a);
			assert_int_equal(json_string_length(json_object_get(
						 json_object_get(line, "data"), "x")),
				CTL_QUEUE_MAX - around);
			json_decref(line);
		}
		raw_close(&w->a);
	}
}

static void reply_beyond_the_queue_drops(void **state)
{
	struct world *w = *state;

	world_serve(w, 0, 0, 0);
	world_greet(w, &w->a);
	raw_text(&w->a, "{\"v\":1,\"id\":1,\"cmd\":\"big\"}\n");
	assert_true(raw_is_closed(&w->a, SOON_MS, true));
	raw_close(&w->a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(half_line_times_out),
		WORLD_TEST(idle_client_times_out),
		WORLD_TEST(list_waits_for_a_slow_reader),
		WORLD_TEST(reader_that_pauses_is_kept),
		WORLD_TEST(reader_that_stops_is_dropped),
		WORLD_TEST(waiting_is_idle),
		WORLD_TEST(trickling_reader_is_dropped),
		WORLD_TEST(reply_beyond_the_queue_drops),
		WORLD_TEST(times_are_as_documented),
		WORLD_TEST(queue_has_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
