/* SPDX-License-Identifier: BSD-3-Clause */

/* The proof behind the other tests: one byte past a frame, or in front of its headroom, and
 * AddressSanitizer ends the program. Built only with it. */

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static struct frame frame;

/* How a child ends that reads one byte at `off` from the data of m. True: by AddressSanitizer. */
static bool read_stops(struct rte_mbuf *m, int off)
{
	const pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		const int null = open("/dev/null", O_WRONLY);
		const volatile uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

		dup2(null, 1);
		dup2(null, 2);
		(void)p[off];
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void either_end_is_exact(void **state)
{
	const struct frame_spec spec = {.dst = VIP4, .dport = 1};

	for (uint16_t payload = 0; payload < 9; payload++) {
		struct frame_spec s = spec;

		s.payload = payload;
		frame_build(&frame, &s);
		struct rte_mbuf *m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);

		assert_false(read_stops(m, 0));
		assert_false(read_stops(m, (int)frame.len - 1));
		assert_false(read_stops(m, -RIG_HEADROOM));
		assert_true(read_stops(m, (int)frame.len));
		assert_true(read_stops(m, -RIG_HEADROOM - 1));
		rte_pktmbuf_free(m);
	}
}

static void pieces_are_exact(void **state)
{
	const struct frame_spec spec = {.dst = VIP6, .dport = 1, .payload = 100};

	frame_build(&frame, &spec);
	struct rte_mbuf *m = rig_chain(frame.b, frame.len, 0, 75, 20);

	assert_int_equal(m->nb_segs, 6);
	assert_false(read_stops(m, 74));
	assert_true(read_stops(m, 75));
	assert_true(read_stops(m, -1));
	assert_false(read_stops(m->next, 19));
	assert_true(read_stops(m->next, 20));
	rte_pktmbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(either_end_is_exact),
		cmocka_unit_test(pieces_are_exact),
	};

	return harness_main("overread", tests, sizeof tests / sizeof *tests);
}
