/* SPDX-License-Identifier: BSD-3-Clause */

/* What a probe says of a backend. One X-macro list makes the enum, the name an operator reads, what
 * the state machine makes of it, and the documentation. */

#ifndef SLUICE_HEALTH_RESULT_H
#define SLUICE_HEALTH_RESULT_H

#include <stdint.h>

/* What a result counts as. NEUTRAL speaks of us, not of the backend: it is counted, and is neither
 * a success nor a failure. */
enum health_outcome {
	HEALTH_OK,
	HEALTH_FAIL,
	HEALTH_NEUTRAL,
};

/* X(identifier, name, outcome, help) */
#define HEALTH_CODE_LIST(X)                                                            \
	X(NONE, "none", NEUTRAL, "no result yet")                                      \
	X(L4OK, "L4OK", OK, "connected, or answered an echo request")                  \
	X(L7OK, "L7OK", OK, "answered as expected")                                    \
	X(L4TOUT, "L4TOUT", FAIL, "no answer to connect or echo within the timeout")   \
	X(L4CON, "L4CON", FAIL, "connection refused or reset")                         \
	X(L6RSP, "L6RSP", FAIL, "TLS handshake or certificate")                        \
	X(L7STS, "L7STS", FAIL, "HTTP status or DNS response code out of the allowed") \
	X(L7RSP, "L7RSP", FAIL, "answer malformed or without the expected content")    \
	X(L7TOUT, "L7TOUT", FAIL, "connected, but no answer within the timeout")       \
	X(ICMPUNR, "ICMPUNR", FAIL, "an ICMP error says unreachable")                  \
	X(SOCKERR, "SOCKERR", NEUTRAL, "no socket, port or memory here")               \
	X(LINKDOWN, "LINKDOWN", NEUTRAL, "our own link has no carrier, or no route")   \
	X(LATE, "LATE", NEUTRAL, "the control loop came too late to judge")

enum health_code {
#define HEALTH_CODE_ENUM(id, name, outcome, help) HEALTH_CODE_##id,
	HEALTH_CODE_LIST(HEALTH_CODE_ENUM)
#undef HEALTH_CODE_ENUM
		HEALTH_CODE_COUNT
};

/* Text of a reason, without its NUL. Printable ASCII or UTF-8; never more than one line. */
#define HEALTH_REASON_BYTES 80

struct health_result {
	enum health_code code;
	uint32_t duration_us;                 /* from the start of the probe to its verdict */
	char reason[HEALTH_REASON_BYTES + 1]; /* for a person: "HTTP status 503"; may be empty */
};

/* "L4OK" and the like; "?" outside the enum. */
const char *health_code_name(enum health_code code);

/* One line of help for a person. */
const char *health_code_help(enum health_code code);

enum health_outcome health_code_outcome(enum health_code code);

/* A result with a formatted reason. What does not fit is cut; control characters become '?'. */
void health_result_set(struct health_result *r, enum health_code code, uint32_t duration_us,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
