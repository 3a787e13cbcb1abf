/* SPDX-License-Identifier: BSD-3-Clause */

/* A prober and servers that behave as told, all on one event loop in a network namespace of the
 * test process. */

#ifndef SLUICE_TESTS_PROBE_LAB_H
#define SLUICE_TESTS_PROBE_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <event2/event.h>

#include "health/probe.h"
#include "netns.h"

/* How often a busy machine may come too late to judge. */
#define CHANCES 20

struct lab {
	struct event_base *base;
	struct prober *prober;
	int ns;
};

/* One probe and what came of it. */
struct asked {
	struct probe *probe;
	unsigned int results;
	struct health_result last;
};

/* What a TCP server does with a connection. */
struct server {
	const char *answer; /* once a whole request header is there; NULL = nothing is ever sent */
	size_t answer_len;  /* 0 = strlen */
	unsigned int delay_ms; /* before the answer */
	bool close_after;      /* close once the answer is out */
	bool mute;             /* take connections and never read */
	bool reset;            /* answer a request by RST */
	/* private, but may be read */
	struct lab *lab;
	void *listener;
	uint16_t port;
	unsigned int accepted, requests, open;
	char last_request[2048];
	void *clients[4096];
};

/* cmocka group setup and teardown: *state is a struct lab, or NULL where namespaces cannot be made;
 * loopback is up, 127.0.0.0/8 and 2001:db8:1::/48 are all local. */
int lab_open(void **state);
int lab_close(void **state);

#define NEED_LAB()                \
	struct lab *lab = *state; \
	do {                      \
		if (!lab)         \
			skip();   \
	} while (0)

struct sl_addr lab_addr(const char *text);

/* A spec with a timeout of 5000 ms. */
struct probe_spec lab_spec(const char *type, const char *address, uint16_t port);

/* Fails the test if the spec is refused. */
void ask_new(struct lab *lab, struct asked *a, const struct probe_spec *spec);
void ask_start(struct asked *a);
/* Run the loop until `wanted` results are there; the test fails after 100 s. */
void ask_wait(struct lab *lab, struct asked *a, unsigned int wanted);
/* All of it for one result, and the probe is freed. Asked again while the loop came too late to
 * judge, as it may on a busy machine. */
struct health_result ask(struct lab *lab, const struct probe_spec *spec);

/* ask, and again, a probe with little time, until it gives this reason: a busy machine may cut it
 * short at another point. */
struct health_result ask_for(struct lab *lab, const struct probe_spec *spec, const char *reason);

/* ask_for, then compare code and the whole reason. */
#define EXPECT(lab, spec, want_code, want_reason)                                \
	do {                                                                     \
		const struct health_result r_ = ask_for(lab, spec, want_reason); \
		assert_string_equal(health_code_name(r_.code), want_code);       \
		assert_string_equal(r_.reason, want_reason);                     \
	} while (0)

/* Run the loop for so long. */
void lab_run(struct lab *lab, unsigned int ms);

/* Run the loop until *value reaches `wanted`; the test fails after 100 s. */
void lab_until(struct lab *lab, const unsigned int *value, unsigned int wanted);

/* Listen on a free port of the address (port 0), or on that port. */
void server_open(struct server *s, struct lab *lab, const char *address, uint16_t port);
/* Close every connection, and listen on. */
void server_cut(struct server *s);
/* Connections of now: what comes on them is dropped below TCP, unacknowledged. */
void server_silence(struct server *s);
/* Stop listening, keep connections. */
void server_deaf(struct server *s);
void server_close(struct server *s);

/* A listening socket whose queue is full: a SYN gets no answer. *port is its port. Returns the
 * socket; `filler` keeps what fills it. */
#define FILLERS 4
int full_listener(const char *address, uint16_t *port, int filler[FILLERS]);

/* A UDP socket bound to a free port. */
int udp_bound(const char *address, uint16_t *port);

#endif
