/* SPDX-License-Identifier: BSD-3-Clause */

/* What the tests of the compiler share: text and a made-up network in, generation out. */

#ifndef SLUICE_TESTS_COMPILE_BUILD_H
#define SLUICE_TESTS_COMPILE_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "compile/compile.h"

#define MOST 8
#define PORTS                                                                        \
	"ports = ( { name = \"wan\"; driver = \"af_xdp\"; interface = \"eth1\"; },"  \
	"          { name = \"lan\"; driver = \"af_packet\"; interface = \"eth2\"; " \
	"accept_mac = \"any\"; } );"
#define B(name, address) "{ name = \"" name "\"; address = \"" address "\"; }"

/* What a test may change before it builds. */
static struct compile_port ports[2];
static struct compile_hop hops[MOST];
static uint16_t slots[MOST], services[MOST];
static bool drained[MOST];
static struct compile_leaver leavers[2];
static size_t n_leavers;
static struct health_view *health;

static inline struct sl_addr addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

/* Every backend on the link of port 0, our addresses 192.0.2.1 there. */
static inline int usual(void **state)
{
	for (uint8_t i = 0; i < MOST; i++) {
		hops[i] = (struct compile_hop){
			.resolved = true,
			.on_link = true,
			.has_source = true,
			.mac = {{2, 0xbe, 0, 0, 0, i}},
			.source = addr("192.0.2.1"),
		};
		slots[i] = (uint16_t)(20 + i);
		services[i] = (uint16_t)(5 + i);
	}
	ports[0] = (struct compile_port){.mac = {{2, 0xaa, 0, 0, 0, 0}}, .mtu = 1500};
	ports[1] =
		(struct compile_port){.mac = {{2, 0xaa, 0, 0, 0, 1}}, .mtu = 9000, .shared = true};
	n_leavers = 0;
	memset(drained, 0, sizeof drained);
	health = NULL;
	return 0;
}

static inline struct generation *build(const char *text, const struct generation *prev)
{
	struct sl_err err = SL_ERR_INIT;
	struct generation *g;
	struct conf *conf;

	if (conf_load_text(text, "t", &conf, &err) || conf_check(conf, &err))
		fail_msg("%s", sl_err_first(&err));
	const struct compile_input in = {
		.conf = conf,
		.revision = 7,
		.ports = ports,
		.hops = hops,
		.slots = slots,
		.drained = drained,
		.services = services,
		.leavers = leavers,
		.n_leavers = n_leavers,
		.health = health,
		.n_slots = 20 + MOST,
		.n_services = 5 + MOST,
		.prev = prev,
	};

	assert_int_equal(compile_generation(&in, &g, &err), 0);
	assert_int_equal(err.count, 0);
	conf_free(conf);
	return g;
}

#endif
