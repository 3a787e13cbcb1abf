/* SPDX-License-Identifier: BSD-3-Clause */

/* Connections to backends, by TCP or TLS: libcurl makes them on the event loop of the prober, then
 * bytes are exchanged without blocking. */

#ifndef SLUICE_HEALTH_CONN_H
#define SLUICE_HEALTH_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/err.h"
#include "health/result.h"

struct event_base;
struct conns;
struct conn;

/* Where to; texts must outlive the connection. */
struct conn_target {
	struct sl_addr address;
	uint16_t port;
	bool tls;
	bool verify;         /* the certificate must be valid, and for name or address */
	const char *name;    /* for TLS; NULL = the address, and no name is asked for */
	const char *ca_file; /* NULL = the system's */
};

enum conn_news {
	CONN_UP,       /* once: may send and receive */
	CONN_FAILED,   /* never came up: conn_fault says why; to be closed */
	CONN_READABLE, /* or at an end */
	CONN_WRITABLE, /* after a conn_send that could not take everything */
};

/* Called from the loop, or for CONN_UP and CONN_FAILED from within conn_open's loop turn at the
 * earliest. May close the connection. */
typedef void conn_hear(void *ctx, enum conn_news news);

int conns_new(struct event_base *base, struct conns **out, struct sl_err *err);
void conns_free(struct conns *cs); /* after every connection is closed; NULL is fine */

/* NULL without memory. */
struct conn *conn_open(
	struct conns *cs, const struct conn_target *target, conn_hear *hear, void *ctx);

/* Somebody else listens from now on. */
void conn_hand(struct conn *c, conn_hear *hear, void *ctx);

/* True while the backend has not answered the SYN. */
bool conn_is_unanswered(const struct conn *c);

/* True if bytes were sent that the other side has not acknowledged. */
bool conn_is_unacknowledged(const struct conn *c);

/* Give up the socket and connect with a new one. */
void conn_again(struct conn *c);

/* Why it failed: *code, and a phrase that lives as long as the connection. */
const char *conn_fault(const struct conn *c, enum health_code *code);

/* The ICMP error that a connection without an answer has met, or NULL: the kernel goes on trying.
 */
const char *conn_obstacle(const struct conn *c, enum health_code *code);

/* Bytes taken or read; -EAGAIN; -errno of a broken connection. conn_recv: 0 = ended by the backend.
 */
ssize_t conn_send(struct conn *c, const void *data, size_t len);
ssize_t conn_recv(struct conn *c, void *data, size_t len);

/* Hear CONN_WRITABLE once. */
void conn_want_write(struct conn *c);

/* reset: by RST at once, so that no half-closed state is left on either side. NULL is fine. */
void conn_close(struct conn *c, bool reset);

#endif
