/* SPDX-License-Identifier: BSD-3-Clause */

/* Many probes at once, ends at any moment, and faults of our own. */

#include <sys/resource.h>
#include <sys/socket.h>

#include "probe_lab.h"

#define OK200 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"

static struct server s;

static const struct {
	const char *type;
	struct probe_reuse reuse;
} kinds[] = {
	{"tcp", {0}},
	{"http", {0}},
	{"http", {1, 2, 60, 100}},
	{"https", {0}},
	{"https", {1, 2, 60, 100}},
	{"udp", {0}},
	{"dns", {0}},
	{"icmp", {0}},
	{"none", {0}},
};

#define N_KINDS (sizeof kinds / sizeof *kinds)

static struct probe_spec spec_of(size_t kind, const char *address, uint16_t port)
{
	struct probe_spec spec = lab_spec(kinds[kind].type, address, port);

	spec.reuse = kinds[kind].reuse;
	spec.send_hex = "00";
	spec.dns_name = "a";
	return spec;
}

static void a_thousand_at_once(void **state)
{
	enum { N = 1000 };
	static struct asked a[N];
	NEED_LAB();

	memset(&s, 0, sizeof s);
	s.answer = OK200;
	s.close_after = true;
	server_open(&s, lab, "::", 0);
	for (int i = 0; i < N; i++) {
		char address[64];

		snprintf(address, sizeof address, i % 2 ? "2001:db8:1::%x:%d" : "127.8.%d.%d",
			1 + i / 200, 1 + i % 200);
		struct probe_spec spec = lab_spec(i % 3 ? "http" : "tcp", address, s.port);

		spec.timeout_ms = 90000;
		ask_new(lab, &a[i], &spec);
	}
	for (int i = 0; i < N; i++)
		ask_start(&a[i]);
	for (int i = 0; i < N; i++) {
		ask_wait(lab, &a[i], 1);
		assert_string_equal(health_code_name(a[i].last.code), i % 3 ? "L7OK" : "L4OK");
		probe_free(a[i].probe);
	}
	lab_run(lab, 10);
	for (int i = 0; i < N; i++)
		assert_int_equal(a[i].results, 1);
	server_close(&s);
}

/* Cancel and free after any number of turns of the loop: no result comes, nothing is left. */
static void cancelled_at_any_moment(void **state)
{
	NEED_LAB();
	memset(&s, 0, sizeof s);
	s.answer = OK200;
	server_open(&s, lab, "127.0.0.1", 0);
	for (size_t kind = 0; kind < N_KINDS; kind++) {
		for (int turns = 0; turns < 12; turns++) {
			const struct probe_spec spec = spec_of(kind, "127.0.0.1", s.port);
			struct asked a;

			ask_new(lab, &a, &spec);
			ask_start(&a);
			for (int t = 0; t < turns; t++)
				event_base_loop(lab->base, EVLOOP_NONBLOCK);
			const unsigned int results = a.results;

			assert_int_equal(probe_is_busy(a.probe), results == 0);
			if (turns % 2) {
				probe_cancel(a.probe);
				probe_cancel(a.probe);
				assert_false(probe_is_busy(a.probe));
				lab_run(lab, 3);
				assert_int_equal(a.results, results);
				/* And it can be asked again. */
				ask_start(&a);
				event_base_loop(lab->base, EVLOOP_NONBLOCK);
			}
			probe_free(a.probe);
			const unsigned int at_end = a.results;

			lab_run(lab, 3);
			assert_int_equal(a.results, at_end);
		}
	}
	server_close(&s);
}

/* A result may do anything with any probe. */
struct chain {
	struct lab *lab;
	struct probe *probe, *other;
	unsigned int rounds, done, other_results;
};

static void other_done(void *ctx, const struct health_result *r)
{
	((struct chain *)ctx)->other_results++;
}

static void chain_done(void *ctx, const struct health_result *r)
{
	struct chain *c = ctx;

	if (c->rounds++ == 0) {
		probe_free(c->other); /* its result may lie in the same queue */
		probe_start(c->probe);
		return;
	}
	if (c->rounds < 50) {
		probe_start(c->probe);
		return;
	}
	probe_free(c->probe);
	c->done = 1;
}

static void results_start_and_free_probes(void **state)
{
	NEED_LAB();
	memset(&s, 0, sizeof s);
	s.answer = OK200;
	server_open(&s, lab, "127.0.0.1", 0);
	for (size_t kind = 0; kind < N_KINDS; kind++) {
		struct probe_spec spec = spec_of(kind, "127.0.0.1", s.port);
		struct chain c = {.lab = lab};

		spec.timeout_ms = kind == 3 || kind == 4 ? 20 : 1000; /* no TLS there: time-outs */
		assert_int_equal(probe_new(lab->prober, &spec, chain_done, &c, &c.probe, NULL), 0);
		assert_int_equal(probe_new(lab->prober, &spec, other_done, &c, &c.other, NULL), 0);
		probe_start(c.probe);
		probe_start(c.other);
		lab_until(lab, &c.done, 1);
		assert_int_equal(c.rounds, 50);
		assert_in_range(c.other_results, 0, 1);
	}
	server_close(&s);
}

static void no_descriptors_left(void **state)
{
	NEED_LAB();
	struct rlimit was, few;
	struct asked a[N_KINDS];

	memset(&s, 0, sizeof s);
	s.answer = OK200;
	server_open(&s, lab, "127.0.0.1", 0);
	getrlimit(RLIMIT_NOFILE, &was);
	for (size_t kind = 0; kind < N_KINDS; kind++) {
		const struct probe_spec spec = spec_of(kind, "127.0.0.1", s.port);

		ask_new(lab, &a[kind], &spec);
	}
	const int lowest_free = dup(0);

	close(lowest_free);
	few = (struct rlimit){(rlim_t)lowest_free, was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (size_t kind = 0; kind < N_KINDS; kind++)
		ask_start(&a[kind]);
	for (size_t kind = 0; kind < N_KINDS; kind++)
		ask_wait(lab, &a[kind], 1);
	setrlimit(RLIMIT_NOFILE, &was);
	for (size_t kind = 0; kind + 1 < N_KINDS; kind++) {
		if (a[kind].last.code != HEALTH_CODE_SOCKERR)
			print_error("%s %zu\n", kinds[kind].type, kind);
		assert_string_equal(health_code_name(a[kind].last.code), "SOCKERR");
		assert_int_equal(health_code_outcome(a[kind].last.code), HEALTH_NEUTRAL);
		assert_string_equal(a[kind].last.reason, "Too many open files");
	}
	for (size_t kind = 0; kind < N_KINDS; kind++)
		probe_free(a[kind].probe);
	server_close(&s);
}

/* The loop stood still: nobody can say that the backend was silent. */
static void a_late_loop_judges_nobody(void **state)
{
	NEED_LAB();
	int filler[FILLERS];
	uint16_t port;
	const int fd = full_listener("127.0.0.1", &port, filler);
	struct probe_spec spec = lab_spec("tcp", "127.0.0.1", port);
	struct asked a;

	spec.timeout_ms = 100;
	ask_new(lab, &a, &spec);
	ask_start(&a);
	event_base_loop(lab->base, EVLOOP_NONBLOCK);
	usleep(250000);
	ask_wait(lab, &a, 1);
	assert_string_equal(health_code_name(a.last.code), "LATE");
	assert_int_equal(health_code_outcome(a.last.code), HEALTH_NEUTRAL);
	probe_free(a.probe);
	for (int i = 0; i < FILLERS; i++)
		close(filler[i]);
	close(fd);
}

static void names(void **state)
{
	unsigned int n = 0;

	while (probe_type_name(n))
		n++;
	assert_int_equal(n, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_at_once),
		cmocka_unit_test(cancelled_at_any_moment),
		cmocka_unit_test(results_start_and_free_probes),
		cmocka_unit_test(no_descriptors_left),
		cmocka_unit_test(a_late_loop_judges_nobody),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, lab_open, lab_close);
}
