/* SPDX-License-Identifier: BSD-3-Clause */

/* What probing costs the thread that does it: many instances, each probed every `inter`, against
 * servers in another process. Prints the share of a CPU that the probing thread took over ten
 * seconds, and judges nothing; it fails where probes fail.
 *
 *     bench_probe [INSTANCES [INTER_MS [SECONDS [TYPE]]]]       default 10000 2000 10, all types
 *
 * Loopback charges the backend's side of TCP to the one who sends, so the figures are too high
 * rather than too low. */

#include <errno.h>
#include <event2/event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "health/probe.h"
#include "health/schedule.h"

#define WARM_UP_MS 6000
#define PORT       18080

static const char answer[] = "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\n"
			     "Content-Length: 3\r\n\r\nok\n";

/* Answers whatever comes; closes when the client does, or says that it will not come back. */
static void serve(int listener)
{
	const int ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener}, got[256];
	static char in[65536];

	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		const int n = epoll_wait(ep, got, 256, -1);

		for (int i = 0; i < n; i++) {
			int fd = got[i].data.fd;

			if (fd == listener) {
				while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
					ev.data.fd = fd;
					epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
				}
				continue;
			}
			const ssize_t len = recv(fd, in, sizeof in - 1, 0);

			if (len > 0) {
				in[len] = '\0';
				send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
			}
			if (len == 0 || (len < 0 && errno != EAGAIN) ||
				(len > 0 && strstr(in, "Connection: close")))
				close(fd);
		}
	}
}

static pid_t server_start(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	const int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	pid_t pid;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) || listen(fd, 4096)) {
		perror("bench_probe: port 18080");
		exit(1);
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd);
	}
	close(fd);
	return pid;
}

/* A network of its own where that is permitted, else the loopback of the machine. */
static void own_network(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd;

	if (unshare(CLONE_NEWNET))
		return;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo)) {
		perror("bench_probe: loopback");
		exit(1);
	}
	close(fd);
}

struct bench {
	struct event_base *base;
	struct schedule *schedule;
	struct prober *prober;
	struct event *timer;
	struct instance *instances;
	uint32_t n, inter_ms;
	uint64_t ok, bad, duration_us;
	struct health_result last_bad;
};

struct instance {
	struct schedule_item item;
	struct probe *probe;
	struct bench *bench;
};

static uint64_t now_us(void)
{
	return clock_ns() / 1000;
}

static void rearm(struct bench *b)
{
	const uint64_t wait = schedule_wait_us(b->schedule, now_us());
	const struct timeval tv = {(time_t)(wait / 1000000 > 3600 ? 3600 : wait / 1000000),
		(suseconds_t)(wait % 1000000)};

	evtimer_add(b->timer, &tv);
}

static void due(evutil_socket_t fd, short what, void *arg)
{
	struct bench *b = arg;
	struct schedule_item *item;

	while ((item = schedule_next(b->schedule, now_us())))
		probe_start(((struct instance *)item)->probe);
	rearm(b);
}

static void done(void *ctx, const struct health_result *result)
{
	struct instance *in = ctx;
	struct bench *b = in->bench;

	b->duration_us += result->duration_us;
	if (health_code_outcome(result->code) == HEALTH_OK) {
		b->ok++;
	} else {
		b->bad++;
		b->last_bad = *result;
	}
	schedule_done(b->schedule, &in->item, b->inter_ms, 10, now_us());
	rearm(b);
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void run_for(struct bench *b, uint32_t ms)
{
	const struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_base_loopexit(b->base, &tv);
	event_base_dispatch(b->base);
}

static void make_instances(struct bench *b, const struct probe_spec *spec)
{
	struct sl_err err = SL_ERR_INIT;

	for (uint32_t i = 0; i < b->n; i++) {
		const uint8_t address[4] = {127, (uint8_t)(1 + i / 62500), (uint8_t)(i / 250 % 250),
			(uint8_t)(1 + i % 250)};
		struct probe_spec s = *spec;
		struct instance *in = &b->instances[i];

		s.address = sl_addr_from4(address);
		in->bench = b;
		if (probe_new(b->prober, &s, done, in, &in->probe, &err) ||
			schedule_add(b->schedule, &in->item, b->inter_ms, now_us())) {
			fprintf(stderr, "bench_probe: %s\n", sl_err_first(&err));
			exit(1);
		}
	}
}

/* Returns the probes that failed. */
static uint64_t run(const char *name, const struct probe_spec *spec, uint32_t n, uint32_t inter_ms,
	uint32_t seconds)
{
	struct bench b = {.base = event_base_new(), .n = n, .inter_ms = inter_ms};
	double cpu, wall;

	b.schedule = schedule_new(1);
	schedule_limit(b.schedule, 1024, 10000);
	b.prober = prober_new(b.base, NULL);
	b.timer = evtimer_new(b.base, due, &b);
	b.instances = calloc(n, sizeof *b.instances);
	make_instances(&b, spec);
	due(-1, 0, &b);
	run_for(&b, WARM_UP_MS);
	b.ok = b.bad = b.duration_us = 0;
	cpu = cpu_seconds();
	wall = (double)now_us();
	run_for(&b, seconds * 1000);
	wall = ((double)now_us() - wall) / 1e6;
	cpu = cpu_seconds() - cpu;
	const double probes = (double)(b.ok + b.bad) > 0 ? (double)(b.ok + b.bad) : 1;

	printf("%-12s %6.0f probes/s  %5.1f %% of a CPU  %5.1f us of it a probe  %6.0f us until a "
	       "result  %llu failed%s%s\n",
		name, probes / wall, 100 * cpu / wall, cpu * 1e6 / probes,
		(double)b.duration_us / probes, (unsigned long long)b.bad, b.bad ? ", last: " : "",
		b.last_bad.reason);
	for (uint32_t i = 0; i < n; i++)
		probe_free(b.instances[i].probe);
	prober_free(b.prober);
	schedule_free(b.schedule);
	event_free(b.timer);
	event_base_free(b.base);
	free(b.instances);
	return b.bad;
}

static const struct {
	const char *name;
	struct probe_spec spec;
} cases[] = {
	{"tcp", {.type = "tcp", .port = PORT, .timeout_ms = 1000}},
	{"http", {.type = "http", .port = PORT, .timeout_ms = 1000}},
	{"http-reuse", {.type = "http",
			       .port = PORT,
			       .timeout_ms = 1000,
			       .reuse = {.min = 1, .max = 1, .idle_s = 60, .wait_ms = 100}}},
	{"icmp", {.type = "icmp", .timeout_ms = 1000}},
};

int main(int argc, char **argv)
{
	const uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000;
	const uint32_t inter_ms = argc > 2 ? (uint32_t)atoi(argv[2]) : 2000;
	const uint32_t seconds = argc > 3 ? (uint32_t)atoi(argv[3]) : 10;
	struct rlimit files;
	uint64_t bad = 0;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	own_network();
	const pid_t server = server_start();
	printf("%u instances, one probe each every %u ms, %u s measured\n", n, inter_ms, seconds);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (argc < 5 || strcmp(argv[4], cases[i].name) == 0)
			bad += run(cases[i].name, &cases[i].spec, n, inter_ms, seconds);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return bad != 0;
}
