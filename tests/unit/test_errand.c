/* SPDX-License-Identifier: BSD-3-Clause */

/* What is done beside the control thread, and who waits for the desk meanwhile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <event2/event.h>

#include "desk.h"
#include "errand.h"

#define ERRANDS 1000

static struct state {
	struct event_base *base;
	struct errands *errands;
	unsigned run, done, ended; /* run: by the thread, read when it is through */
	unsigned order[ERRANDS];
	struct desk desk;
} now;

struct job {
	struct errand errand;
	unsigned number;
	useconds_t takes_us;
};

/* Turns of the loop; and how many an errand waits for, until it gives up. */
static atomic_uint turns_made;
static unsigned turns_wanted;
#define GIVE_UP_US 20000000

static void run(struct errand *e)
{
	const struct job *j = (const struct job *)e;

	if (j->takes_us)
		usleep(j->takes_us);
	for (unsigned us = 0; turns_made < turns_wanted && us < GIVE_UP_US; us += 1000)
		usleep(1000);
	now.order[now.run++] = j->number;
}

static void done(struct errand *e)
{
	const struct job *j = (const struct job *)e;

	assert_int_equal(now.order[now.done], j->number);
	assert_int_equal(j->number, now.done++);
}

static void end(struct errand *e)
{
	now.ended++;
	free(e);
}

static void add(unsigned number, useconds_t takes_us)
{
	struct job *j = calloc(1, sizeof *j);

	*j = (struct job){{.run = run, .done = done, .end = end}, number, takes_us};
	errands_add(now.errands, &j->errand);
}

static int setup(void **state)
{
	memset(&now, 0, sizeof now);
	desk_init(&now.desk);
	now.base = event_base_new();
	return errands_new(now.base, NULL, &now.errands, NULL);
}

static int teardown(void **state)
{
	errands_free(now.errands);
	event_base_free(now.base);
	return 0;
}

static void errands_are_run_in_order(void **state)
{
	for (unsigned i = 0; i < ERRANDS; i++) {
		add(i, i % 100 == 7 ? 500 : 0);
		if (i % 3 == 0)
			event_base_loop(now.base, EVLOOP_NONBLOCK);
	}
	while (now.ended < ERRANDS)
		event_base_loop(now.base, EVLOOP_ONCE);
	assert_int_equal(now.run, ERRANDS);
	assert_int_equal(now.done, ERRANDS);
}

/* The loop goes on while the thread is busy: the errand ends when the loop has made its turns. */
static void loop_is_not_held(void **state)
{
	turns_made = 0;
	turns_wanted = 10;
	add(0, 0);
	while (!now.ended) {
		event_base_loop(now.base, EVLOOP_NONBLOCK);
		assert_true(turns_made >= turns_wanted || !now.ended);
		turns_made++;
		usleep(1000);
	}
	turns_wanted = 0;
}

/* One is under way, others wait, one is done: nothing comes of any of them, and all are freed. */
static void end_drops_them(void **state)
{
	add(0, 0);
	usleep(20000);
	add(1, 20000);
	usleep(5000);
	for (unsigned i = 2; i < 10; i++)
		add(i, 0);
	errands_free(now.errands);
	now.errands = NULL;
	assert_int_equal(now.done, 0);
	assert_int_equal(now.ended, 10);
}

/* -- the desk ------------------------------------------------------------------------------------
 */

static struct turn {
	struct desk_waiter waiter;
	unsigned got; /* when it had the desk, counted */
	bool keeps;   /* for longer */
} turns[5];
static unsigned n_turns;

static void try_it(struct desk_waiter *w)
{
	struct turn *t = (struct turn *)w;

	if (!desk_take(&now.desk, w))
		return;
	t->got = ++n_turns;
	if (!t->keeps)
		desk_leave(&now.desk);
}

static void desk_goes_by_turns(void **state)
{
	struct turn *first = &turns[0];

	memset(turns, 0, sizeof turns);
	n_turns = 0;
	for (int i = 0; i < 5; i++)
		turns[i].waiter.free = try_it;
	first->keeps = turns[2].keeps = true;
	for (int i = 0; i < 5; i++)
		try_it(&turns[i].waiter);
	try_it(&turns[3].waiter); /* once more is the same wish */
	assert_int_equal(n_turns, 1);
	desk_forget(&now.desk, &turns[4].waiter);
	desk_leave(&now.desk);
	assert_int_equal(turns[1].got, 2);
	assert_int_equal(turns[2].got, 3);
	assert_int_equal(turns[3].got, 0);
	assert_true(now.desk.taken);
	desk_leave(&now.desk);
	assert_int_equal(turns[3].got, 4);
	assert_int_equal(turns[4].got, 0);
	assert_false(now.desk.taken);
	assert_true(TAILQ_EMPTY(&now.desk.waiters));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(errands_are_run_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(loop_is_not_held, setup, teardown),
		cmocka_unit_test_setup_teardown(end_drops_them, setup, teardown),
		cmocka_unit_test_setup_teardown(desk_goes_by_turns, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
