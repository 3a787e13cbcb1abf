/* SPDX-License-Identifier: BSD-3-Clause */

/* One HTTP/1.1 request and what its answer is worth (RFC 9112). Pure: bytes in, verdict out. */

#ifndef SLUICE_HEALTH_HTTP_H
#define SLUICE_HEALTH_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ranges.h"
#include "health/result.h"

/* What an answer must be; compiled once. */
struct http_want {
	struct sl_ranges status;
	const char *status_text;
	const char *body; /* NULL = anything */
	uint8_t body_len;
	uint8_t fall_back[256]; /* of the search for body (Knuth, Morris, Pratt 1977) */
	bool head;
};

/* status NULL: "200-299". The texts must outlive the want. 0, or -EINVAL. */
int http_want_set(struct http_want *want, const char *status, const char *body, bool head);

/* The request as one block of *len bytes, to be freed; NULL without memory. */
char *http_request(const char *path, const char *host, bool head, bool keep, size_t *len);

enum http_part {
	HTTP_HEAD,
	HTTP_BODY_LENGTH, /* .left bytes to come */
	HTTP_BODY_CLOSE,  /* as long as the connection */
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK_DATA, /* .left bytes to come */
	HTTP_CHUNK_END,
	HTTP_TRAILER,
	HTTP_DONE,
};

#define HTTP_LINE 256

/* The answer so far. Starts as zeroes. */
struct http_answer {
	enum http_part part;
	bool any;   /* a byte came */
	bool whole; /* the end was seen and the connection is good for another request */
	bool keep, chunked, has_length, found, judged;
	unsigned int status;
	uint64_t left, length;
	size_t head_bytes, body_bytes;
	uint8_t matched;
	size_t line_len;
	char line[HTTP_LINE]; /* longer ones are cut, which no line that counts is */
	char status_line[64];
	enum health_code code; /* the verdict, when judged */
	char why[HEALTH_REASON_BYTES + 1];
};

/* True once the verdict is there; what comes then does not matter. */
bool http_feed(struct http_answer *a, const struct http_want *want, const void *data, size_t len);

/* The connection ended before a verdict; now there is one. */
void http_end(struct http_answer *a, const struct http_want *want);

#endif
