/* SPDX-License-Identifier: BSD-3-Clause */

/* What the files of conf_check share. */

#ifndef SLUICE_CONF_CHECK_H
#define SLUICE_CONF_CHECK_H

#include "base/err.h"
#include "conf/conf.h"
#include "conf/order.h"

struct check {
	struct conf *conf;
	struct sl_err *err;
	unsigned int mistakes;
	/* Sorted views that more than one check looks things up in. */
	struct conf_order pool_names;     /* of conf.pools */
	struct conf_order check_names;    /* of conf.checks; check_probes makes it */
	struct conf_order vip_prefixes;   /* of conf.vips */
	bool vip_len[129];                /* some VIP has a prefix so long */
	struct conf_order tunnel_sources; /* of sources */
	bool source_len[129];             /* as vip_len, of sources */
	struct check_source *sources;
	size_t n_sources;
	uint32_t prime; /* the last one that was found to be one */
};

/* A tunnel_source, as a prefix of one address, or a tunnel_source_prefix, and the pool that has it.
 */
struct check_source {
	struct sl_prefix prefix;
	const struct conf_pool *pool;
};

/* Report a mistake at a place. */
void check_fail(struct check *c, const struct conf_place *place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* " (sluice.conf:12)", or "" for an object that comes from no file. buf: CHECK_WHERE_STRLEN bytes.
 */
#define CHECK_WHERE_STRLEN 256
const char *check_where(const struct conf_place *place, char *buf);

/* True when so many mistakes are known that nobody will read the next; hints are not worth their
 * time. */
bool check_is_full(const struct check *c);

/* Report a name that does not match [a-z0-9][a-z0-9._-]{0,62}. what: "pool" and the like. */
void check_name(
	struct check *c, const char *what, const char *name, const struct conf_place *place);

/* Each checks all there is to say about its part; pools need the ports and probes, VIPs the pools,
 * probe ports the VIPs. 0, or -ENOMEM. Names are never NULL here. */
void check_control(struct check *c);
void check_eal(struct check *c);
void check_ports(struct check *c);
int check_probes(struct check *c);
int check_pools(struct check *c);
int check_vips(struct check *c);

/* Backup pools, and what else a pool says of its health. 0 or -ENOMEM. */
int check_backups(struct check *c);
int check_probe_ports(struct check *c);
int check_forward_vips(struct check *c);

/* What the pool's way of forwarding asks for; resolves tunnel_source_prefix. */
void check_forward(struct check *c, struct conf_pool *pool);

/* The checks that a pool names. vdev: its packets leave by ports without a kernel interface. */
void check_pool_checks(struct check *c, struct conf_pool *pool, bool vdev);

/* Fills sources and tunnel_sources. 0, or -ENOMEM. */
int check_collect_sources(struct check *c);

/* The source that is or holds the address, or NULL; and one that has an address in common with a
 * prefix. */
const struct check_source *check_source_of(const struct check *c, const struct sl_addr *address);
const struct check_source *check_source_in(const struct check *c, const struct sl_prefix *prefix);

/* The element of a view whose prefix is the longest that holds an address, or NULL. key: an element
 * with the address as its prefix, at in_key, which is changed; the view goes by it. len[n]: some
 * element has a prefix so long. */
const void *check_holder(
	const struct conf_order *o, const bool len[129], const void *key, struct sl_prefix *in_key);

/* The VIP that is or holds the address, the longest prefix, and the first in the configuration
 * among equals; or NULL. */
const struct conf_vip *check_vip_of(const struct check *c, const struct sl_addr *address);

/* The rules of one VIP, and the numbers of their pools. 0, or -ENOMEM. */
int check_rules(struct check *c, const struct conf_vip *vip);

/* The number of the pool of that name, else a mistake and 0. what and name say who wants it: `VIP`,
 * "web4". was: a number that it may well have. */
size_t check_find_pool(struct check *c, const char *what, const char *name, const char *pool_name,
	size_t was, const struct conf_place *place);

#endif
