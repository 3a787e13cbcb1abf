/* SPDX-License-Identifier: BSD-3-Clause */

/* A control server with canned commands for tests, and clients that speak raw bytes to it. */

#ifndef TEST_CTL_FIXTURE_H
#define TEST_CTL_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>

#include "ctl/server.h"

struct event_base;

/* For what has to come at some time; far above what it takes on a busy machine. */
#define SOON_MS 20000

/* The state behind the canned commands. */
struct canned {
	uint64_t rev;
	uint64_t made;        /* items that "count" and "slow" have made so far */
	uint64_t rev_at_item; /* the revision moves once, when "count" makes this one; 0 = never */
	unsigned vip_moves;   /* so many times it moves in the middle of "vip.list" */
	double dropped_pps;   /* in "status" */
	bool apply_failed;    /* in "status" */
};

extern const struct ctl_command canned_commands[];
extern const size_t n_canned_commands;

/* How many items "slow" has, each of CTL_SLICE_MS. */
#define SLOW_ITEMS 1000

/* A directory of the test's own under /tmp, with the path of a socket in it; removed with all in
 * it. */
struct place {
	char dir[64];
	char path[96];
};

void place_make(struct place *place);
void place_remove(struct place *place);

/* Options that serve the canned commands at a place. */
struct ctl_server_opts canned_opts(struct canned *canned, const struct place *place);

/* A server in a child process. It ends when it is killed. */
pid_t canned_fork(struct canned *canned, const struct place *place);
void canned_kill(pid_t pid);

/* cmocka setup and teardown with such a server around each test. */
struct canned_world {
	struct place place;
	struct canned canned;
	pid_t pid;
};

int canned_setup(void **state);
int canned_teardown(void **state);

/* A client in the same process as the server: reading runs the event loop. */
struct raw {
	struct event_base *base;
	int fd;
	char buf[1 << 19];
	size_t used;
};

/* Connect; the greeting is not read. fd is -1 when that fails. */
void raw_open(struct raw *raw, struct event_base *base, const char *path);
void raw_close(struct raw *raw);

/* All bytes, running the loop while the socket is full. */
void raw_send(struct raw *raw, const void *bytes, size_t len);
void raw_text(struct raw *raw, const char *text);

/* A request of id 1, as `rest` goes on: "\"cmd\":\"status\"". */
void raw_ask(struct raw *raw, const char *rest);

/* The next line as an object, or NULL when none comes within SOON_MS or the server closes. */
json_t *raw_line(struct raw *raw);

/* True if the server closes within ms, or at the first look; bytes before that are thrown away when
 * `drain`. */
bool raw_is_closed(struct raw *raw, unsigned ms, bool drain);

/* Run the loop for so long, and for some turns in any case. */
void raw_idle(struct event_base *base, unsigned ms);

/* Run the loop until it holds. False when it does not within SOON_MS. */
typedef bool raw_condition(const void *arg);
bool raw_until(struct event_base *base, raw_condition *holds, const void *arg);

/* Run the loop until a count no longer moves. */
void raw_settle(struct event_base *base, const uint64_t *count);

#endif
