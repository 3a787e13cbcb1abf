/* SPDX-License-Identifier: BSD-3-Clause */

/* One server and its clients in a test process: start, greet, compare lines. */

#ifndef TEST_CTL_WORLD_H
#define TEST_CTL_WORLD_H

#include "ctl_fixture.h"

#define STATUS        "{\"v\":1,\"id\":1,\"cmd\":\"status\"}\n"
#define COUNT_20000   "{\"v\":1,\"id\":2,\"cmd\":\"count\",\"args\":{\"n\":\"20000\"}}\n"
#define COUNT_ENDLESS "{\"v\":1,\"id\":2,\"cmd\":\"count\",\"args\":{\"n\":\"999999999\"}}\n"

struct world {
	struct place place;
	struct canned canned;
	struct event_base *base;
	struct ctl_server *server;
	struct raw a, b;
};

/* cmocka setup and teardown around each test; the server is started by the test. */
int world_setup(void **state);
int world_teardown(void **state);

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* Start the server; 0 = the time it has without options. */
void world_serve(struct world *w, unsigned line_ms, unsigned idle_ms, unsigned reader_ms);

/* Connect and take the greeting. */
void world_greet(struct world *w, struct raw *raw);

/* The next line is exactly this / a failure of that request / an answer to STATUS. */
void expect_line(struct raw *raw, const char *text);
void expect_failure(struct raw *raw, int64_t id, const char *code, const char *msg);
void expect_status(struct raw *raw);

#endif
