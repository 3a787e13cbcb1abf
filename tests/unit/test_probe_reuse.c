/* SPDX-License-Identifier: BSD-3-Clause */

/* Pools of live connections: kept, filled, bound, expired, replaced. */

#include <signal.h>

#include "probe_lab.h"

#define OK200 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"

static struct server s;

static struct probe_spec spec_for(const char *address, struct probe_reuse reuse)
{
	struct probe_spec spec = lab_spec("http", address, s.port);

	spec.reuse = reuse;
	return spec;
}

static void open_server(struct lab *lab, const char *address)
{
	memset(&s, 0, sizeof s);
	s.answer = OK200;
	server_open(&s, lab, address, 0);
}

static void ask_ok(struct lab *lab, struct asked *a)
{
	const unsigned int wanted = a->results + 1;

	ask_start(a);
	ask_wait(lab, a, wanted);
	if (a->last.code != HEALTH_CODE_L7OK)
		print_error("%s\n", a->last.reason);
	assert_string_equal(health_code_name(a->last.code), "L7OK");
}

static void a_connection_is_kept(void **state)
{
	NEED_LAB();
	open_server(lab, "::1");
	const struct probe_spec spec = spec_for("::1", (struct probe_reuse){0, 2, 60, 100});
	const struct prober_stats before = prober_stats(lab->prober);
	struct asked a;

	ask_new(lab, &a, &spec);
	for (int i = 0; i < 5; i++)
		ask_ok(lab, &a);
	assert_non_null(strstr(s.last_request, "\r\nConnection: keep-alive\r\n"));
	assert_int_equal(s.accepted, 1);
	assert_int_equal(s.requests, 5);
	assert_int_equal(prober_stats(lab->prober).reuse_open, 1);
	probe_free(a.probe);
	assert_int_equal(prober_stats(lab->prober).reuse_open, 0);
	assert_int_equal(prober_stats(lab->prober).reuse_opened, before.reuse_opened + 1);
	assert_int_equal(prober_stats(lab->prober).reuse_lost, before.reuse_lost);
	server_close(&s);
}

/* An answer that ends the connection is as good as any; the next probe opens a new one. */
static void a_server_that_closes(void **state)
{
	NEED_LAB();
	open_server(lab, "127.0.0.1");
	s.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
	s.close_after = true;
	const struct probe_spec spec = spec_for("127.0.0.1", (struct probe_reuse){0, 1, 60, 100});
	struct asked a;

	ask_new(lab, &a, &spec);
	for (int i = 0; i < 3; i++)
		ask_ok(lab, &a);
	assert_int_equal(s.accepted, 3);
	probe_free(a.probe);
	server_close(&s);
}

static void min_is_kept_filled(void **state)
{
	NEED_LAB();
	open_server(lab, "127.0.0.1");
	const struct probe_spec spec = spec_for("127.0.0.1", (struct probe_reuse){3, 5, 60, 100});
	const struct prober_stats before = prober_stats(lab->prober);
	struct asked a;

	ask_new(lab, &a, &spec);
	lab_until(lab, &s.open, 3);
	lab_run(lab, 300);
	assert_int_equal(s.accepted, 3);
	/* All of them are lost while nothing is asked: replaced, and no failure. */
	server_cut(&s);
	lab_until(lab, &s.accepted, 6);
	assert_int_equal(prober_stats(lab->prober).reuse_lost, before.reuse_lost + 3);
	assert_int_equal(prober_stats(lab->prober).reuse_open, 3);
	ask_ok(lab, &a);
	assert_int_equal(s.accepted, 6);
	probe_free(a.probe);
	server_close(&s);
}

static void unused_ones_expire(void **state)
{
	NEED_LAB();
	open_server(lab, "127.0.0.1");
	const struct probe_spec spec = spec_for("127.0.0.1", (struct probe_reuse){0, 1, 1, 100});
	struct asked a;

	ask_new(lab, &a, &spec);
	ask_ok(lab, &a);
	assert_int_equal(prober_stats(lab->prober).reuse_open, 1);
	const uint64_t end = netns_now_ms() + 20000;

	while (prober_stats(lab->prober).reuse_open) {
		lab_run(lab, 20);
		assert_true(netns_now_ms() < end);
	}
	ask_ok(lab, &a);
	assert_int_equal(s.accepted, 2);
	probe_free(a.probe);
	server_close(&s);
}

/* The connection was cut a moment ago and nobody has noticed: the probe asks on a new one. */
static void a_broken_one_is_replaced_in_use(void **state)
{
	NEED_LAB();
	open_server(lab, "127.0.0.1");
	const struct probe_spec spec = spec_for("127.0.0.1", (struct probe_reuse){1, 1, 60, 100});
	const struct prober_stats before = prober_stats(lab->prober);
	struct asked a;

	ask_new(lab, &a, &spec);
	ask_ok(lab, &a);
	server_cut(&s);
	ask_ok(lab, &a);
	assert_int_equal(s.accepted, 2);
	assert_int_equal(prober_stats(lab->prober).reuse_lost, before.reuse_lost + 1);
	/* Not so when the new one fails too. */
	server_close(&s);
	ask_start(&a);
	ask_wait(lab, &a, 3);
	assert_string_equal(health_code_name(a.last.code), "L4CON");
	assert_string_equal(a.last.reason, "connection refused");
	probe_free(a.probe);
}

/* The way to the backend has forgotten the connection: no answer, not even an acknowledgement. */
static void a_silent_one_is_replaced(void **state)
{
	NEED_LAB();
	open_server(lab, "127.0.0.1");
	struct probe_spec spec = spec_for("127.0.0.1", (struct probe_reuse){3, 3, 60, 100});
	struct asked a;

	spec.timeout_ms = 10000;
	ask_new(lab, &a, &spec);
	lab_until(lab, &s.open, 3);
	lab_run(lab, 50);
	server_silence(&s);
	ask_ok(lab, &a);
	assert_in_range(a.last.duration_us, 290000, 9000000);
	probe_free(a.probe);
	/* No time for a second try: neutral, and none of the silent ones is asked again. A busy
	 * machine may come too late to judge. */
	for (int i = 0; i < 20; i++) {
		server_close(&s);
		open_server(lab, "127.0.0.1");
		spec = spec_for("127.0.0.1", spec.reuse);
		spec.timeout_ms = 200;
		ask_new(lab, &a, &spec);
		lab_until(lab, &s.open, 3);
		lab_run(lab, 50);
		server_silence(&s);
		ask_start(&a);
		ask_wait(lab, &a, 1);
		if (a.last.code != HEALTH_CODE_LATE)
			break;
		probe_free(a.probe);
	}
	assert_string_equal(health_code_name(a.last.code), "SOCKERR");
	assert_string_equal(
		a.last.reason, "a kept connection went silent, the next probe opens a new one");
	ask_ok(lab, &a);
	probe_free(a.probe);
	server_close(&s);
}

/* A backend that takes the request and says nothing is slow, not forgotten. */
static void a_slow_one_is_not_replaced(void **state)
{
	NEED_LAB();
	open_server(lab, "127.0.0.1");
	struct probe_spec spec = spec_for("127.0.0.1", (struct probe_reuse){1, 1, 60, 100});
	struct asked a;

	spec.timeout_ms = 2000;
	ask_new(lab, &a, &spec);
	ask_ok(lab, &a);
	s.delay_ms = 60000;
	unsigned int asked = 1;

	do {
		ask_start(&a);
		ask_wait(lab, &a, ++asked);
	} while (a.last.code == HEALTH_CODE_LATE && asked < CHANCES);
	assert_string_equal(a.last.reason, "connected, no answer in 2000 ms");
	assert_string_equal(health_code_name(a.last.code), "L7TOUT");
	assert_int_equal(s.requests, asked);
	probe_free(a.probe);
	server_close(&s);
}

/* Two checks of a backend share its connections, and wait for each other. */
static void max_is_never_exceeded(void **state)
{
	NEED_LAB();
	open_server(lab, "127.0.0.1");
	s.delay_ms = 250;
	struct probe_spec spec = spec_for("127.0.0.1", (struct probe_reuse){0, 1, 60, 5000});
	struct asked a, b;

	spec.timeout_ms = 10000;
	ask_new(lab, &a, &spec);
	spec.path = "/other";
	ask_new(lab, &b, &spec);
	ask_start(&a);
	ask_start(&b);
	ask_wait(lab, &a, 1);
	ask_wait(lab, &b, 1);
	assert_string_equal(health_code_name(a.last.code), "L7OK");
	assert_string_equal(health_code_name(b.last.code), "L7OK");
	assert_in_range(b.last.duration_us, 490000, 9900000);
	assert_int_equal(s.accepted, 1);
	assert_int_equal(s.requests, 2);
	/* Who waits when the connection is lost gets one of its own. */
	s.delay_ms = 60000;
	ask_start(&a);
	ask_start(&b);
	lab_until(lab, &s.requests, 3);
	s.delay_ms = 250;
	probe_cancel(a.probe);
	ask_wait(lab, &b, 2);
	assert_string_equal(health_code_name(b.last.code), "L7OK");
	assert_int_equal(s.accepted, 2);
	probe_free(a.probe);
	probe_free(b.probe);
	/* No longer than wait_ms; that is nobody's failure. */
	spec.reuse.wait_ms = 50;
	s.delay_ms = 1500;
	ask_new(lab, &a, &spec);
	ask_new(lab, &b, &spec);
	ask_start(&a);
	ask_start(&b);
	ask_wait(lab, &b, 1);
	assert_string_equal(health_code_name(b.last.code), "SOCKERR");
	assert_string_equal(b.last.reason, "all 1 connections are in use, waited 50 ms");
	ask_wait(lab, &a, 1);
	assert_string_equal(health_code_name(a.last.code), "L7OK");
	/* Freed while one has it and one waits. */
	ask_start(&a);
	ask_start(&b);
	probe_free(b.probe);
	probe_free(a.probe);
	server_close(&s);
}

/* More connections than one multi handle of libcurl gets. */
static void many_pools(void **state)
{
	enum { N = 300 };
	NEED_LAB();
	static struct asked a[N];
	const struct prober_stats before = prober_stats(lab->prober);

	memset(&s, 0, sizeof s);
	s.answer = OK200;
	server_open(&s, lab, "0.0.0.0", 0);
	for (int i = 0; i < N; i++) {
		char address[32];

		snprintf(address, sizeof address, "127.7.%d.%d", i / 200, 1 + i % 200);
		struct probe_spec spec = spec_for(address, (struct probe_reuse){1, 1, 60, 100});

		spec.timeout_ms = 90000;
		ask_new(lab, &a[i], &spec);
	}
	for (unsigned int round = 1; round <= 3; round++) {
		for (int i = 0; i < N; i++)
			ask_start(&a[i]);
		for (int i = 0; i < N; i++) {
			ask_wait(lab, &a[i], round);
			assert_string_equal(health_code_name(a[i].last.code), "L7OK");
		}
	}
	assert_int_equal(s.accepted, N);
	assert_int_equal(s.requests, 3 * N);
	assert_int_equal(prober_stats(lab->prober).reuse_open, before.reuse_open + N);
	for (int i = 0; i < N; i++)
		probe_free(a[i].probe);
	server_close(&s);
}

/* Over TLS, with nginx as the server. */
static void tls_connections_are_kept(void **state)
{
	NEED_LAB();
	char dir[] = "/tmp/sluice-nginx.XXXXXX";
	const struct prober_stats before = prober_stats(lab->prober);
	struct probe_spec spec = lab_spec("https", "127.0.0.1", 4434);
	struct asked a;
	struct health_result r;

	assert_non_null(mkdtemp(dir));
	netns_run(lab->ns,
		"cd %s; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		"-keyout k.pem -out c.pem -days 2 -subj /CN=a -addext "
		"subjectAltName=DNS:web.example 2>log; printf '%%s' 'pid pid; error_log log; "
		"events {} "
		"http { access_log off; server { listen 127.0.0.1:4434 ssl; ssl_certificate "
		"c.pem; ssl_certificate_key k.pem; location / { return 200 ready; } } }' >conf; "
		"nginx -p . -c conf -e log",
		dir);
	spec.timeout_ms = 10000;
	spec.host = "web.example";
	spec.body = "ready";
	spec.tls_verify = true;
	char ca[64];

	snprintf(ca, sizeof ca, "%s/c.pem", dir);
	spec.ca_file = ca;
	r = ask(lab, &spec);
	assert_string_equal(r.reason, "status 200 OK");
	spec.reuse = (struct probe_reuse){1, 1, 60, 100};
	ask_new(lab, &a, &spec);
	for (int i = 0; i < 4; i++)
		ask_ok(lab, &a);
	assert_int_equal(prober_stats(lab->prober).reuse_opened, before.reuse_opened + 1);
	netns_run(lab->ns, "cd %s; kill $(cat pid)", dir);
	/* It takes a moment to go; connections may be reset meanwhile. */
	for (unsigned int i = 5; strcmp(a.last.reason, "connection refused") != 0 && i < 400; i++) {
		ask_start(&a);
		ask_wait(lab, &a, i);
		lab_run(lab, 50);
	}
	assert_string_equal(a.last.reason, "connection refused");
	probe_free(a.probe);
	netns_run(lab->ns, "rm -r %s", dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_kept),
		cmocka_unit_test(a_server_that_closes),
		cmocka_unit_test(min_is_kept_filled),
		cmocka_unit_test(unused_ones_expire),
		cmocka_unit_test(a_broken_one_is_replaced_in_use),
		cmocka_unit_test(a_silent_one_is_replaced),
		cmocka_unit_test(a_slow_one_is_not_replaced),
		cmocka_unit_test(max_is_never_exceeded),
		cmocka_unit_test(many_pools),
		cmocka_unit_test(tls_connections_are_kept),
	};

	return cmocka_run_group_tests(tests, lab_open, lab_close);
}
