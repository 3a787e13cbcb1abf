/* SPDX-License-Identifier: BSD-3-Clause */

/* VIPs: up to 4,096 of them, so duplicates and references go by sorted views. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "conf/check.h"

static int cmp_vip_name(const void *a, const void *b)
{
	const struct conf_vip *va = a, *vb = b;

	return strcmp(va->name, vb->name);
}

/* Of what may clash side by side: one prefix and protocol, ranges of one width. */
static int cmp_vip_service(const void *a, const void *b)
{
	const struct conf_vip *va = a, *vb = b;
	const int d = memcmp(&va->prefix, &vb->prefix, sizeof va->prefix);

	if (d)
		return d;
	if (va->protocol != vb->protocol)
		return va->protocol - vb->protocol;
	if (sl_ports_width(&va->ports) != sl_ports_width(&vb->ports))
		return sl_ports_width(&va->ports) - sl_ports_width(&vb->ports);
	return va->ports.first - vb->ports.first;
}

const struct conf_vip *check_vip_of(const struct check *c, const struct sl_addr *address)
{
	struct conf_vip key = {.prefix = sl_prefix_of(address)};

	return check_holder(&c->vip_prefixes, c->vip_len, &key, &key.prefix);
}

/* A prefix is not half the Internet. */
static void check_prefix(struct check *c, const struct conf_vip *vip, const char *text)
{
	const unsigned int six = conf_family(&vip->prefix.address), least = six ? 32 : 8;

	if (!sl_prefix_is_one(&vip->prefix) && vip->prefix.len - (six ? 0u : 96u) < least)
		check_fail(c, &vip->place,
			"VIP \"%s\": %s: an %s prefix has a length of at least %u", vip->name, text,
			six ? "IPv6" : "IPv4", least);
}

/* Nor does it hold what Sluice sends from. */
static void check_vip_source(struct check *c, const struct conf_vip *vip, const char *text)
{
	const struct check_source *s = check_source_in(c, &vip->prefix);
	char source[SL_PREFIX_STRLEN];

	if (!s)
		return;
	sl_prefix_format_short(&s->prefix, source);
	if (!sl_prefix_is_one(&s->prefix))
		check_fail(c, &vip->place,
			"VIP \"%s\": %s %s tunnel_source_prefix %s of pool \"%s\"", vip->name, text,
			sl_prefix_is_one(&vip->prefix) ? "is in" : "overlaps", source,
			s->pool->name);
	else if (!sl_prefix_is_one(&vip->prefix))
		check_fail(c, &vip->place,
			"VIP \"%s\": %s holds %s, a tunnel_source of pool \"%s\"", vip->name, text,
			source, s->pool->name);
	else
		check_fail(c, &vip->place, "VIP \"%s\": %s is a tunnel_source of pool \"%s\"",
			vip->name, text, s->pool->name);
}

static void check_echo(struct check *c, const struct conf_vip *vip)
{
	const struct conf_vip *first = order_first(&c->vip_prefixes, vip);

	if (first->echo != vip->echo && !first->place.broken)
		check_fail(c, &vip->place,
			"VIP \"%s\": echo is not that of VIP \"%s\", which has the same address",
			vip->name, first->name);
}

static void check_vip(struct check *c, const struct conf_vip *vip, const struct conf_order *names,
	const struct conf_order *services)
{
	const struct conf_vip *first = order_first(names, vip);
	char text[SL_PREFIX_STRLEN], ports[SL_PORTS_STRLEN], where[CHECK_WHERE_STRLEN];

	sl_prefix_format_short(&vip->prefix, text);
	check_name(c, "VIP", vip->name, &vip->place);
	if (first != vip)
		check_fail(c, &vip->place, "VIP \"%s\" exists already%s", vip->name,
			check_where(&first->place, where));
	first = order_first(services, vip);
	if (first != vip && !first->place.broken)
		check_fail(c, &vip->place, "VIP \"%s\": %s port %s %s belongs to VIP \"%s\"",
			vip->name, text, sl_ports_format(&vip->ports, ports),
			vip->protocol == IPPROTO_TCP ? "tcp" : "udp", first->name);
	check_echo(c, vip);
	if (!sl_addr_is_host(&vip->prefix.address))
		check_fail(c, &vip->place,
			"VIP \"%s\": \"%s\" is not an address that a host can have", vip->name,
			text);
	check_prefix(c, vip, text);
	check_vip_source(c, vip, text);
}

static bool overlap(const struct conf_vip *a, const struct conf_vip *b)
{
	return sl_prefix_eq(&a->prefix, &b->prefix) && a->protocol == b->protocol &&
	       sl_ports_width(&a->ports) == sl_ports_width(&b->ports) &&
	       a->ports.first < b->ports.first && b->ports.first <= a->ports.last;
}

/* Neither of two ranges of one width is the narrower one. */
static void check_overlaps(struct check *c, const struct conf_order *services)
{
	char text[2][SL_PORTS_STRLEN], where[CHECK_WHERE_STRLEN];

	for (size_t i = 1; i < services->count; i++) {
		const struct conf_vip *a = order_first(services, services->item[i - 1]);
		const struct conf_vip *b = services->item[i];
		const struct conf_vip *first = a < b ? a : b, *second = a < b ? b : a;

		if (!overlap(a, b) || a->place.broken || b->place.broken)
			continue;
		check_fail(c, &second->place,
			"VIP \"%s\": ports %s overlap %s of VIP \"%s\", a range as wide%s",
			second->name, sl_ports_format(&second->ports, text[0]),
			sl_ports_format(&first->ports, text[1]), first->name,
			check_where(&first->place, where));
	}
}

int check_vips(struct check *c)
{
	struct conf *conf = c->conf;
	struct conf_order names = {0}, services = {0};
	int rc = order_init(&names, conf->vips, conf->n_vips, sizeof *conf->vips, cmp_vip_name);

	if (!rc)
		rc = order_init(
			&services, conf->vips, conf->n_vips, sizeof *conf->vips, cmp_vip_service);
	for (size_t i = 0; i < conf->n_vips && !rc; i++) {
		struct conf_vip *vip = &conf->vips[i];

		if (vip->place.broken)
			continue;
		check_vip(c, vip, &names, &services);
		vip->pool_index = check_find_pool(
			c, "VIP", vip->name, vip->pool, vip->pool_index, &vip->place);
		if (check_rules(c, vip))
			rc = -ENOMEM;
	}
	if (!rc)
		check_overlaps(c, &services);
	order_free(&names);
	order_free(&services);
	return rc;
}
