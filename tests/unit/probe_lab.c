/* SPDX-License-Identifier: BSD-3-Clause */

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>

#include "health/sockaddr.h"
#include "probe_lab.h"

#define GUARD_MS 100000

#define SHORT_MS 1000

int lab_open(void **state)
{
	const char *missing = netns_missing();
	struct lab *lab;
	struct sl_err err = SL_ERR_INIT;

	*state = NULL;
	if (missing) {
		print_message("SKIP: %s\n", missing);
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	lab = calloc(1, sizeof *lab);
	lab->ns = netns_new();
	netns_run(lab->ns, "ip link set lo up; ip -6 route add local 2001:db8:1::/48 dev lo");
	lab->base = event_base_new();
	lab->prober = prober_new(lab->base, &err);
	assert_non_null(lab->prober);
	*state = lab;
	return 0;
}

int lab_close(void **state)
{
	struct lab *lab = *state;

	if (!lab)
		return 0;
	prober_free(lab->prober);
	event_base_free(lab->base);
	close(lab->ns);
	free(lab);
	return 0;
}

struct sl_addr lab_addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

struct probe_spec lab_spec(const char *type, const char *address, uint16_t port)
{
	return (struct probe_spec){
		.type = type, .address = lab_addr(address), .port = port, .timeout_ms = 5000};
}

static void on_done(void *ctx, const struct health_result *result)
{
	struct asked *a = ctx;

	a->results++;
	a->last = *result;
}

void ask_new(struct lab *lab, struct asked *a, const struct probe_spec *spec)
{
	struct sl_err err = SL_ERR_INIT;

	memset(a, 0, sizeof *a);
	if (probe_new(lab->prober, spec, on_done, a, &a->probe, &err))
		fail_msg("%s", sl_err_first(&err));
}

void ask_start(struct asked *a)
{
	probe_start(a->probe);
}

void lab_until(struct lab *lab, const unsigned int *value, unsigned int wanted)
{
	const struct timeval tick = {0, 5000};
	const uint64_t end = netns_now_ms() + GUARD_MS;

	while (*value < wanted) {
		event_base_loopexit(lab->base, &tick);
		event_base_dispatch(lab->base);
		assert_true(netns_now_ms() < end);
	}
}

void ask_wait(struct lab *lab, struct asked *a, unsigned int wanted)
{
	lab_until(lab, &a->results, wanted);
}

static struct health_result ask_once(struct lab *lab, const struct probe_spec *spec)
{
	struct asked a;

	ask_new(lab, &a, spec);
	ask_start(&a);
	assert_true(probe_is_busy(a.probe));
	assert_int_equal(a.results, 0);
	ask_wait(lab, &a, 1);
	assert_false(probe_is_busy(a.probe));
	probe_free(a.probe);
	return a.last;
}

struct health_result ask(struct lab *lab, const struct probe_spec *spec)
{
	struct health_result r = ask_once(lab, spec);

	for (int i = 0; i < CHANCES && r.code == HEALTH_CODE_LATE; i++)
		r = ask_once(lab, spec);
	return r;
}

struct health_result ask_for(struct lab *lab, const struct probe_spec *spec, const char *reason)
{
	struct health_result r = ask(lab, spec);

	for (int i = 0; i < CHANCES && spec->timeout_ms < SHORT_MS && strcmp(r.reason, reason); i++)
		r = ask(lab, spec);
	return r;
}

void lab_run(struct lab *lab, unsigned int ms)
{
	const struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_base_loopexit(lab->base, &tv);
	event_base_dispatch(lab->base);
}

struct client {
	struct server *server;
	struct bufferevent *bev;
	struct event *timer;
	size_t place;
};

static void client_close(struct client *c)
{
	c->server->clients[c->place] = NULL;
	c->server->open--;
	event_free(c->timer);
	bufferevent_free(c->bev);
	free(c);
}

static void on_end(struct bufferevent *bev, short what, void *ctx)
{
	client_close(ctx);
}

static void on_written(struct bufferevent *bev, void *ctx)
{
	struct client *c = ctx;

	if (c->server->close_after && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		client_close(c);
}

static void on_request(struct bufferevent *bev, void *ctx);

static void send_answer(evutil_socket_t fd, short what, void *ctx)
{
	struct client *c = ctx;
	const struct server *s = c->server;

	if (s->close_after && (!s->answer || !*s->answer)) {
		client_close(c);
		return;
	}
	bufferevent_setcb(c->bev, on_request, s->close_after ? on_written : NULL, on_end, c);
	if (s->answer)
		bufferevent_write(
			c->bev, s->answer, s->answer_len ? s->answer_len : strlen(s->answer));
}

static void answer_request(struct client *c)
{
	struct server *s = c->server;
	const struct timeval tv = {s->delay_ms / 1000, s->delay_ms % 1000 * 1000};
	const struct linger at_once = {1, 0};

	s->requests++;
	if (s->reset) {
		setsockopt(
			bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		client_close(c);
	} else if (s->delay_ms) {
		evtimer_add(c->timer, &tv);
	} else {
		send_answer(-1, 0, c);
	}
}

static void on_request(struct bufferevent *bev, void *ctx)
{
	struct client *c = ctx;
	struct server *s = c->server;
	struct evbuffer *in = bufferevent_get_input(bev);
	const struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);

	if (end.pos < 0)
		return;
	const size_t n = (size_t)end.pos + 4;

	assert_true(n < sizeof s->last_request);
	evbuffer_remove(in, s->last_request, n);
	s->last_request[n] = '\0';
	answer_request(c);
}

static void on_accept(
	struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len, void *ctx)
{
	struct server *s = ctx;
	struct client *c = calloc(1, sizeof *c);

	while (s->clients[c->place])
		c->place++;
	s->clients[c->place] = c;
	c->server = s;
	c->bev = bufferevent_socket_new(s->lab->base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->timer = evtimer_new(s->lab->base, send_answer, c);
	s->accepted++;
	s->open++;
	bufferevent_setcb(c->bev, on_request, NULL, on_end, c);
	if (!s->mute)
		bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 sa;
	socklen_t len = sizeof sa;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	return ntohs(sa.sin6_port); /* at the same place in both families */
}

void server_open(struct server *s, struct lab *lab, const char *address, uint16_t port)
{
	const struct sl_addr a = lab_addr(address);
	struct sockaddr_storage sa;
	const int len = (int)sockaddr_make(&a, port, &sa);

	s->lab = lab;
	s->listener = evconnlistener_new_bind(lab->base, on_accept, s,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 2048, (struct sockaddr *)&sa, len);
	assert_non_null(s->listener);
	s->port = port_of(evconnlistener_get_fd(s->listener));
}

void server_cut(struct server *s)
{
	for (size_t i = 0; i < sizeof s->clients / sizeof *s->clients; i++)
		if (s->clients[i])
			client_close(s->clients[i]);
}

void server_silence(struct server *s)
{
	struct sock_filter drop[] = {{BPF_RET | BPF_K, 0, 0, 0}};
	const struct sock_fprog program = {1, drop};

	for (size_t i = 0; i < sizeof s->clients / sizeof *s->clients; i++) {
		const struct client *c = s->clients[i];

		if (c)
			assert_int_equal(setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET,
						 SO_ATTACH_FILTER, &program, sizeof program),
				0);
	}
}

void server_deaf(struct server *s)
{
	if (s->listener)
		evconnlistener_free(s->listener);
	s->listener = NULL;
}

void server_close(struct server *s)
{
	server_deaf(s);
	server_cut(s);
}

/* What TCP_INFO says of a listening socket: connections that wait, and how many may. */
static bool is_full(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_unacked > info.tcpi_sacked;
}

int full_listener(const char *address, uint16_t *port, int filler[FILLERS])
{
	const struct sl_addr a = lab_addr(address);
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_make(&a, 0, &sa);
	const int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 0), 0);
	*port = port_of(fd);
	len = sockaddr_make(&a, *port, &sa);
	for (int i = 0; i < FILLERS; i++) {
		filler[i] = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(filler[i], (struct sockaddr *)&sa, len);
	}
	for (const uint64_t end = netns_now_ms() + GUARD_MS; !is_full(fd); usleep(1000))
		assert_true(netns_now_ms() < end);
	return fd;
}

int udp_bound(const char *address, uint16_t *port)
{
	const struct sl_addr a = lab_addr(address);
	struct sockaddr_storage sa;
	const socklen_t len = sockaddr_make(&a, 0, &sa);
	const int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	*port = port_of(fd);
	return fd;
}
