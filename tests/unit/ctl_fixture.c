/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <event2/event.h>

#include "ctl_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static uint64_t canned_rev(void *arg)
{
	return ((struct canned *)arg)->rev;
}

static int status(struct ctl_call *call, void *arg)
{
	const struct canned *c = arg;
	json_t *config = json_pack("{s:s,s:s}", "path", "/etc/sluice/sluice.conf", "last_apply",
		c->apply_failed ? "failed" : "ok");
	json_t *data =
		json_pack("{s:s,s:i,s:I,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:f,s:s,s:o}",
			"version", "0.1.0", "uptime_s", 273600, "rev", (json_int_t)c->rev, "vips",
			2, "pools", 3, "pools_ok", 2, "pools_degraded", 0, "pools_panic", 1,
			"pools_down", 0, "backends", 5, "workers", 1, "lanes", 2, "rx_pps", 1234567,
			"dropped_pps", c->dropped_pps, "hash", "aes-ni", "config", config);

	if (c->apply_failed)
		json_object_set_new(config, "error", json_string("sluice.conf:41: unknown key"));
	json_object_update(ctl_call_data(call), data);
	json_decref(data);
	return 0;
}

static const char *const vip_rows[] = {
	("{\"vip\":\"web4\",\"address\":\"203.0.113.10\",\"port\":443,\"protocol\":\"tcp\","
	 "\"pool\":\"web\",\"forward\":\"ipip\",\"packets\":1234567,\"bytes\":99,\"pps\":120000,"
	 "\"bps\":812000000}"),
	("{\"vip\":\"any6\",\"address\":\"2001:db8::10\",\"port\":0,\"protocol\":\"udp\","
	 "\"pool\":\"dns\",\"forward\":\"l2\",\"packets\":0,\"bytes\":0,\"pps\":0,\"bps\":0}"),
};

static const char *const backend_rows[] = {
	("{\"pool\":\"web\",\"backend\":\"b1\",\"address\":\"10.0.0.11\","
	 "\"health\":\"UP\",\"effective\":100,\"checks\":1,\"check\":\"http\",\"code\":\"L7OK\","
	 "\"check_ms\":0.42,\"since_s\":273600,\"modifiers\":\"\","
	 "\"id\":1,\"admin\":"
	 "\"ready\",\"flows\":8123,\"new_flows_ps\":412,\"weight\":100,"
	 "\"slots\":43691,\"share\":0.66666,\"next_hop\":{\"state\":\"resolved\",\"mac\":"
	 "\"02:00:00:00:00:11\",\"port\":\"wan\"},\"packets\":999,\"bytes\":5,\"pps\":12345.6}"),
	("{\"pool\":\"web\",\"backend\":\"b10\",\"address\":\"10.0.0.20\","
	 "\"health\":\"DOWN "
	 "1/"
	 "2\",\"effective\":0,\"checks\":1,\"check\":\"http\",\"code\":\"L4CON\",\"check_ms\":1000,"
	 "\"since_s\":192,\"modifiers\":\"suppressed\","
	 "\"id\":2,\"admin\":"
	 "\"drain\",\"flows\":371,\"new_flows_ps\":0,\"weight\":50,"
	 "\"slots\":21846,\"share\":0.33334,\"next_hop\":{\"state\":\"unresolved\"},"
	 "\"packets\":1000,\"bytes\":5,\"pps\":0}"),
	("{\"pool\":\"web\",\"backend\":\"b2\",\"address\":\"10.0.0.12\","
	 "\"health\":\"INIT\",\"effective\":0,\"checks\":1,\"check\":null,\"code\":\"\",\"check_"
	 "ms\":0,\"since_s\":1,\"modifiers\":\"\","
	 "\"id\":3,\"admin\":"
	 "\"maint\",\"flows\":0,\"new_flows_ps\":0,\"weight\":0,"
	 "\"slots\":0,\"share\":0,\"next_hop\":{\"state\":\"static\",\"mac\":\"02:00:00:00:00:12\","
	 "\"port\":\"wan\"},\"packets\":0,\"bytes\":0,\"pps\":0.5}"),
	("{\"pool\":\"dns\",\"backend\":\"d1\",\"address\":\"2001:db8::d1\","
	 "\"health\":\"UP\",\"effective\":1,\"checks\":0,\"check\":null,\"code\":\"\",\"check_ms\":"
	 "0,\"since_s\":5,\"modifiers\":\"\","
	 "\"id\":4,\"admin\":"
	 "\"ready\",\"flows\":0,\"new_flows_ps\":0,\"weight\":1,"
	 "\"slots\":65537,\"share\":1,\"next_hop\":{\"state\":\"no_route\"},\"packets\":7,"
	 "\"bytes\":5,\"pps\":0}"),
};

static const char *const drop_rows[] = {
	("{\"reason\":\"runt\",\"help\":\"frame too short\",\"packets\":0,\"pps\":0}"),
	("{\"reason\":\"no_vip\",\"help\":\"no VIP at this "
	 "address\",\"packets\":1234567,\"pps\":90}"),
	("{\"reason\":\"ttl\",\"help\":\"TTL or hop limit 0\",\"packets\":3,\"pps\":0}"),
};

/* One row of a table of texts, the cursor's outer number being the row. */
static int next_row(struct ctl_call *call, const char *const *rows, size_t n, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer == n)
		return 0;
	*item = json_loads(rows[at->outer++], 0, NULL);
	return *item ? 1 : -ENOMEM;
}

static int next_vip(struct ctl_call *call, void *arg, json_t **item)
{
	struct canned *c = arg;

	if (ctl_call_cursor(call)->outer == 0 && c->vip_moves) {
		c->vip_moves--;
		c->rev++;
	}
	return next_row(call, vip_rows, COUNT(vip_rows), item);
}

static int next_drop(struct ctl_call *call, void *arg, json_t **item)
{
	return next_row(call, drop_rows, COUNT(drop_rows), item);
}

static int check_pool(struct ctl_call *call, void *arg)
{
	const char *pool = ctl_call_string(call, "pool");

	if (pool && strcmp(pool, "web") != 0 && strcmp(pool, "dns") != 0)
		return ctl_call_fail(
			call, ENOENT, "did you mean web?", "pool \"%s\" not found", pool);
	return 0;
}

static int next_backend(struct ctl_call *call, void *arg, json_t **item)
{
	const char *pool = ctl_call_string(call, "pool");
	const int ret = next_row(call, backend_rows, COUNT(backend_rows), item);

	if (ret == 1 && pool &&
		strcmp(pool, json_string_value(json_object_get(*item, "pool"))) != 0) {
		json_decref(*item);
		*item = NULL;
	}
	return ret;
}

/* "count" to n, about 60 bytes an item. */
static int next_count(struct ctl_call *call, void *arg, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);
	struct canned *c = arg;
	const uint64_t n = strtoul(ctl_call_string(call, "n"), NULL, 10);

	if (at->outer == n)
		return 0;
	*item = json_pack("{s:I,s:s}", "i", (json_int_t)at->outer++, "text",
		"abcdefghijklmnopqrstuvwxyz0123456789");
	c->made++;
	if (at->outer == c->rev_at_item) {
		c->rev++;
		c->rev_at_item = 0;
	}
	return 1;
}

/* Items that each take as long as a slice. */
static int next_slow(struct ctl_call *call, void *arg, json_t **item)
{
	struct ctl_cursor *at = ctl_call_cursor(call);

	if (at->outer == SLOW_ITEMS)
		return 0;
	((struct canned *)arg)->made++;
	nanosleep(&(struct timespec){.tv_nsec = CTL_SLICE_MS * 1000000L}, NULL);
	*item = json_integer((json_int_t)at->outer++);
	return 1;
}

static int broken(struct ctl_call *call, void *arg)
{
	return -EIO;
}

static int big(struct ctl_call *call, void *arg)
{
	char text[100001];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	for (const char *key = "abc"; *key; key++)
		json_object_set_new(ctl_call_data(call), (char[]){*key, 0}, json_string(text));
	return 0;
}

/* A text of n bytes. */
static int wide(struct ctl_call *call, void *arg)
{
	const size_t n = strtoul(ctl_call_string(call, "n"), NULL, 10);
	char *text = malloc(n + 1);

	memset(text, 'x', n);
	json_object_set_new(ctl_call_data(call), "x", json_stringn(text, n));
	free(text);
	return 0;
}

static int nap(struct ctl_call *call, void *arg)
{
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	return 0;
}

static int note(struct ctl_call *call, void *arg)
{
	json_object_set_new(ctl_call_data(call), "dry_run", json_boolean(ctl_call_dry_run(call)));
	return 0;
}

static const struct ctl_arg count_args[] = {{"n", JSON_STRING, true}};
static const struct ctl_arg pool_args[] = {{"pool", JSON_STRING, false}};

const struct ctl_command canned_commands[] = {
	{"status", CTL_ROLE_VIEWER, status, NULL, NULL, 0},
	{"vip.list", CTL_ROLE_VIEWER, NULL, next_vip, NULL, 0},
	{"backend.list", CTL_ROLE_VIEWER, check_pool, next_backend, pool_args, 1},
	{"drops", CTL_ROLE_VIEWER, NULL, next_drop, NULL, 0},
	{"count", CTL_ROLE_VIEWER, NULL, next_count, count_args, 1},
	{"slow", CTL_ROLE_VIEWER, NULL, next_slow, NULL, 0},
	{"broken", CTL_ROLE_VIEWER, broken, NULL, NULL, 0},
	{"big", CTL_ROLE_VIEWER, big, NULL, NULL, 0},
	{"wide", CTL_ROLE_VIEWER, wide, NULL, count_args, 1},
	{"admin", CTL_ROLE_ADMIN, status, NULL, NULL, 0},
	{.name = "nap", .handler = nap},
	{.name = "note", .handler = note, .flags = CTL_MUTATES | CTL_DRY_RUN},
};
const size_t n_canned_commands = COUNT(canned_commands);

void place_make(struct place *place)
{
	strcpy(place->dir, "/tmp/sluice-ctl-XXXXXX");
	if (!mkdtemp(place->dir))
		abort();
	snprintf(place->path, sizeof place->path, "%s/s/control.sock", place->dir);
}

void place_remove(struct place *place)
{
	char sub[96];

	snprintf(sub, sizeof sub, "%s/s", place->dir);
	unlink(place->path);
	rmdir(sub);
	rmdir(place->dir);
}

struct ctl_server_opts canned_opts(struct canned *canned, const struct place *place)
{
	return (struct ctl_server_opts){
		.path = place->path,
		.version = "0.1.0",
		.commands = canned_commands,
		.n_commands = n_canned_commands,
		.rev = canned_rev,
		.arg = canned,
	};
}

pid_t canned_fork(struct canned *canned, const struct place *place)
{
	const struct ctl_server_opts opts = canned_opts(canned, place);
	struct ctl_server *server;
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		abort();
	pid = fork();
	if (pid == 0) {
		struct event_base *base = event_base_new();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ctl_server_new(base, &opts, &server, NULL) || write(ready[1], "r", 1) != 1)
			_exit(1);
		event_base_dispatch(base);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		abort();
	close(ready[0]);
	return pid;
}

void canned_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int canned_setup(void **state)
{
	struct canned_world *w = calloc(1, sizeof *w);

	place_make(&w->place);
	w->canned = (struct canned){.rev = 12, .dropped_pps = 1234.567};
	w->pid = canned_fork(&w->canned, &w->place);
	*state = w;
	return 0;
}

int canned_teardown(void **state)
{
	struct canned_world *w = *state;

	canned_kill(w->pid);
	place_remove(&w->place);
	free(w);
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void raw_open(struct raw *raw, struct event_base *base, const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	raw->base = base;
	raw->used = 0;
	strcpy(at.sun_path, path);
	raw->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(raw->fd, (struct sockaddr *)&at, sizeof at)) {
		close(raw->fd);
		raw->fd = -1;
		return;
	}
	fcntl(raw->fd, F_SETFL, O_NONBLOCK);
}

void raw_close(struct raw *raw)
{
	close(raw->fd);
}

static void turn(struct event_base *base)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	usleep(200);
}

/* A machine that lets us run again only when the time is over has given the loop no turn. */
#define TURNS_MIN 20

void raw_idle(struct event_base *base, unsigned ms)
{
	const uint64_t end = now_ms() + ms;

	for (unsigned i = 0; i < TURNS_MIN || now_ms() < end; i++)
		turn(base);
}

bool raw_until(struct event_base *base, raw_condition *holds, const void *arg)
{
	const uint64_t end = now_ms() + SOON_MS;

	while (!holds(arg)) {
		if (now_ms() > end)
			return false;
		turn(base);
	}
	return true;
}

void raw_settle(struct event_base *base, const uint64_t *count)
{
	const uint64_t end = now_ms() + SOON_MS;
	uint64_t before;

	do {
		before = *count;
		for (unsigned i = 0; i < 200; i++)
			turn(base);
	} while (*count != before && now_ms() < end);
}

void raw_send(struct raw *raw, const void *bytes, size_t len)
{
	const uint64_t end = now_ms() + SOON_MS;

	for (size_t sent = 0; sent < len && now_ms() < end;) {
		const ssize_t n =
			send(raw->fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (errno != EAGAIN)
			return;
		event_base_loop(raw->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
}

void raw_text(struct raw *raw, const char *text)
{
	raw_send(raw, text, strlen(text));
}

void raw_ask(struct raw *raw, const char *rest)
{
	char line[4096];

	snprintf(line, sizeof line, "{\"v\":1,\"id\":1,%s}\n", rest);
	raw_text(raw, line);
}

/* Bytes read, 0 at the end, -1 when there are none now. */
static ssize_t fill(struct raw *raw)
{
	const ssize_t n = recv(raw->fd, raw->buf + raw->used, sizeof raw->buf - raw->used, 0);

	if (n > 0)
		raw->used += (size_t)n;
	return n < 0 && errno == ECONNRESET ? 0 : n;
}

json_t *raw_line(struct raw *raw)
{
	const uint64_t end = now_ms() + SOON_MS;
	char *newline;

	while (!(newline = memchr(raw->buf, '\n', raw->used))) {
		event_base_loop(raw->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (fill(raw) == 0 || now_ms() > end)
			return NULL;
	}
	json_t *line = json_loadb(raw->buf, (size_t)(newline - raw->buf), 0, NULL);
	const size_t len = (size_t)(newline - raw->buf) + 1;

	raw->used -= len;
	memmove(raw->buf, raw->buf + len, raw->used);
	return line;
}

bool raw_is_closed(struct raw *raw, unsigned ms, bool drain)
{
	const uint64_t end = now_ms() + ms;
	struct pollfd poll_fd = {.fd = raw->fd};

	do {
		turn(raw->base);
		if (drain) {
			raw->used = 0;
			if (fill(raw) == 0)
				return true;
		} else if (poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLHUP)) {
			return true;
		}
	} while (now_ms() < end);
	return false;
}
