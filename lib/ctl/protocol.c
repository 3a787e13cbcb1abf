/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/protocol.h"
#include "ctl/suggest.h"

#define QUOTE_MAX 48

static const char *const request_keys[] = {"v", "id", "cmd", "args", "if_rev", "dry_run"};
#define N_KEYS (sizeof request_keys / sizeof *request_keys)

int ctl_failure_set(struct ctl_failure *why, int code, const char *hint, const char *fmt, ...)
{
	va_list ap;

	why->code = abs(code);
	va_start(ap, fmt);
	vsnprintf(why->msg, sizeof why->msg, fmt, ap);
	va_end(ap);
	snprintf(why->hint, sizeof why->hint, "%s", hint ? hint : "");
	return -why->code;
}

const char *ctl_quote(const char *text, char *buf)
{
	const size_t len = strlen(text);
	size_t n = len < QUOTE_MAX ? len : QUOTE_MAX;

	while (n < len && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++) {
		const unsigned char c = (unsigned char)text[i];

		buf[i] = c < 0x20 || c == 0x7f ? '?' : text[i];
	}
	strcpy(buf + n, n < len ? "..." : "");
	return buf;
}

/* jansson allows 2048 levels, so depth is counted before it parses. Text that is not JSON may count
 * wrongly; the parser refuses it anyway. */
static bool is_too_deep(const char *line, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		const char c = line[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > CTL_DEPTH_MAX)
				return true;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

static json_t *load(const char *line, size_t len, struct ctl_failure *why)
{
	json_error_t error;
	json_t *root;

	if (len > CTL_REQUEST_MAX) {
		ctl_failure_set(why, EINVAL, "send less in one request",
			"the request is longer than %d bytes", CTL_REQUEST_MAX);
		return NULL;
	}
	if (memchr(line, 0, len)) {
		ctl_failure_set(why, EINVAL, "send one JSON object a line, as UTF-8",
			"the request contains a NUL byte");
		return NULL;
	}
	if (is_too_deep(line, len)) {
		ctl_failure_set(why, EINVAL, "send a flatter request",
			"the request is nested deeper than %d levels", CTL_DEPTH_MAX);
		return NULL;
	}
	root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		ctl_failure_set(why, EINVAL, "send one JSON object a line, as UTF-8",
			"the request is not valid JSON: %s (column %d)", error.text, error.column);
	return root;
}

static int check_keys(const json_t *root, struct ctl_failure *why)
{
	char quoted[CTL_QUOTE_LEN], hint[128];
	const char *key, *near;
	json_t *value;

	json_object_foreach((json_t *)root, key, value)
	{
		size_t i = 0;

		while (i < N_KEYS && strcmp(key, request_keys[i]) != 0)
			i++;
		if (i < N_KEYS)
			continue;
		near = ctl_suggest(key, request_keys, N_KEYS, sizeof *request_keys);
		snprintf(hint, sizeof hint, "%s%s%s", near ? "did you mean " : "",
			near ? near : "keys are v, id, cmd, args, if_rev, dry_run",
			near ? "?" : "");
		return ctl_failure_set(
			why, EINVAL, hint, "unknown request key \"%s\"", ctl_quote(key, quoted));
	}
	return 0;
}

static int read_options(struct ctl_request *req, struct ctl_failure *why)
{
	const json_t *if_rev = json_object_get(req->root, "if_rev");
	const json_t *dry_run = json_object_get(req->root, "dry_run");

	if (if_rev && (!json_is_integer(if_rev) || json_integer_value(if_rev) < 0))
		return ctl_failure_set(why, EINVAL, "a revision is \"rev\" of an answer",
			"\"if_rev\" must be an integer, 0 or greater");
	if (dry_run && !json_is_boolean(dry_run))
		return ctl_failure_set(why, EINVAL, NULL, "\"dry_run\" must be true or false");
	if (if_rev)
		req->if_rev = json_integer_value(if_rev);
	req->dry_run = json_is_true(dry_run);
	return 0;
}

static int check_values(struct ctl_request *req, struct ctl_failure *why)
{
	static const char example[] = "a request is {\"v\":1,\"id\":1,\"cmd\":\"status\"}";
	const json_t *v = json_object_get(req->root, "v");
	const json_t *cmd = json_object_get(req->root, "cmd");

	if (!json_is_integer(v))
		return ctl_failure_set(why, EINVAL, example, "\"v\" must be an integer");
	if (json_integer_value(v) != CTL_PROTO)
		return ctl_failure_set(why, EINVAL, "send \"v\":1",
			"protocol version %" JSON_INTEGER_FORMAT " is not spoken here",
			json_integer_value(v));
	if (req->id == CTL_ID_NONE)
		return ctl_failure_set(
			why, EINVAL, example, "\"id\" must be an integer, 0 or greater");
	if (!json_is_string(cmd))
		return ctl_failure_set(why, EINVAL, example, "\"cmd\" must be a string");
	req->cmd = json_string_value(cmd);
	req->args = json_object_get(req->root, "args");
	if (req->args && !json_is_object(req->args))
		return ctl_failure_set(why, EINVAL, "leave \"args\" out when there are none",
			"\"args\" must be an object");
	return read_options(req, why);
}

int ctl_request_parse(
	const char *line, size_t len, struct ctl_request *req, struct ctl_failure *why)
{
	const json_t *id;
	int ret;

	*req = (struct ctl_request){.id = CTL_ID_NONE, .if_rev = CTL_REV_ANY};
	req->root = load(line, len, why);
	if (!req->root)
		return -EINVAL;
	if (!json_is_object(req->root))
		return ctl_failure_set(why, EINVAL, "send one JSON object a line, as UTF-8",
			"the request is not a JSON object");
	id = json_object_get(req->root, "id");
	if (json_is_integer(id) && json_integer_value(id) >= 0)
		req->id = json_integer_value(id);
	ret = check_keys(req->root, why);
	return ret ? ret : check_values(req, why);
}

void ctl_request_clear(struct ctl_request *req)
{
	json_decref(req->root);
	*req = (struct ctl_request){.id = CTL_ID_NONE, .if_rev = CTL_REV_ANY};
}

static json_t *id_json(int64_t id)
{
	return id == CTL_ID_NONE ? json_null() : json_integer(id);
}

json_t *ctl_line_hello(const char *version, uint64_t rev, const char *role)
{
	return json_pack("{s:{s:[i,i],s:s,s:I,s:s}}", "hello", "proto", CTL_PROTO, CTL_PROTO,
		"version", version, "rev", (json_int_t)rev, "role", role);
}

json_t *ctl_line_data(int64_t id, uint64_t rev, json_t *data)
{
	return json_pack("{s:o,s:b,s:I,s:o}", "id", id_json(id), "ok", 1, "rev", (json_int_t)rev,
		"data", data);
}

json_t *ctl_line_item(int64_t id, json_t *item)
{
	return json_pack("{s:o,s:o}", "id", id_json(id), "item", item);
}

json_t *ctl_line_end(int64_t id, uint64_t rev, uint64_t count)
{
	return json_pack("{s:o,s:b,s:I,s:b,s:I}", "id", id_json(id), "ok", 1, "rev",
		(json_int_t)rev, "end", 1, "count", (json_int_t)count);
}

/* Bytes of the character at text; 0: it is none. */
static size_t character_len(const char *text)
{
	for (size_t n = 1; n <= 4 && text[n - 1]; n++) {
		json_t *json = json_stringn(text, n);

		json_decref(json);
		if (json)
			return n;
	}
	return 0;
}

json_t *ctl_text_json(const char *text)
{
	json_t *json = json_string(text);
	char *mended = json ? NULL : strdup(text);

	for (size_t at = 0, n; mended && mended[at]; at += n) {
		n = character_len(mended + at);
		if (n)
			continue;
		mended[at] = '?';
		n = 1;
	}
	if (mended)
		json = json_string(mended);
	free(mended);
	return json;
}

json_t *ctl_line_refusal(const struct ctl_failure *why)
{
	const char *name = strerrorname_np(why->code);

	return json_pack("{s:b,s:{s:s,s:o,s:o*}}", "ok", 0, "err", "code", name ? name : "EIO",
		"msg", ctl_text_json(why->msg), "hint",
		why->hint[0] ? ctl_text_json(why->hint) : NULL);
}

json_t *ctl_line_failure(int64_t id, const struct ctl_failure *why)
{
	json_t *line = json_pack("{s:o}", "id", id_json(id));
	json_t *rest = ctl_line_refusal(why);

	if (json_object_update(line, rest)) {
		json_decref(line);
		line = NULL;
	}
	json_decref(rest);
	return line;
}

char *ctl_line_text(json_t *line, size_t *len)
{
	const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(12);
	char *text = NULL, *grown = NULL;

	if (line)
		text = json_dumps(line, flags);
	json_decref(line);
	if (!text)
		return NULL;
	*len = strlen(text) + 1;
	grown = realloc(text, *len + 1);
	if (!grown) {
		free(text);
		return NULL;
	}
	strcpy(grown + *len - 1, "\n");
	return grown;
}
