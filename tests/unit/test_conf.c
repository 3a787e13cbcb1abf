/* SPDX-License-Identifier: BSD-3-Clause */

/* Values, defaults, warnings, hints: what one short text means. */

#include <netinet/in.h>

#include "conf/stamp.h"
#include "conf_text.h"
#include "conf/hint.h"

static void defaults(void **state)
{
	struct conf *conf = good(PORT "pools = ( { name = \"p\"; backends = ( { name = \"b\"; "
				      "address = \"10.0.0.1\"; } ); } );\n"
				      "vips = ( { name = \"v\"; address = \"10.0.0.9\"; port = 1; "
				      "pool = \"p\"; } );");

	assert_string_equal(conf->daemon.control_socket, "/run/sluice/control.sock");
	assert_string_equal(conf->daemon.control_group, "");
	assert_int_equal(conf->daemon.log_level, CONF_LOG_INFO);
	assert_int_equal(conf->daemon.log_target, CONF_LOG_STDERR);
	assert_memory_equal(conf->cluster.hash_key, "sluice-slot-hash", CONF_KEY_BYTES);
	assert_int_equal(conf->eal.main_lcore, 0);
	assert_int_equal(conf->eal.n_workers, 0);
	assert_int_equal(conf->eal.lanes, 0);
	assert_true(conf->eal.huge);
	assert_string_equal(conf->eal.file_prefix, "sluice");
	assert_int_equal(conf->eal.n_args, 0);
	assert_null(conf->ports[0].device);
	assert_false(conf->ports[0].has_next_hop_mac);
	assert_int_equal(conf->ports[0].accept_mac, CONF_ACCEPT_OWN);
	assert_int_equal(conf->ports[0].mbufs + conf->ports[0].mtu, 0);
	assert_int_equal(conf->pools[0].scheduler, SCHEDULER_MAGLEV);
	assert_int_equal(conf->pools[0].hash, CONF_HASH_5TUPLE);
	assert_int_equal(conf->pools[0].table_size, 65537);
	assert_int_equal(conf->pools[0].forward, CONF_FORWARD_IPIP);
	assert_false(conf->pools[0].has_tunnel_source[0] || conf->pools[0].has_tunnel_source[1]);
	assert_null(conf->pools[0].egress);
	assert_int_equal(conf->pools[0].egress_port, -1);
	assert_int_equal(conf->pools[0].backends[0].weight, 100);
	assert_int_equal(conf->pools[0].backends[0].id, 0);
	assert_int_equal(conf->vips[0].protocol, IPPROTO_TCP);
	conf_free(conf);
}

static void every_key_is_read(void **state)
{
	static const uint8_t key[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct sl_err err = SL_ERR_INIT;
	struct conf *c;

	assert_int_equal(
		conf_read(SLUICE_SOURCE_ROOT "/tests/unit/conf/good/vdev.conf", &c, &err), 0);
	assert_int_equal(c->daemon.log_level, CONF_LOG_DEBUG);
	assert_int_equal(c->daemon.log_target, CONF_LOG_JOURNAL);
	assert_memory_equal(c->cluster.hash_key, key, sizeof key);
	assert_int_equal(c->eal.main_lcore, 1);
	assert_int_equal(c->eal.n_workers, 2);
	assert_int_equal(c->eal.workers[0] * 10 + c->eal.workers[1], 23);
	assert_int_equal(c->eal.lanes, 4);
	assert_false(c->eal.huge);
	assert_int_equal(c->eal.n_args, 2);
	assert_string_equal(c->eal.args[1], "-m 64");
	assert_int_equal(c->n_ports, 2);
	assert_int_equal(c->ports[0].driver, CONF_DRIVER_VDEV);
	assert_null(c->ports[0].interface);
	assert_string_equal(c->ports[1].device, "net_null1,size=64");
	assert_true(c->ports[1].has_next_hop_mac);
	assert_int_equal(c->ports[1].next_hop_mac.b[5], 2);
	assert_int_equal(c->ports[0].vlans.n, 1);
	assert_int_equal(c->ports[0].vlans.tag[0].type, 0x8100);
	assert_int_equal(c->ports[0].vlans.tag[0].id, 7);
	assert_int_equal(c->ports[1].vlans.n, 2);
	assert_int_equal(c->ports[1].vlans.tag[0].type, 0x88a8);
	assert_int_equal(c->ports[1].vlans.tag[0].id, 200);
	assert_int_equal(c->ports[1].vlans.tag[1].type, 0x8100);
	assert_int_equal(c->ports[1].vlans.tag[1].id, 100);
	assert_int_equal(c->ports[0].accept_mac, CONF_ACCEPT_OWN);
	assert_int_equal(c->ports[1].accept_mac, CONF_ACCEPT_ANY);
	assert_int_equal(c->ports[0].mbufs, 2048);
	assert_int_equal(c->ports[0].mtu, 1500);
	assert_int_equal(c->n_pools, 3);
	assert_int_equal(c->pools[0].hash, CONF_HASH_SOURCE_DEST);
	assert_int_equal(c->pools[0].table_size, 251);
	assert_int_equal(c->pools[0].egress_port, 1);
	assert_address(&c->pools[0].tunnel_source[0], "10.0.0.250");
	assert_address(&c->pools[0].tunnel_source[1], "fd00::250");
	assert_int_equal(c->pools[0].n_backends, 2);
	assert_int_equal(c->pools[0].backends[0].id, 16777215);
	assert_address(&c->pools[0].backends[1].address, "fd00::12");
	assert_int_equal(c->pools[0].backends[1].weight, 0);
	assert_string_equal(c->pools[0].backends[1].place.file,
		SLUICE_SOURCE_ROOT "/tests/unit/conf/good/../backends.inc");
	assert_int_equal(c->pools[0].backends[1].place.line, 5);
	assert_int_equal(c->pools[1].place.line, 15);
	assert_int_equal(c->pools[1].forward, CONF_FORWARD_L2);
	assert_int_equal(c->pools[1].hash, CONF_HASH_SOURCE);
	assert_int_equal(c->pools[2].n_backends, 0);
	assert_int_equal(c->n_vips, 4);
	assert_int_equal(c->vips[0].pool_index, 0);
	assert_int_equal(c->vips[1].pool_index, 1);
	assert_int_equal(c->vips[0].ports.first, 443);
	assert_int_equal(c->vips[0].ports.last, 443);
	assert_true(sl_ports_is_every(&c->vips[1].ports));
	assert_int_equal(c->vips[1].ports.last, 65535);
	assert_int_equal(c->vips[2].protocol, IPPROTO_UDP);
	assert_address(&c->vips[2].prefix.address, "2001:db8::10");
	assert_int_equal(c->vips[3].ports.first, 8000);
	assert_int_equal(c->vips[3].ports.last, 8100);
	conf_free(c);
	sl_err_clear(&err);
}

/* conf_check alone proves a configuration that was changed after it was loaded. */
static void check_proves_changed_data(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf = good(PORT "pools = ( { name = \"p\"; table_size = 3; backends = ("
				      "{ name = \"b\"; address = \"10.0.0.1\"; } ); } );\n"
				      "vips = ( { name = \"v\"; address = \"10.0.0.9\"; port = 1; "
				      "pool = \"p\"; } );");
	struct conf_backend many[4] = {{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}};

	for (int i = 0; i < 4; i++)
		sl_addr_parse(i == 3 ? "10.0.0.9"
				     : (const char *[]){"10.0.0.1", "10.0.0.2", "10.0.0.3"}[i],
			&many[i].address);
	assert_int_equal(stamp_forget(conf), 0);
	conf->pools[0].backends = many;
	conf->pools[0].n_backends = 4;
	sl_addr_parse("224.0.0.1", &conf->vips[0].prefix.address);
	assert_int_equal(conf_check(conf, &err), -EINVAL);
	assert_int_equal(err.count, 2);
	assert_string_equal(err.text[0], "t:2: pool \"p\": table_size 3 is below its 4 backends");
	assert_string_equal(err.text[1],
		"t:3: VIP \"v\": \"224.0.0.1\" is not an address that a host can have");
	sl_err_clear(&err);
	conf->n_ports = 0;
	assert_int_equal(conf_check(conf, &err), -EINVAL);
	assert_string_equal(err.text[0], "at least one port is required");
	sl_err_clear(&err);
	conf_free(conf);
}

static void table_size_follows_the_pool(void **state)
{
	static const struct {
		unsigned int backends, table;
	} rows[] = {{650, 65537}, {651, 655373}};

	for (int i = 0; i < 2; i++) {
		char *text = many_backends(rows[i].backends, 0, "");
		struct conf *conf = good(text);

		assert_int_equal(conf->pools[0].table_size, rows[i].table);
		conf_free(conf);
		free(text);
	}
}

static void warnings(void **state)
{
	struct sl_err warn = SL_ERR_INIT;
	char *text = many_backends(3, 0, "table_size = 293;");
	struct conf *conf = good(text);
	uint32_t workers[] = {0, 1};

	assert_int_equal(conf_warn(conf, &warn), 1);
	assert_string_equal(sl_err_first(&warn),
		"t:2: pool \"p\": table_size 293 is below 100 times "
		"its 3 backends: shares will be uneven");
	sl_err_clear(&warn);
	conf->pools[0].table_size = 307;
	assert_int_equal(conf_warn(conf, &warn), 0);
	assert_int_equal(warn.count, 0);
	conf->eal.workers = workers;
	conf->eal.n_workers = 2;
	conf->eal.lanes = 1;
	assert_int_equal(conf_warn(conf, &warn), 2);
	assert_string_equal(warn.text[0], "eal: CPU 0 is main_lcore and a worker: they share it");
	assert_string_equal(warn.text[1], "eal: 1 lanes for 2 workers: some have nothing to do");
	sl_err_clear(&warn);
	conf_free(conf);
	free(text);
}

static void hints(void **state)
{
	static const struct {
		const char *word, *candidate;
		bool near;
	} rows[] = {
		{"wieght", "weight", true},
		{"weight", "height", true},
		{"web", "wbe", true},
		{"wan", "lan", true},
		{"a", "b", false},
		{"pool", "port", true},
		{"tcp", "udp", false},
		{"backend", "backends", true},
		{"interface", "device", false},
		{"", "x", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct hint hint = {.word = rows[i].word};

		hint_offer(&hint, rows[i].candidate);
		if ((hint.best != NULL) != rows[i].near)
			fail_msg("%s, %s", rows[i].word, rows[i].candidate);
	}
	struct hint hint = {.word = "web2"};
	char buf[HINT_STRLEN];

	hint_offer(&hint, "wap2");
	hint_offer(&hint, "web");
	hint_offer(&hint, "web12");
	assert_string_equal(hint_format(&hint, buf), ", did you mean \"web\"?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(check_proves_changed_data),
		cmocka_unit_test(table_size_follows_the_pool),
		cmocka_unit_test(warnings),
		cmocka_unit_test(hints),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
