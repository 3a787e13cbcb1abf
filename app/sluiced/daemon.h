/* SPDX-License-Identifier: BSD-3-Clause */

/* The daemon: owner of everything that lives as long as the process.
 *
 * Fields without a remark belong to the control thread. Telemetry runs in threads of its own and
 * reads, under `lock`, what is marked so; the control thread takes the lock to change it. */

#ifndef SLUICED_DAEMON_H
#define SLUICED_DAEMON_H

#include <pthread.h>

#include "board.h"
#include "builder.h"
#include "change.h"
#include "collect.h"
#include "compile/ids.h"
#include "ctl/server.h"
#include "datapath/rss.h"
#include "desk.h"
#include "errand.h"
#include "kernel/host_if.h"
#include "loop.h"
#include "options.h"
#include "port.h"
#include "rcu.h"
#include "reload.h"
#include "trial.h"
#include "stats.h"
#include "steering.h"
#include "view.h"
#include "waste.h"
#include "worker.h"

struct daemon {
	const struct options *options;
	uint64_t start_ms;
	const char *hash_path; /* name of the hash code in use */
	const char *code_path; /* the same of the packet path */

	int locks[CONF_MAX_PORTS]; /* preflight_lock */
	uint32_t n_locks;
	bool eal_started;
	struct version *first; /* what the start works from */

	/* What runs: made at start, unchanged until the end. */
	struct rte_mempool *mbufs;
	struct port ports[CONF_MAX_PORTS];
	uint32_t n_ports;
	struct rss_map rss[CONF_MAX_PORTS]; /* by port: how it spreads packets over the lanes */
	struct lane **lanes;
	uint32_t n_lanes;
	struct lane_map lane_map; /* which worker drives which lane */
	struct worker *workers;
	uint32_t n_workers;
	uint32_t n_launched;
	struct mirror *mirror;   /* NULL: no port has a kernel interface */
	struct host_if *host_if; /* the same */

	/* What is in force, and the change under way (apply.c). */
	pthread_mutex_t lock;
	struct rcu rcu;
	struct build_job *running; /* what the current generation was made from; under lock */
	uint64_t revision;         /* in force; under lock */
	struct version *next;      /* accepted, not handed to the builder yet; NULL = none */
	uint64_t next_ms;          /* when it was accepted, or the first of those it stands for */
	uint64_t next_due_ms;      /* when it may be built (gather.h) */
	size_t next_pool;          /* pools of it before this one wait for nobody */
	bool next_waits;           /* it has addresses whose next hop is to be found first */
	uint64_t other_ms;         /* when a change outside of pools was last built */
	uint64_t version_ms;       /* when a new version was last built */
	bool *forced;              /* by backend slot: taken out with its connections */
	struct collect collect;    /* for a build that is about to be */
	struct steering steering;  /* what is steered, and who does it */
	bool watch_due;            /* the mirror may have others to watch */
	bool new_in_force;         /* a version is, and workers or its steering are behind */
	struct desk desk;          /* who decides on a change (desk.h) */
	struct change change;      /* accepted revisions (change.h) */
	struct trial trial;        /* a file that waits for its confirmation (trial.h) */
	struct reload reload;      /* for a SIGHUP (reload.h) */
	struct save *save;         /* a file that is being written (save.h); NULL = none */
	struct sl_addr *watched;   /* addresses that the mirror watches; NULL = not known */
	size_t n_watched;
	bool view_changed;     /* the network is not what the current generation says */
	bool health_changed;   /* the health of backends neither */
	bool health_urgent;    /* and somebody who serves should not */
	uint64_t built_ms;     /* when a build began last */
	uint64_t published_ms; /* when the generation in force came into it */
	uint64_t builds;       /* number of the last generation */
	bool refused;          /* a reload was, since the last change that was accepted */
	char *last_error;      /* why the last reload or build failed; NULL = it did not */
	struct ids *slots;     /* backend slots */
	uint64_t slots_of;     /* the build that they were last given out for (numbers.h) */
	uint64_t services_of;  /* the same for services */
	struct sessions *sessions;
	struct ids *services; /* service ids */
	struct stats stats;
	struct load_view *load;             /* read by the workers */
	uint32_t load_epoch[BACKEND_SLOTS]; /* holder that a row of it speaks of */
	struct event *load_event;           /* flows are to be counted */

	struct board *board; /* health of the backends */
	struct event_log *happened;

	/* The control loop (control.c). */
	struct event_base *base;
	struct loop_meter loop;
	int hangup_fd; /* SIGHUP, with who sent it */
	struct event *events[16];
	uint32_t n_events;
	struct event *apply_event; /* apply_step() is due */
	struct builder *builder;
	struct errands *errands;
	struct waste waste;
	struct ctl_server *ctl;
	struct inquiries *inquiries; /* questions to lanes */
	struct paths *paths;         /* to backends, as ICMP tells of them */
	struct slot_names *names;    /* of backends, for lists of flows */
};

/* Level and target of the log, as the configuration says. */
void daemon_set_log(const struct conf *conf);

/* CLOCK_MONOTONIC in microseconds, and in milliseconds. */
uint64_t daemon_now_us(void);
uint64_t daemon_now_ms(void);

/* The lcore that drives a lane. */
unsigned int daemon_lcore_of(const struct daemon *d, uint32_t lane);

/* Bring everything up, in order, for a checked configuration, which is taken over. 0, or -errno
 * with a message; daemon_stop() is due in any case. */
int daemon_start(
	struct daemon *d, const struct options *options, struct conf *conf, struct sl_err *err);

/* Take everything down in reverse order. */
void daemon_stop(struct daemon *d);

#endif
