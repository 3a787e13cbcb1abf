/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "world.h"

#define NEXT_HOP "02:be:00:00:00:01"
#define SOURCE4  "192.0.2.1"
#define SOURCE6  "2001:db8:ffff::1"

bool world_vip_is6(const struct bench_case *c, uint32_t vip)
{
	return c->v[AXIS_FAMILY] == FAMILY_V6 ||
	       (c->v[AXIS_FAMILY] == FAMILY_MIX && (vip >> 1 & 1));
}

bool world_vip_is_udp(const struct bench_case *c, uint32_t vip)
{
	return c->v[AXIS_TRAFFIC] == TRAFFIC_UDP ||
	       (c->v[AXIS_TRAFFIC] == TRAFFIC_MIX && (vip & 1));
}

/* The address that lies i above another one. */
static const char *address(const char *first, uint32_t i, char *buf)
{
	struct sl_addr a;

	sl_addr_parse(first, &a);
	i += (uint32_t)a.b[14] << 8 | a.b[15];
	a.b[14] = (uint8_t)(i >> 8);
	a.b[15] = (uint8_t)i;
	return sl_addr_format(&a, buf);
}

static void write_conf(FILE *f, const struct bench_case *c)
{
	const bool outer6 = c->v[AXIS_FORWARD] == FORWARD_IPIP6;
	char text[SL_ADDR_STRLEN];

	fprintf(f,
		"ports = ( { name = \"p\"; driver = \"vdev\"; device = \"net_null0\"; next_hop_mac "
		"= \"%s\"; } );\n",
		NEXT_HOP);
	fprintf(f,
		"pools = ( { name = \"pool\"; forward = \"%s\"; tunnel_source = [ \"%s\", \"%s\" "
		"];\nbackends = (\n",
		c->v[AXIS_FORWARD] == FORWARD_L2 ? "l2" : "ipip", SOURCE4, SOURCE6);
	for (uint32_t i = 0; i < c->v[AXIS_BACKENDS]; i++)
		fprintf(f, "%s{ name = \"b%u\"; address = \"%s\"; }", i ? ",\n" : "", i,
			address(outer6 ? "2001:db8:2::1" : "10.0.0.1", i, text));
	fprintf(f, " ); } );\nvips = (\n");
	for (uint32_t i = 0; i < c->v[AXIS_VIPS]; i++)
		fprintf(f,
			"%s{ name = \"v%u\"; address = \"%s\"; port = %d; protocol = \"%s\"; pool "
			"= \"pool\"; }",
			i ? ",\n" : "", i,
			address(world_vip_is6(c, i) ? WORLD_VIP6 : WORLD_VIP4, i, text), WORLD_PORT,
			world_vip_is_udp(c, i) ? "udp" : "tcp");
	fprintf(f, " );\n");
}

static int read_conf(const struct bench_case *c, struct conf **conf, struct sl_err *err)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int rc;

	if (!f)
		return sl_err_sys(err, ENOMEM, "configuration");
	write_conf(f, c);
	fclose(f);
	rc = conf_load_text(text, "bench", conf, err);
	if (!rc && conf_check(*conf, err)) {
		conf_free(*conf);
		rc = -EINVAL;
	}
	free(text);
	return rc;
}

/* All backends by the same next hop. */
static void lay_hops(struct compile_hop *hops, uint16_t *slots, uint32_t n, bool outer6)
{
	struct compile_hop hop = {.resolved = true, .on_link = true, .has_source = true};

	sl_ether_parse(NEXT_HOP, &hop.mac);
	sl_addr_parse(outer6 ? SOURCE6 : SOURCE4, &hop.source);
	for (uint32_t i = 0; i < n; i++) {
		hops[i] = hop;
		slots[i] = (uint16_t)i;
	}
}

static int compile(const struct conf *conf, bool outer6, struct generation **g, struct sl_err *err)
{
	const uint32_t n = (uint32_t)conf->pools[0].n_backends;
	struct compile_hop *hops = calloc(n, sizeof *hops);
	uint16_t *slots = calloc(n, sizeof *slots),
		 *services = calloc(conf->n_vips, sizeof *services);
	struct compile_port port = {.mtu = 1600};
	const struct compile_input in = {
		.conf = conf,
		.revision = 1,
		.ports = &port,
		.hops = hops,
		.slots = slots,
		.services = services,
		.n_slots = n,
		.n_services = (uint32_t)conf->n_vips,
	};
	int rc = -ENOMEM;

	memcpy(port.mac.b, WORLD_MAC, sizeof port.mac.b);
	if (hops && slots && services) {
		lay_hops(hops, slots, n, outer6);
		for (uint32_t i = 0; i < conf->n_vips; i++)
			services[i] = (uint16_t)i;
		rc = compile_generation(&in, g, err);
	}
	free(hops);
	free(slots);
	free(services);
	return rc;
}

int world_new(
	const struct bench_case *c, struct conf **conf, struct generation **g, struct sl_err *err)
{
	int rc = read_conf(c, conf, err);

	if (!rc) {
		rc = compile(*conf, c->v[AXIS_FORWARD] == FORWARD_IPIP6, g, err);
		if (rc)
			conf_free(*conf);
	}
	return rc;
}
