/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "apply.h"
#include "audit.h"
#include "base/log.h"
#include "commands.h"
#include "control.h"
#include "flow_care.h"
#include "drain.h"
#include "inquiry.h"
#include "leave.h"
#include "paths.h"
#include "sessions.h"
#include "load.h"

#define SECOND_MS 1000

static void on_end(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;

	log_info("%s: ending", sig == SIGINT ? "SIGINT" : "SIGTERM");
	event_base_loopbreak(d->base);
}

static void on_hangup(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct signalfd_siginfo info;
	struct ctl_caller by;

	if (read(fd, &info, sizeof info) != sizeof info)
		return;
	by = (struct ctl_caller){
		.uid = info.ssi_uid, .pid = (pid_t)info.ssi_pid, .role = CTL_ROLE_ADMIN};
	reload_by_signal(d, &by);
}

static void on_netlink(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	if (mirror_process(d->mirror))
		apply_view_changed(d);
	loop_relieve(&d->loop, d->base);
}

static void on_mirror_tick(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	if (mirror_tick(d->mirror, daemon_now_ms()))
		apply_view_changed(d);
	loop_relieve(&d->loop, d->base);
}

static void on_second(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	const double seconds = (double)(daemon_now_ms() - d->stats.last_ms) / 1000;
	bool changed = false;

	for (uint32_t i = 0; i < d->n_launched; i++)
		worker_tick(&d->workers[i], seconds);
	pthread_mutex_lock(&d->lock);
	stats_tick(&d->stats, daemon_now_ms(), ids_top(d->services), ids_top(d->slots));
	pthread_mutex_unlock(&d->lock);
	load_count_all(d);
	sessions_tick(d);
	paths_tick(d);
	for (uint32_t i = 0; i < d->n_ports; i++)
		changed |= port_follow(&d->ports[i]);
	if (changed || leave_done(d) || drain_over(d))
		apply_view_changed(d);
	loop_relieve(&d->loop, d->base);
}

static void on_flow_care(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	loop_tick(&d->loop, FLOW_CARE_MS);
	flow_care_tick(d);
	paths_read(d);
}

static void on_apply(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	apply_step(d);
	loop_relieve(&d->loop, d->base);
}

/* A persistent event; every_ms = 0: no timer. -ENOMEM when it cannot be had. */
static int add_event(
	struct daemon *d, evutil_socket_t fd, short what, event_callback_fn fn, uint32_t every_ms)
{
	const struct timeval every = {every_ms / 1000, every_ms % 1000 * 1000};
	struct event *e = event_new(d->base, fd, (short)(what | EV_PERSIST), fn, d);

	if (!e || event_add(e, every_ms ? &every : NULL)) {
		if (e)
			event_free(e);
		return -ENOMEM;
	}
	d->events[d->n_events++] = e;
	return 0;
}

static uint64_t revision(void *arg)
{
	return ((struct daemon *)arg)->change.in_force;
}

static void on_worked(void *arg)
{
	struct daemon *d = arg;

	loop_relieve(&d->loop, d->base);
}

static int open_socket(struct daemon *d, const struct conf *conf, struct sl_err *err)
{
	const struct ctl_server_opts opts = {
		.path = conf->daemon.control_socket,
		.group = conf->daemon.control_group,
		.operator_group = conf->daemon.operator_group,
		.admin_group = conf->daemon.admin_group,
		.version = SLUICE_VERSION,
		.commands = commands,
		.n_commands = commands_count,
		.rev = revision,
		.audit = audit_write,
		.worked = on_worked,
		.change = &change_ops,
		.arg = d,
	};

	return ctl_server_new(d->base, &opts, &d->ctl, err);
}

/* By a descriptor, because that tells who sent it. Every thread inherits that it is blocked. What
 * is ignored, as behind nohup, would not even get there. */
static int open_hangup(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) || signal(SIGHUP, SIG_DFL) == SIG_ERR)
		return -EINVAL;
	d->hangup_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return d->hangup_fd < 0 ? -errno : add_event(d, d->hangup_fd, EV_READ, on_hangup, 0);
}

/* What is ignored here is ignored again when the loop has been taken down: a second signal does not
 * end the daemon in the middle of its end. */
static int open_end(struct daemon *d, int sig)
{
	if (signal(sig, SIG_IGN) == SIG_ERR)
		return -errno;
	return add_event(d, sig, EV_SIGNAL, on_end, 0);
}

int control_open(struct daemon *d, const struct conf *conf, struct sl_err *err)
{
	int rc;

	d->base = event_base_new();
	if (!d->base)
		return sl_err_sys(err, ENOMEM, "cannot start the control loop");
	rc = open_socket(d, conf, err);
	if (rc)
		return rc;
	d->apply_event = evtimer_new(d->base, on_apply, d);
	if (!d->apply_event || open_end(d, SIGTERM) || open_end(d, SIGINT) || open_hangup(d) ||
		add_event(d, -1, 0, on_second, SECOND_MS) ||
		add_event(d, -1, 0, on_flow_care, FLOW_CARE_MS))
		return sl_err_sys(err, ENOMEM, "cannot start the control loop");
	return 0;
}

void control_run(struct daemon *d)
{
	if (d->mirror && (add_event(d, mirror_fd(d->mirror), EV_READ, on_netlink, 0) ||
				 add_event(d, -1, 0, on_mirror_tick, mirror_tick_ms(d->mirror))))
		log_error("no memory to follow the kernel's routes");
	loop_run(&d->loop, d->base);
}

void control_close(struct daemon *d)
{
	ctl_server_free(d->ctl);
	inquiries_free(d->inquiries);
	while (d->n_events)
		event_free(d->events[--d->n_events]);
	if (d->apply_event)
		event_free(d->apply_event);
	if (d->base)
		event_base_free(d->base);
	if (d->hangup_fd >= 0)
		close(d->hangup_fd);
	d->hangup_fd = -1;
	d->ctl = NULL;
	d->inquiries = NULL;
	d->apply_event = NULL;
	d->base = NULL;
}
