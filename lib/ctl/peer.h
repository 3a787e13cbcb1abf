/* SPDX-License-Identifier: BSD-3-Clause */

/* One connected client of the server: its buffers, its timer, its request. Inside lib/ctl only. */

#ifndef SLUICE_CTL_PEER_H
#define SLUICE_CTL_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ctl/server.h"

struct peer;
TAILQ_HEAD(peer_list, peer);

/* What peers share; the server owns it. */
struct peer_host {
	struct event_base *base;
	struct ctl_server_opts opts; /* times filled in */
	struct peer_list all;
	unsigned count;
	struct peer_list ready; /* those with something to do, in order */
	struct event *work;     /* runs the ready ones */
};

/* Greet and serve fd (non-blocking), which is taken over, also on error. 0, or -ENOMEM. */
int peer_new(struct peer_host *host, int fd, const struct ctl_caller *caller);

/* Drop the client, whatever it is doing. */
void peer_free(struct peer *peer);

/* Take peers off the ready list in turn until deadline_ns (CLOCK_MONOTONIC); each gets at least one
 * turn when it is reached. */
void peer_run_ready(struct peer_host *host, uint64_t deadline_ns);

/* Ask the lists that wait again; one that calls this while it is being asked, too. */
void peer_kick(struct peer_host *host);

uint64_t peer_now_ns(void);

#endif
