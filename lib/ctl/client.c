/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/protocol.h"
#include "ctl/server.h"

#define READ_BYTES 65536
#define LINE_BYTES (CTL_QUEUE_MAX + 1) /* no line of the daemon is longer than its queue */

struct ctl_client {
	int fd;
	unsigned timeout_ms;
	const char *path;
	int64_t last_id;
	json_t *hello; /* whole greeting */
	char *buf;
	size_t used;
	size_t taken; /* bytes of the lines already given out */
};

static int fail_connect(const char *path, int code, struct sl_err *err)
{
	switch (code) {
	case ENOENT:
		sl_err_add(err, "no control socket at %s: is sluiced running?", path);
		return -code;
	case ECONNREFUSED:
		sl_err_add(err, "nobody answers on %s: is sluiced running?", path);
		return -code;
	case EACCES:
	case EPERM:
		sl_err_add(err,
			"no permission to use %s: be root, or in the group that "
			"daemon.control.group names",
			path);
		return -EACCES;
	case EAGAIN:
		sl_err_add(err, "%s: the daemon does not take the connection", path);
		return -ETIMEDOUT;
	default:
		return sl_err_sys(err, code, "cannot connect to %s", path);
	}
}

static void set_wait(const struct ctl_client *c, int option, bool patient)
{
	const unsigned ms = patient ? 0 : c->timeout_ms;
	const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

	setsockopt(c->fd, SOL_SOCKET, option, &wait, sizeof wait);
}

static int open_socket(struct ctl_client *c, struct sl_err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (!*c->path || strlen(c->path) >= sizeof at.sun_path) {
		sl_err_add(err, "socket path \"%s\": 1 to %zu bytes are possible", c->path,
			sizeof at.sun_path - 1);
		return -ENAMETOOLONG;
	}
	strcpy(at.sun_path, c->path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return sl_err_sys(err, errno, "socket");
	set_wait(c, SO_RCVTIMEO, false);
	set_wait(c, SO_SNDTIMEO, false);
	if (connect(c->fd, (struct sockaddr *)&at, sizeof at))
		return fail_connect(c->path, errno, err);
	return 0;
}

static int fail_io(struct ctl_client *c, int code, struct sl_err *err)
{
	if (code != EAGAIN)
		return sl_err_sys(err, code, "%s", c->path);
	sl_err_add(err, "%s: no answer within %.3g s", c->path, c->timeout_ms / 1000.0);
	return -ETIMEDOUT;
}

static int fail_protocol(struct ctl_client *c, struct sl_err *err)
{
	sl_err_add(err, "%s: not an answer of the control protocol", c->path);
	return -EPROTO;
}

/* Read more bytes behind those that are there. */
static int fill(struct ctl_client *c, struct sl_err *err)
{
	ssize_t n;

	if (c->used > LINE_BYTES)
		return fail_protocol(c, err);
	do {
		n = recv(c->fd, c->buf + c->used, READ_BYTES, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_io(c, errno, err);
	if (n == 0) {
		sl_err_add(err, "%s: the daemon closed the connection", c->path);
		return -ECONNRESET;
	}
	c->used += (size_t)n;
	return 0;
}

/* The next line as a new object. */
static int read_line(struct ctl_client *c, json_t **line, struct sl_err *err)
{
	size_t searched = c->taken;
	char *end;

	while (!(end = memchr(c->buf + searched, '\n', c->used - searched))) {
		int ret;

		c->used -= c->taken;
		memmove(c->buf, c->buf + c->taken, c->used);
		c->taken = 0;
		searched = c->used;
		ret = fill(c, err);
		if (ret)
			return ret;
	}
	*line = json_loadb(c->buf + c->taken, (size_t)(end - c->buf) - c->taken, 0, NULL);
	c->taken = (size_t)(end - c->buf) + 1;
	return json_is_object(*line) ? 0 : fail_protocol(c, err);
}

static int check_hello(struct ctl_client *c, struct sl_err *err)
{
	const json_t *hello = json_object_get(c->hello, "hello");
	const char *msg = NULL, *hint = NULL, *version = "?";
	int low = 0, high = 0;

	if (json_unpack(c->hello, "{s:{s:s,s?s}}", "err", "msg", &msg, "hint", &hint) == 0) {
		sl_err_add(err, "%s: %s%s%s%s", c->path, msg, hint ? " (" : "", hint ? hint : "",
			hint ? ")" : "");
		return -EBUSY;
	}
	if (json_unpack(
		    (json_t *)hello, "{s:[i,i],s:s}", "proto", &low, &high, "version", &version))
		return fail_protocol(c, err);
	if (CTL_PROTO < low || CTL_PROTO > high) {
		sl_err_add(err, "%s: sluiced %s speaks protocol %d to %d, this program %d", c->path,
			version, low, high, CTL_PROTO);
		return -EPROTO;
	}
	return 0;
}

int ctl_client_new(
	const char *path, unsigned timeout_ms, struct ctl_client **out, struct sl_err *err)
{
	struct ctl_client *c = calloc(1, sizeof *c);
	int ret;

	*out = NULL;
	if (!c)
		return sl_err_sys(err, ENOMEM, "%s", path);
	c->fd = -1;
	c->path = path;
	c->timeout_ms = timeout_ms;
	c->buf = malloc(LINE_BYTES + READ_BYTES);
	ret = c->buf ? open_socket(c, err) : sl_err_sys(err, ENOMEM, "%s", path);
	if (!ret)
		ret = read_line(c, &c->hello, err);
	if (!ret)
		ret = check_hello(c, err);
	if (ret)
		ctl_client_free(c);
	else
		*out = c;
	return ret;
}

void ctl_client_free(struct ctl_client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	json_decref(c->hello);
	free(c->buf);
	free(c);
}

const json_t *ctl_client_hello(const struct ctl_client *c)
{
	return json_object_get(c->hello, "hello");
}

static int send_request(struct ctl_client *c, const struct ctl_question *q, struct sl_err *err)
{
	json_t *if_rev = q->has_if_rev ? json_integer((json_int_t)q->if_rev) : NULL;
	json_t *request = json_pack("{s:i,s:I,s:s,s:o*,s:o*,s:o*}", "v", CTL_PROTO, "id",
		(json_int_t)++c->last_id, "cmd", q->cmd, "args", q->args, "if_rev", if_rev,
		"dry_run", q->dry_run ? json_true() : NULL);
	size_t len = 0;
	char *text = ctl_line_text(request, &len);
	int ret = text ? 0 : sl_err_sys(err, ENOMEM, "%s", c->path);

	for (size_t sent = 0; !ret && sent < len;) {
		const ssize_t n = send(c->fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			ret = fail_io(c, errno, err);
	}
	free(text);
	return ret;
}

/* From the last line of an answer. */
static int read_reply(
	struct ctl_client *c, json_t *line, struct ctl_reply *reply, struct sl_err *err)
{
	json_t *ok = json_object_get(line, "ok");

	*reply = (struct ctl_reply){.root = line, .ok = json_is_true(ok)};
	if (reply->ok) {
		reply->rev = (uint64_t)json_integer_value(json_object_get(line, "rev"));
		reply->data = json_object_get(line, "data");
		return 0;
	}
	if (json_is_false(ok) && json_unpack(line, "{s:{s:s,s:s,s?s}}", "err", "code", &reply->code,
					 "msg", &reply->msg, "hint", &reply->hint) == 0)
		return 0;
	ctl_reply_clear(reply);
	return fail_protocol(c, err);
}

static int deliver(
	struct ctl_client *c, const struct ctl_question *q, json_t *item, struct sl_err *err)
{
	if (q->on_item)
		return q->on_item(item, q->arg);
	return json_array_append(q->items, item) ? fail_protocol(c, err) : 0;
}

/* Lines up to the last one of the answer. */
static int read_answer(struct ctl_client *c, const struct ctl_question *q, struct ctl_reply *reply,
	struct sl_err *err)
{
	int ret = 0;

	while (!ret) {
		json_t *line = NULL, *item, *id;
		bool ours;

		ret = read_line(c, &line, err);
		id = json_object_get(line, "id");
		item = json_object_get(line, "item");
		ours = json_integer_value(id) == c->last_id;
		/* id null: the daemon could not even read the request. */
		if (!ret && !item && (ours || json_is_null(id)))
			return read_reply(c, line, reply, err);
		if (!ret)
			ret = ours ? deliver(c, q, item, err) : fail_protocol(c, err);
		json_decref(line);
	}
	return ret;
}

int ctl_client_ask(struct ctl_client *c, const struct ctl_question *q, struct ctl_reply *reply,
	struct sl_err *err)
{
	int ret = send_request(c, q, err);

	*reply = (struct ctl_reply){0};
	if (ret)
		return ret;
	if (q->patient)
		set_wait(c, SO_RCVTIMEO, true);
	ret = read_answer(c, q, reply, err);
	if (q->patient)
		set_wait(c, SO_RCVTIMEO, false);
	return ret;
}

int ctl_client_call(struct ctl_client *c, const char *cmd, json_t *args, json_t *items,
	struct ctl_reply *reply, struct sl_err *err)
{
	const struct ctl_question q = {.cmd = cmd, .args = args, .items = items};

	return ctl_client_ask(c, &q, reply, err);
}

void ctl_reply_clear(struct ctl_reply *reply)
{
	json_decref(reply->root);
	*reply = (struct ctl_reply){0};
}
