/* SPDX-License-Identifier: BSD-3-Clause */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "health/http.h"
#include "health/probe.h"

int http_want_set(struct http_want *want, const char *status, const char *body, bool head)
{
	size_t k = 0;

	want->status_text = status ? status : "200-299";
	want->body = body;
	want->head = head;
	want->body_len = 0;
	if (sl_ranges_parse(want->status_text, 100, 599, &want->status, NULL))
		return -EINVAL;
	if (!body)
		return 0;
	if (!*body || strlen(body) > UINT8_MAX || head)
		return -EINVAL;
	want->body_len = (uint8_t)strlen(body);
	want->fall_back[0] = 0;
	for (size_t i = 1; i < want->body_len; i++) {
		while (k && body[i] != body[k])
			k = want->fall_back[k - 1];
		k += body[i] == body[k];
		want->fall_back[i] = (uint8_t)k;
	}
	return 0;
}

char *http_request(const char *path, const char *host, bool head, bool keep, size_t *len)
{
	char *text = NULL;
	const int n = asprintf(&text,
		"%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sluice-health\r\nAccept: */*\r\n"
		"Connection: %s\r\n\r\n",
		head ? "HEAD" : "GET", path ? path : "/", host, keep ? "keep-alive" : "close");

	if (n < 0)
		return NULL;
	*len = (size_t)n;
	return text;
}

static void judge(struct http_answer *a, enum health_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void judge(struct http_answer *a, enum health_code code, const char *fmt, ...)
{
	char text[2 * HTTP_LINE];
	va_list ap;

	if (a->judged)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	/* The verdict must not hang on whether the rest of the body came in the same piece. */
	if (a->found) {
		code = HEALTH_CODE_L7OK;
		snprintf(text, sizeof text, "%s", a->status_line);
	}
	a->judged = true;
	a->code = code;
	snprintf(a->why, sizeof a->why, "%.*s", HEALTH_REASON_BYTES, text);
	/* What a backend sends must not reach a terminal as it is. */
	for (char *c = a->why; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* Everything that counts was seen. */
static void complete(struct http_answer *a, const struct http_want *want)
{
	if (want->body && !a->found)
		judge(a, HEALTH_CODE_L7RSP, "%s: body without \"%s\"%s", a->status_line, want->body,
			a->body_bytes >= PROBE_HTTP_MAX ? " in its first 16 KiB" : "");
	else
		judge(a, HEALTH_CODE_L7OK, "%s", a->status_line);
}

static void finish_message(struct http_answer *a, const struct http_want *want)
{
	a->part = HTTP_DONE;
	a->whole = a->keep;
	complete(a, want);
}

static void read_status(struct http_answer *a)
{
	const char *l = a->line;
	const bool good = strncmp(l, "HTTP/1.", 7) == 0 && isdigit((unsigned char)l[7]) &&
			  l[8] == ' ' && isdigit((unsigned char)l[9]) &&
			  isdigit((unsigned char)l[10]) && isdigit((unsigned char)l[11]) &&
			  (l[12] == ' ' || l[12] == '\0');

	if (!good) {
		judge(a, HEALTH_CODE_L7RSP, "not an HTTP answer: \"%s\"", l);
		return;
	}
	a->status = (unsigned int)strtoul(l + 9, NULL, 10);
	a->keep = l[7] != '0';
	snprintf(a->status_line, sizeof a->status_line, "status %.50s", l + 9);
}

/* The value if the line is that header. */
static const char *header(const char *line, const char *name)
{
	const size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	return line + n + 1 + strspn(line + n + 1, " \t");
}

static void read_length(struct http_answer *a, const char *text)
{
	const size_t digits = strspn(text, "0123456789"),
		     rest = digits + strspn(text + digits, " \t");
	const uint64_t n = strtoull(text, NULL, 10);

	if (digits == 0 || digits > 18 || text[rest])
		judge(a, HEALTH_CODE_L7RSP, "Content-Length \"%.30s\" is not a number", text);
	else if (a->has_length && n != a->length)
		judge(a, HEALTH_CODE_L7RSP, "two different Content-Length headers");
	a->has_length = true;
	a->length = n;
}

static void read_header(struct http_answer *a)
{
	const char *value;

	if ((value = header(a->line, "Content-Length")))
		read_length(a, value);
	else if ((value = header(a->line, "Transfer-Encoding")))
		a->chunked = strcasestr(value, "chunked") != NULL;
	else if ((value = header(a->line, "Connection")))
		a->keep = strcasestr(value, "close")        ? false
			  : strcasestr(value, "keep-alive") ? true
							    : a->keep;
}

/* The empty line that ends a head: RFC 9112 6.3 says what follows. */
static void end_head(struct http_answer *a, const struct http_want *want)
{
	const unsigned int status = a->status;

	if (status >= 100 && status < 200 && status != 101) {
		a->status = 0;
		a->has_length = a->chunked = false;
		return;
	}
	if (!sl_ranges_has(&want->status, (uint16_t)status)) {
		judge(a, HEALTH_CODE_L7STS, "%s, wanted %s", a->status_line, want->status_text);
		return;
	}
	a->left = a->length;
	if (want->head || status == 101 || status == 204 || status == 304)
		finish_message(a, want);
	else if (a->chunked)
		a->part = HTTP_CHUNK_SIZE;
	else if (!a->has_length)
		a->part = HTTP_BODY_CLOSE;
	else if (a->left)
		a->part = HTTP_BODY_LENGTH;
	else
		finish_message(a, want);
}

static void read_chunk_size(struct http_answer *a)
{
	const size_t digits = strspn(a->line, "0123456789abcdefABCDEF");

	if (digits == 0 || digits > 15) {
		judge(a, HEALTH_CODE_L7RSP, "chunk size \"%.30s\" is not a number", a->line);
		return;
	}
	a->left = strtoull(a->line, NULL, 16);
	a->part = a->left ? HTTP_CHUNK_DATA : HTTP_TRAILER;
}

static void read_line(struct http_answer *a, const struct http_want *want)
{
	const bool empty = a->line_len == 0;

	if (a->part == HTTP_HEAD) {
		if (a->status == 0)
			read_status(a);
		else if (empty)
			end_head(a, want);
		else
			read_header(a);
	} else if (a->part == HTTP_CHUNK_SIZE) {
		read_chunk_size(a);
	} else if (a->part == HTTP_CHUNK_END) {
		if (!empty)
			judge(a, HEALTH_CODE_L7RSP, "chunk longer than its size");
		a->part = HTTP_CHUNK_SIZE;
	} else if (empty) {
		finish_message(a, want);
	}
}

/* Bytes of the line, its end included. */
static size_t take_line(
	struct http_answer *a, const struct http_want *want, const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);
	const size_t n = end ? (size_t)(end - data) + 1 : len, text = end ? n - 1 : n;
	const size_t room = sizeof a->line - 1 - a->line_len, copy = text < room ? text : room;

	a->head_bytes += n;
	if (a->head_bytes > PROBE_HTTP_MAX) {
		judge(a, HEALTH_CODE_L7RSP, "header above 16 KiB");
		return n;
	}
	memcpy(a->line + a->line_len, data, copy);
	a->line_len += copy;
	if (!end)
		return n;
	if (a->line_len && a->line[a->line_len - 1] == '\r')
		a->line_len--;
	a->line[a->line_len] = '\0';
	read_line(a, want);
	a->line_len = 0;
	return n;
}

static void search(
	struct http_answer *a, const struct http_want *want, const char *data, size_t len)
{
	for (size_t i = 0; i < len && !a->found; i++) {
		while (a->matched && data[i] != want->body[a->matched])
			a->matched = want->fall_back[a->matched - 1];
		a->matched = (uint8_t)(a->matched + (data[i] == want->body[a->matched]));
		a->found = a->matched == want->body_len;
	}
}

/* Bytes of the body, as far as anybody looks at it. */
static size_t take_body(
	struct http_answer *a, const struct http_want *want, const char *data, size_t len)
{
	const size_t room = PROBE_HTTP_MAX - a->body_bytes;
	size_t n = len < room ? len : room;

	a->head_bytes = 0; /* what stands between two chunks has the same room */
	if (a->part != HTTP_BODY_CLOSE) {
		n = n < a->left ? n : (size_t)a->left;
		a->left -= n;
	}
	if (want->body)
		search(a, want, data, n);
	a->body_bytes += n;
	if (a->part == HTTP_BODY_LENGTH && a->left == 0)
		finish_message(a, want);
	else if (a->part == HTTP_CHUNK_DATA && a->left == 0)
		a->part = HTTP_CHUNK_END;
	if (a->body_bytes == PROBE_HTTP_MAX && a->part != HTTP_DONE)
		complete(a, want);
	return n;
}

bool http_feed(struct http_answer *a, const struct http_want *want, const void *data, size_t len)
{
	const char *at = data, *end = at + len;

	a->any |= len > 0;
	while (at < end && !a->judged) {
		const bool body = a->part == HTTP_BODY_LENGTH || a->part == HTTP_BODY_CLOSE ||
				  a->part == HTTP_CHUNK_DATA;

		at += body ? take_body(a, want, at, (size_t)(end - at))
			   : take_line(a, want, at, (size_t)(end - at));
	}
	/* Bytes behind the end belong to no request of ours. */
	if (at < end)
		a->whole = false;
	if (a->found)
		complete(a, want);
	return a->judged;
}

void http_end(struct http_answer *a, const struct http_want *want)
{
	a->whole = false;
	if (!a->any)
		judge(a, HEALTH_CODE_L7RSP, "connection ended without an answer");
	else if (a->part == HTTP_HEAD)
		judge(a, HEALTH_CODE_L7RSP, "connection ended in the middle of the header");
	else if (a->part == HTTP_BODY_CLOSE)
		complete(a, want);
	else if (a->part == HTTP_BODY_LENGTH)
		judge(a, HEALTH_CODE_L7RSP,
			"connection ended after %zu of %" PRIu64 " bytes of the body",
			a->body_bytes, a->length);
	else
		judge(a, HEALTH_CODE_L7RSP, "connection ended in the middle of the body");
}
