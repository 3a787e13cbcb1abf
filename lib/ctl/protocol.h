/* SPDX-License-Identifier: BSD-3-Clause */

/* The words of the control socket: one JSON object a line (docs/control-protocol.md). Strict
 * reading of requests, building of every line the daemon sends. Pure; any thread. */

#ifndef SLUICE_CTL_PROTOCOL_H
#define SLUICE_CTL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#define CTL_PROTO       1     /* the version spoken: "v" of a request, both ends of "proto" */
#define CTL_REQUEST_MAX 65536 /* bytes of a request line without its newline */
#define CTL_DEPTH_MAX   16    /* nesting of objects and arrays in a request */
#define CTL_ID_NONE     (-1)  /* the request had no usable id: "id":null in the reply */
#define CTL_REV_ANY     (-1)  /* the request has no "if_rev" */

/* Why the answer is no: code is a positive errno, sent by its name ("ENOENT"). */
struct ctl_failure {
	int code;
	char msg[320];
	char hint[320]; /* "" = none */
};

struct ctl_request {
	int64_t id;
	const char *cmd; /* inside root */
	json_t *args;    /* inside root; NULL = none sent */
	int64_t if_rev;  /* or CTL_REV_ANY */
	bool dry_run;
	json_t *root;
};

/* Read one line (no newline). 0, or -EINVAL with *why filled; req->id is set whenever it could be
 * read. ctl_request_clear() is due after both. */
int ctl_request_parse(
	const char *line, size_t len, struct ctl_request *req, struct ctl_failure *why);

void ctl_request_clear(struct ctl_request *req);

/* Fill *why. hint may be NULL. code: errno of either sign. Returns -|code|. */
int ctl_failure_set(struct ctl_failure *why, int code, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define CTL_QUOTE_LEN 64

/* A piece of foreign text made fit for a message: at most 48 bytes, whole characters, no control
 * characters. buf: CTL_QUOTE_LEN bytes. Returns buf. */
const char *ctl_quote(const char *text, char *buf);

/* A message as JSON. Bytes in it that are no UTF-8 become question marks: one that quotes a piece
 * of foreign text may have cut a character. NULL without memory. */
json_t *ctl_text_json(const char *text);

/* Lines. Each returns a new object, or NULL without memory; data and item are taken over, also
 * then. */
json_t *ctl_line_hello(const char *version, uint64_t rev, const char *role);
json_t *ctl_line_data(int64_t id, uint64_t rev, json_t *data);
json_t *ctl_line_item(int64_t id, json_t *item);
json_t *ctl_line_end(int64_t id, uint64_t rev, uint64_t count);
json_t *ctl_line_failure(int64_t id, const struct ctl_failure *why);

/* As ctl_line_failure() for somebody who is not let in: no id. */
json_t *ctl_line_refusal(const struct ctl_failure *why);

/* Compact text with its newline; the caller frees it. line is given up; NULL gives NULL. */
char *ctl_line_text(json_t *line, size_t *len);

#endif
