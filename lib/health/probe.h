/* SPDX-License-Identifier: BSD-3-Clause */

/* Probes: one question to one backend, one result. They run on the event loop of their caller, no
 * thread each; every function here belongs to that one thread. What a type does is a row of
 * probe_types. When to ask, and what a result means, is decided elsewhere. */

#ifndef SLUICE_HEALTH_PROBE_H
#define SLUICE_HEALTH_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "health/result.h"

struct event_base;

/* A connection or datagram without any answer is tried once more after this long: the kernel's own
 * second SYN would come after 1 s (RFC 6298 2.1), so one lost packet would be a failure. */
#define PROBE_AGAIN_MS  300

/* Of the answer to an HTTP request, no more of header or body is looked at. */
#define PROBE_HTTP_MAX  16384

/* A connection of a reuse pool that is not up after this long is given up. */
#define PROBE_REFILL_MS 2000

/* Live connections that probes take turns on. Probes with the same address, port, TLS and limits
 * share them. */
struct probe_reuse {
	uint32_t min;     /* connections that are kept open */
	uint32_t max;     /* never more; 0 = each probe opens a connection of its own */
	uint32_t idle_s;  /* unused for so long, a connection is closed */
	uint32_t wait_ms; /* while all are in use a probe waits for one, then ends NEUTRAL */
};

/* What to ask. NULL stands for what is said beside it; keys that a type has no use for are ignored.
 */
struct probe_spec {
	const char *type; /* a name in probe_types */
	struct sl_addr address;
	uint16_t port;       /* host order; not for icmp and none */
	uint32_t timeout_ms; /* of the whole probe, 1 and more */
	const char *path;    /* http, https; "/" */
	const char *host;    /* http, https: Host header, and TLS name without :PORT; the address */
	const char *status;  /* http, https: as sl_ranges_parse takes it; "200-299" */
	const char *body;    /* http, https: at most 255 bytes; anything */
	bool head;           /* http, https: HEAD instead of GET */
	bool tls_verify;     /* https */
	const char *ca_file; /* https with tls_verify; the system's */
	const char *send_hex;   /* udp: as sl_hex_parse takes it; required */
	const char *expect_hex; /* udp: the same with wildcards, how the answer begins; anything */
	const char *dns_name;   /* dns; required */
	uint16_t dns_type;      /* dns: number of the record type; 0 = A */
	struct probe_reuse reuse; /* http, https */
};

struct prober; /* what the probes of a loop share: connections, pools */
struct probe;  /* one question, asked any number of times, one at a time */

/* Called from the loop, never from inside a function below, once for each probe_start that was not
 * cancelled. It may start, cancel and free any probe, this one too. */
typedef void probe_done(void *ctx, const struct health_result *result);

/* base must outlive the prober. SIGPIPE must be ignored by the process. NULL with err filled where
 * there is no memory or libcurl cannot be used. */
struct prober *prober_new(struct event_base *base, struct sl_err *err);

/* Have this called whenever results were handed over or the time of a probe was over: thousands may
 * be so at once, and the owner of the loop may want to break it off. */
void prober_on_work(struct prober *prober, void (*worked)(void *arg), void *arg);

/* After every probe is freed. NULL is fine. */
void prober_free(struct prober *prober);

/* Connections of all reuse pools: what is open now, and what was opened and lost so far. A
 * connection is lost when the backend ends it while no probe uses it, or fails it in use. */
struct prober_stats {
	uint64_t reuse_open, reuse_opened, reuse_lost;
};
struct prober_stats prober_stats(const struct prober *prober);

/* The spec is copied. 0 and *out; -EINVAL for a spec that cannot be asked, -ENOMEM; err then says
 * why. */
int probe_new(struct prober *prober, const struct probe_spec *spec, probe_done *done, void *ctx,
	struct probe **out, struct sl_err *err);

/* Ask. Faults of our own end as a NEUTRAL result too, so there is one way a probe ends. Must not be
 * called while the probe is busy. */
void probe_start(struct probe *probe);

/* Forget the question under way, if any; done will not be called for it. */
void probe_cancel(struct probe *probe);

/* True from probe_start until done is called or probe_cancel. */
bool probe_is_busy(const struct probe *probe);

/* Cancels. NULL is fine. */
void probe_free(struct probe *probe);

/* Names of the types, for messages: NULL behind the last one. */
const char *probe_type_name(size_t i);

#endif
