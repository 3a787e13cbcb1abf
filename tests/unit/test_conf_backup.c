/* SPDX-License-Identifier: BSD-3-Clause */

/* Backup pools and the other keys of a pool's health. */

#include "conf_text.h"

#define B(name, address)           "{ name = \"" name "\"; address = \"" address "\"; }"
#define POOL(name, more, backends) "{ name = \"" name "\"; " more " backends = ( " backends " ); }"

static void defaults(void **state)
{
	struct conf *conf = good(PORT "pools = ( " POOL("p", "", B("a", "10.0.0.1")) " );");
	const struct conf_pool *p = conf->pools;

	assert_int_equal(p->require, 0);
	assert_int_equal(p->panic_pct, 30);
	assert_null(p->backup_pool);
	assert_int_equal(p->backup_index, -1);
	assert_int_equal(p->backup_mode, CONF_BACKUP_SPILL);
	assert_int_equal(p->backup_below, 1);
	assert_int_equal(p->on_all_down, CONF_ALL_DOWN_FAILOPEN);
	assert_int_equal(p->on_marked_down, CONF_MARKED_DOWN_KEEP);
	assert_int_equal(p->slow_start_s * 100 + p->slow_start_steps, 3005);
	assert_int_equal(p->flap.suppress, 2500);
	assert_int_equal(p->flap.reuse, 1250);
	assert_int_equal(p->flap.half_life_s, 60);
	assert_int_equal(p->flap.max_s, 300);
	assert_int_equal(p->outlier.error_pct, 0);
	assert_int_equal(p->outlier.min_flows, 100);
	assert_int_equal(p->outlier.interval_s, 10);
	assert_int_equal(p->outlier.eject_s, 30);
	assert_int_equal(p->outlier.max_eject_s, 300);
	assert_int_equal(p->outlier.max_eject_pct, 50);
	assert_string_equal(conf->daemon.state_dir, "/var/lib/sluice");
	conf_free(conf);
}

static void every_key_is_read(void **state)
{
	struct conf *conf = good(
		PORT "daemon = { state_dir = \"/s\"; }; checks = ( { name = \"x\"; type = "
		     "\"none\"; }, { name = \"y\"; type = \"none\"; } ); pools = ( " POOL("p",
			     "checks = [ \"x\", \"y\" ]; require = \"any\"; panic_pct = 0; "
			     "backup_pool = \"q\"; backup_mode = \"replace\"; backup_below = 150; "
			     "on_all_down = \"reject\"; on_marked_down = \"rehash\"; slow_start_s "
			     "= 7; slow_start_steps = 2; flap = { suppress = 3000; reuse = 10; "
			     "half_life_s = 4; max_s = 5; }; outlier = { error_pct = 41; "
			     "min_flows = 42; interval_s = 43; eject_s = 44; max_eject_s = 45; "
			     "max_eject_pct = 46; };",
			     B("a", "10.0.0.1")) ", " POOL("q", "", B("b", "10.0.0.2")) " );");
	const struct conf_pool *p = conf->pools;

	assert_int_equal(p->require, 1);
	assert_int_equal(p->panic_pct, 0);
	assert_int_equal(p->backup_index, 1);
	assert_int_equal(p->backup_mode, CONF_BACKUP_REPLACE);
	assert_int_equal(p->backup_below, 150);
	assert_int_equal(p->on_all_down, CONF_ALL_DOWN_REJECT);
	assert_int_equal(p->on_marked_down, CONF_MARKED_DOWN_REHASH);
	assert_int_equal(p->slow_start_s * 10 + p->slow_start_steps, 72);
	assert_int_equal(p->flap.suppress, 3000);
	assert_int_equal(p->flap.reuse, 10);
	assert_int_equal(p->flap.half_life_s * 10 + p->flap.max_s, 45);
	assert_int_equal(p->outlier.error_pct, 41);
	assert_int_equal(p->outlier.min_flows, 42);
	assert_int_equal(p->outlier.interval_s, 43);
	assert_int_equal(p->outlier.eject_s, 44);
	assert_int_equal(p->outlier.max_eject_s, 45);
	assert_int_equal(p->outlier.max_eject_pct, 46);
	assert_string_equal(conf->daemon.state_dir, "/s");
	conf_free(conf);
}

static void mistakes_are_named(void **state)
{
	expect(PORT "pools = ( " POOL("p", "backup_pool = \"q\";", "") " );",
		"t:2: pool \"p\": backup_pool \"q\" does not exist");
	expect(PORT "pools = ( " POOL("p", "backup_pool = \"p\";", "") " );",
		"t:2: pool \"p\": it is its own backup_pool");
	expect(PORT "pools = ( " POOL("p", "backup_pool = \"q\";", "") ", " POOL(
		       "q", "backup_pool = \"p\";", "") " );",
		"t:2: pool \"p\": its backup_pool \"q\" leads back to it\n"
		"t:2: pool \"q\": its backup_pool \"p\" leads back to it");
	expect(PORT "pools = ( " POOL("p", "backup_pool = \"q\";", B("a", "10.0.0.1")) ", " POOL(
		       "q", "", B("b", "10.0.0.1")) " );",
		"t:2: pool \"p\": backend 10.0.0.1 is in its backup_pool too: a backup needs "
		"backends of its own");
	expect(PORT "pools = ( " POOL("p", "require = \"2\";", "") " );",
		"t:2: pool \"p\": require = \"2\", but it has 0 checks: it could never be up");
	expect(PORT "pools = ( " POOL("p", "require = \"any\";", "") " );",
		"t:2: pool \"p\": require = \"any\", but it has 0 checks: it could never be up");
	expect(PORT "pools = ( " POOL("p", "flap = { reuse = 2500; };", "") " );",
		"t:2: pool \"p\": flap.reuse 2500 is not below flap.suppress 2500");
	expect(PORT "pools = ( " POOL("p", "outlier = { eject_s = 301; };", "") " );",
		"t:2: pool \"p\": outlier.eject_s 301 is above outlier.max_eject_s 300");
	expect(PORT
		"pools = ( " POOL("p", "track = \"none\"; outlier = { error_pct = 1; };", "") " );",
		"t:2: pool \"p\": outlier.error_pct needs connections that are remembered: track = "
		"\"all\", and flows.per_lane above 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
