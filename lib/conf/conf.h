/* SPDX-License-Identifier: BSD-3-Clause */

/* The configuration as plain data. One struct conf owns all memory it points to. It is filled by
 * conf_load (syntax, types, ranges) and proven by conf_check (names, references, sense); after that
 * it is only read, by any thread. */

#ifndef SLUICE_CONF_CONF_H
#define SLUICE_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/ports.h"
#include "base/scheduler.h"
#include "base/vlan.h"

enum conf_driver { CONF_DRIVER_AF_XDP, CONF_DRIVER_AF_PACKET, CONF_DRIVER_VDEV };
enum conf_accept_mac { CONF_ACCEPT_DEFAULT, CONF_ACCEPT_OWN, CONF_ACCEPT_ANY };
enum conf_hash { CONF_HASH_DEFAULT, CONF_HASH_5TUPLE, CONF_HASH_SOURCE, CONF_HASH_SOURCE_DEST };
/* May a backend have new connections, and keep those it has? */
enum conf_admin { CONF_ADMIN_READY, CONF_ADMIN_DRAIN, CONF_ADMIN_MAINT };
enum conf_track { CONF_TRACK_ALL, CONF_TRACK_NONE };
enum conf_marked_down { CONF_MARKED_DOWN_KEEP, CONF_MARKED_DOWN_REHASH };
enum conf_forward { CONF_FORWARD_L2, CONF_FORWARD_IPIP, CONF_FORWARD_GUE, CONF_FORWARD_DSCP };
enum conf_gue_checksum { CONF_GUE_CHECKSUM_ZERO, CONF_GUE_CHECKSUM_FULL };
enum conf_idle { CONF_IDLE_POLL, CONF_IDLE_ADAPTIVE };
enum conf_oversize { CONF_OVERSIZE_FRAGMENT, CONF_OVERSIZE_DROP };
enum conf_check_type {
	CONF_CHECK_NONE,
	CONF_CHECK_TCP,
	CONF_CHECK_HTTP,
	CONF_CHECK_HTTPS,
	CONF_CHECK_UDP,
	CONF_CHECK_DNS,
	CONF_CHECK_ICMP,
	CONF_CHECK_TYPES
};
enum conf_via { CONF_VIA_DIRECT };
enum conf_method { CONF_METHOD_DEFAULT, CONF_METHOD_GET, CONF_METHOD_HEAD };
enum conf_backup_mode { CONF_BACKUP_SPILL, CONF_BACKUP_REPLACE };
enum conf_all_down { CONF_ALL_DOWN_FAILOPEN, CONF_ALL_DOWN_REJECT, CONF_ALL_DOWN_DROP };
enum conf_fragments { CONF_FRAGMENTS_TRACK, CONF_FRAGMENTS_DROP };
enum conf_echo { CONF_ECHO_ANSWER, CONF_ECHO_BACKEND, CONF_ECHO_DROP };
enum conf_log_level { CONF_LOG_ERROR, CONF_LOG_WARN, CONF_LOG_INFO, CONF_LOG_DEBUG };
enum conf_log_target { CONF_LOG_STDERR, CONF_LOG_JOURNAL };

/* Least of pools[].mss_clamp (RFC 9293, 3.7.1). */
#define CONF_MSS_MIN             536

#define CONF_KEY_BYTES           16

/* cluster.hash_key when the configuration gives none: these 16 ASCII bytes, without a NUL. */
#define CONF_BUILTIN_HASH_KEY    "sluice-slot-hash"

/* pools[].table_size when the configuration gives none: for pools of up to CONF_TABLE_SMALL_MEMBERS
 * backends, and for larger ones. */
#define CONF_TABLE_SMALL         65537
#define CONF_TABLE_LARGE         655373
#define CONF_TABLE_SMALL_MEMBERS 650

/* Most of each that a configuration may hold. */
#define CONF_MAX_PORTS           16
#define CONF_MAX_VIPS            4096
#define CONF_MAX_POOLS           4096
#define CONF_MAX_BACKENDS        16383
#define CONF_MAX_CHECKS          1024
#define CONF_MAX_POOL_CHECKS     8
#define CONF_MAX_RULES           64   /* of one VIP */
#define CONF_MAX_PREFIXES        1024 /* of one rule */

/* Where in which file an object stands, for messages. */
struct conf_place {
	const char *file;
	int line;
	bool broken; /* a mistake in the object is reported already: conf_check looks no further */
	uint64_t stamp; /* of the object's values (conf/stamp.h); 0 = none */
};

struct conf_port {
	const char *name;
	enum conf_driver driver;
	const char *interface; /* af_xdp, af_packet: kernel interface, else NULL */
	const char *device;    /* vdev: DPDK device string, else NULL */
	bool has_next_hop_mac;
	struct sl_ether next_hop_mac;
	struct sl_vlans vlans; /* only with next_hop_mac; n 0 = no tag */
	enum conf_accept_mac accept_mac_given;
	enum conf_accept_mac accept_mac; /* what holds; set by conf_check, never DEFAULT */
	bool offloads;
	uint32_t mbufs; /* 0 = computed */
	uint32_t mtu;   /* 0 = the device's */
	struct conf_place place;
};

/* How a backend is asked whether it works. Texts that were not given are NULL. */
struct conf_check {
	const char *name;
	enum conf_check_type type;
	enum conf_via via;
	uint16_t port;           /* 0 = conf_pool.service_port */
	const char *path;        /* http, https; NULL = "/" */
	const char *host;        /* http, https; NULL = the backend's address */
	enum conf_method method; /* http, https; DEFAULT = GET */
	const char *status;      /* http, https: sl_ranges; NULL = "200-299" */
	const char *body;        /* http, https: must be in the body; NULL = anything */
	bool tls_verify;         /* https */
	const char *ca_file;     /* https; NULL = the system's */
	const char *send_hex;    /* udp: sl_hex */
	const char *expect_hex;  /* udp: sl_hex with wildcards; NULL = any answer */
	const char *dns_name;    /* dns */
	uint16_t dns_type;       /* dns: number of the record type, 0 = A */
	uint32_t inter_ms, fastinter_ms, downinter_ms;
	uint32_t timeout_ms; /* <= inter_ms */
	uint32_t rise, fall;
	uint32_t jitter_pct;
	struct {
		uint32_t min, max; /* connections; max 0 = a new one for each probe */
		uint32_t idle_s, wait_ms;
	} reuse; /* http, https */
	struct conf_place place;
};

struct conf_backend {
	const char *name;
	struct sl_addr address;
	uint32_t weight;    /* 0-1000 */
	uint32_t max_flows; /* 0 = no limit */
	enum conf_admin admin;
	uint32_t id;   /* 0 = identity from the address */
	uint32_t dscp; /* 0 = not given */
	struct conf_place place;
};

struct conf_pool {
	const char *name;
	enum scheduler scheduler;
	enum conf_hash hash_given; /* DEFAULT: not given */
	enum conf_hash hash;       /* what holds; set by conf_check */
	uint32_t virtual_nodes;
	uint32_t p2c_flows, p2c_latency, p2c_errors;
	uint32_t max_latency_ms;   /* 0 = no limit */
	const char *program;       /* NULL = none */
	uint64_t program_stamp;    /* state of that file when it was configured */
	uint32_t table_size_given; /* a prime; 0 = not given */
	uint32_t table_size;       /* what holds; set by conf_check */
	enum conf_forward forward;
	struct sl_addr tunnel_source[2]; /* [0] IPv4, [1] IPv6; valid where has_tunnel_source */
	bool has_tunnel_source[2];
	struct sl_prefix *source_prefixes; /* tunnel_source_prefix */
	size_t n_source_prefixes;
	struct sl_prefix source_prefix[2]; /* the same by family; set by conf_check */
	bool has_source_prefix[2];
	uint32_t gue_port;
	enum conf_gue_checksum gue_checksum;
	bool decrement_ttl;
	int32_t mss_clamp;  /* bytes; 0 = off, -1 = from the MTU */
	const char *egress; /* port name or NULL: the route decides */
	int egress_port;    /* index into conf.ports, -1 without egress; set by conf_check */
	uint32_t drain_timeout_s;
	enum conf_track track;
	enum conf_marked_down on_marked_down;
	uint32_t persist_s; /* 0 = clients are not remembered */
	enum conf_oversize oversize;
	enum conf_fragments fragments;
	const char **checks;
	size_t n_checks;
	uint16_t check_index[CONF_MAX_POOL_CHECKS]; /* into conf.checks; set by conf_check */
	uint32_t require;                           /* checks that must pass; 0 = all */
	uint32_t panic_pct;                         /* 0 = never */
	const char *backup_pool;                    /* NULL = none */
	int backup_index; /* into conf.pools, -1 without; set by conf_check */
	enum conf_backup_mode backup_mode;
	uint32_t backup_below; /* weight */
	enum conf_all_down on_all_down;
	uint32_t slow_start_s, slow_start_steps;
	struct {
		uint32_t suppress, reuse; /* penalties; suppress 0 = no damping */
		uint32_t half_life_s, max_s;
	} flap;
	struct {
		uint32_t error_pct; /* 0 = nobody is ejected */
		uint32_t min_flows, interval_s;
		uint32_t eject_s, max_eject_s, max_eject_pct;
	} outlier;
	uint16_t service_port; /* the one port of the VIPs it serves, else 0; set by conf_check */
	struct conf_backend *backends;
	size_t n_backends;
	struct conf_place place;
};

/* Where tunnel_source has the family of an address. */
static inline unsigned int conf_family(const struct sl_addr *a)
{
	return sl_addr_is4(a) ? 0 : 1;
}

/* Who is served by another pool than the VIP's own. */
struct conf_rule {
	const char *name;
	struct sl_prefix *sources;
	size_t n_sources;
	uint32_t *dscp; /* each below 64 */
	size_t n_dscp;
	const char *pool;
	size_t pool_index; /* into conf.pools; set by conf_check */
	struct conf_place place;
};

struct conf_vip {
	const char *name;
	struct sl_prefix prefix;
	struct sl_ports ports; /* 0-0 before a value is given */
	uint8_t protocol;      /* IPPROTO_TCP or IPPROTO_UDP */
	const char *pool;
	size_t pool_index; /* into conf.pools; set by conf_check */
	struct conf_rule *rules;
	size_t n_rules;
	enum conf_echo echo; /* the same for all VIPs of an address or prefix */
	struct conf_place place;
};

/* Outermost lists: ports, checks, pools, vips. */
#define CONF_LISTS 4

/* Whose an outermost list is. */
struct conf_share {
	const struct conf_row *list;
	struct conf_arena *arena; /* that owns it; NULL: the configuration's own */
	uint64_t gets;            /* of its own one: arena_gets() when the list was made */
};

struct conf {
	struct {
		const char *control_socket;
		const char *control_group;  /* "" = none */
		const char *operator_group; /* "" = none */
		const char *admin_group;    /* "" = none */
		const char *state_dir;
		enum conf_log_level log_level;
		enum conf_log_target log_target;
	} daemon;
	struct {
		uint8_t hash_key[CONF_KEY_BYTES];
	} cluster;
	struct {
		uint32_t main_lcore;
		uint32_t *workers; /* CPU numbers */
		size_t n_workers;  /* 0 = every allowed CPU but main's */
		uint32_t lanes;    /* 0 = one per worker */
		bool huge;
		enum conf_idle idle;
		const char *file_prefix;
		const char **args; /* more EAL arguments */
		size_t n_args;
	} eal;
	struct {
		uint32_t per_lane; /* 0 = flows are not remembered */
		bool exact_keys;
		uint32_t tcp_syn_s;
		uint32_t tcp_established_s;
		uint32_t tcp_closing_s;
		uint32_t udp_s;
		uint32_t sessions; /* most clients that pools with persist_s remember */
	} flows;
	struct conf_port *ports;
	size_t n_ports;
	struct {
		uint32_t max_inflight; /* probes at the same time */
		uint32_t max_rate;     /* probes a second */
	} health;
	struct conf_check *checks;
	size_t n_checks;
	struct conf_pool *pools;
	size_t n_pools;
	struct conf_vip *vips;
	size_t n_vips;
	uint16_t *pool_index; /* by hash of the name, where it pays (conf/edit.h); NULL = none */
	size_t pool_index_size, pool_indexed;
	bool proven;              /* conf_check has nothing to look at (conf/stamp.h) */
	struct conf_arena *arena; /* owns everything above but for lists of other ones */
	/* Those that this one took from another, or made since it was cloned. */
	struct conf_share share[CONF_LISTS];
};

/* Read and parse a file (with its @includes). All mistakes are collected in err, each with
 * file:line. 0 and *out (the caller frees it with conf_free), or -errno and *out = NULL. Pure but
 * for reading files; any thread but a worker. */
int conf_load(const char *path, struct conf **out, struct sl_err *err);

/* The same from text; `name` stands for the file in messages. Relative @includes are looked up
 * beside the file that holds them, those of the text beside `name`. */
int conf_load_text(const char *text, const char *name, struct conf **out, struct sl_err *err);

/* Prove and resolve: duplicate names, dangling references, sizes, families, addresses that collide.
 * Pure. 0, or -EINVAL with every mistake in err. */
int conf_check(struct conf *conf, struct sl_err *err);

/* A copy, to be changed (conf/edit.h) and then proven by conf_check anew. Each list is shared until
 * something in it is to change: a small change of a large configuration costs little, in time and
 * in memory. Either may go first. NULL without memory. Any thread, but while conf changes. */
struct conf *conf_clone(const struct conf *conf);

/* Make the lists the configuration's own: for who writes to their elements without conf/edit.h. 0
 * or -ENOMEM. */
int conf_own(struct conf *conf);

/* Do to `onto` what was done from `from` to `to`: keys that changed get their new value, objects
 * that came or went come and go. What cannot be done any more, because its object is gone or a new
 * one is there already, is left out and counted in *missed. 0 or -ENOMEM. Pure. */
int conf_merge(struct conf *onto, const struct conf *from, const struct conf *to, size_t *missed);

/* conf_load and conf_check in one step, as the daemon and --check do it. */
int conf_read(const char *path, struct conf **out, struct sl_err *err);

/* Note which state of their files the programs of pools are in (pool->program_stamp): another state
 * is another program. path: of pools with this program only; NULL: of all. conf_read() does it. */
void conf_stamp_programs(struct conf *conf, const char *path);

/* What is allowed and yet rarely meant: appends it to `warn` and returns how many there are. Pure;
 * after conf_check. */
int conf_warn(const struct conf *conf, struct sl_err *warn);

/* Do both objects hold the same, by their stamps (conf/stamp.h)? False also where it is not
 * known. */
static inline bool conf_same(const struct conf_place *a, const struct conf_place *b)
{
	return a->stamp && a->stamp == b->stamp;
}

/* The pool of that name; NULL: none. Sought from place *near on, which becomes where it stands: who
 * goes through another configuration in its order finds each at once. */
const struct conf_pool *conf_find_pool(const struct conf *conf, const char *name, size_t *near);

/* Is the pool at place p of another configuration the same one? other NULL: no. */
static inline bool conf_has_pool(const struct conf *other, size_t p, const struct conf_pool *pool)
{
	return other && p < other->n_pools && conf_same(&pool->place, &other->pools[p].place);
}

/* Backends of the first n_pools pools: the number of the next pool's first one in arrays by
 * backend. */
static inline size_t conf_count_backends(const struct conf *conf, size_t n_pools)
{
	size_t n = 0;

	for (size_t p = 0; p < n_pools; p++)
		n += conf->pools[p].n_backends;
	return n;
}

/* NULL is fine. */
void conf_free(struct conf *conf);

#endif
