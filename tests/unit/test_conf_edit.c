/* SPDX-License-Identifier: BSD-3-Clause */

/* Changing, saving and comparing configurations. */

#include "conf_saved.h"

#include "../packet/random.h"
#include "conf/edit.h"
#include "conf/stamp.h"

static void expect_diff(const struct conf *a, const struct conf *b, const char *wanted)
{
	char *text = diff_text(a, b);

	assert_string_equal(text, wanted);
	free(text);
}

static void assert_err(struct sl_err *err, const char *wanted)
{
	assert_string_equal(sl_err_first(err), wanted);
	sl_err_clear(err);
}

static struct edit_object find(struct conf *conf, const char *list, const char *a, const char *b)
{
	const char *names[] = {a, b};
	static const char *kept[2];
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;

	memcpy(kept, names, sizeof kept);
	if (edit_find(conf, list, kept, &o, &err))
		fail_msg("%s", sl_err_first(&err));
	return o;
}

static void a_clone_stands_alone(void **state)
{
	struct conf *conf = good(WEB), *copy = conf_clone(conf);
	struct sl_err err = SL_ERR_INIT;
	char *before = saved(conf), *after;

	assert_int_equal(conf_equal(conf, copy), 1);
	conf_free(conf);
	assert_int_equal(conf_check(copy, &err), 0);
	after = saved(copy);
	assert_string_equal(before, after);
	assert_string_equal(copy->pools[0].place.file, "t");
	assert_int_equal(copy->pools[0].table_size, 65537);
	free(before);
	free(after);
	conf_free(copy);
}

static void keys_are_set_as_a_file_sets_them(void **state)
{
	static const struct {
		const char *key, *text, *err;
	} rows[] = {
		{"weight", "7", ""},
		{"weight", "5000", "pool \"web\": backend \"b2\": weight 5000 is above 1000"},
		{"weight", "x", "pool \"web\": backend \"b2\": weight \"x\" is not a whole number"},
		{"weight", "", "pool \"web\": backend \"b2\": weight \"\" is not a whole number"},
		{"weight", "1 ",
			"pool \"web\": backend \"b2\": weight \"1 \" is not a whole number"},
		{"weigth", "1",
			"pool \"web\": backend \"b2\": unknown key \"weigth\", did you mean "
			"\"weight\"?"},
		{"address", "10.0.0.0/8",
			"pool \"web\": backend \"b2\": address \"10.0.0.0/8\" is not an IPv4 or "
			"IPv6 address (a single one is wanted, no prefix)"},
	};
	struct conf *conf = good(WEB);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct edit_object o = find(conf, "pools[].backends", "web", "b2");
		struct sl_err err = SL_ERR_INIT;
		const int rc = edit_set_text(conf, &o, rows[i].key, rows[i].text, &err);

		assert_int_equal(rc, *rows[i].err ? -EINVAL : 0);
		assert_err(&err, rows[i].err);
	}
	assert_int_equal(conf->pools[0].backends[1].weight, 7);
	assert_null(conf->pools[0].backends[1].place.file);
	assert_non_null(conf->pools[0].backends[0].place.file);
	conf_free(conf);
}

static void ports_are_a_number_or_a_range(void **state)
{
	const struct edit_value number = {EDIT_NUMBER, 9, NULL}, text = {EDIT_TEXT, 0, "90-99"},
				truth = {EDIT_BOOL, 1, NULL};
	struct conf *conf = good(WEB);
	const struct edit_object vip = find(conf, "vips", "v", NULL);
	const struct sl_ports *ports = &conf->vips[0].ports;
	struct sl_err err = SL_ERR_INIT;

	assert_int_equal(edit_set(conf, &vip, "port", &text, 1, false, &err), 0);
	assert_true(ports->first == 90 && ports->last == 99);
	assert_int_equal(edit_set(conf, &vip, "port", &number, 1, false, &err), 0);
	assert_true(ports->first == 9 && ports->last == 9);
	assert_int_equal(edit_set_text(conf, &vip, "port", "8000-8100", &err), 0);
	assert_true(ports->first == 8000 && ports->last == 8100);
	assert_int_equal(edit_set_text(conf, &vip, "port", "0", &err), 0);
	assert_true(ports->first == 0 && ports->last == 65535);
	assert_int_equal(edit_set(conf, &vip, "port", &truth, 1, false, &err), -EINVAL);
	assert_err(&err, "VIP \"v\": port must be 1-65535, 0 = every port, or a range as "
			 "\"8000-8100\"");
	assert_int_equal(edit_set_text(conf, &vip, "port", "8100-8000", &err), -EINVAL);
	assert_err(&err, "VIP \"v\": port \"8100-8000\" is not a port or a range such as "
			 "8000-8100");
	assert_true(ports->first == 0 && ports->last == 65535);
	conf_free(conf);
}

static void typed_values_must_be_of_the_type(void **state)
{
	const struct edit_value number = {EDIT_NUMBER, 9, NULL}, text = {EDIT_TEXT, 0, "12"},
				truth = {EDIT_BOOL, 1, NULL},
				cpus[] = {{EDIT_NUMBER, 2, NULL}, {EDIT_NUMBER, 3, NULL}};
	struct conf *conf = good(WEB);
	const struct edit_object be = find(conf, "pools[].backends", "web", "b1"),
				 top = edit_top(conf);
	struct sl_err err = SL_ERR_INIT;

	assert_int_equal(edit_set(conf, &be, "weight", &number, 1, false, &err), 0);
	assert_int_equal(conf->pools[0].backends[0].weight, 9);
	assert_int_equal(edit_set(conf, &be, "weight", &text, 1, false, &err), 0);
	assert_int_equal(conf->pools[0].backends[0].weight, 12);
	assert_int_equal(edit_set(conf, &be, "weight", &truth, 1, false, &err), -EINVAL);
	assert_err(&err, "pool \"web\": backend \"b1\": weight must be 0-1000");
	assert_int_equal(edit_set(conf, &be, "weight", cpus, 2, true, &err), -EINVAL);
	assert_err(&err, "pool \"web\": backend \"b1\": weight must be 0-1000");
	assert_int_equal(edit_set(conf, &be, "name", &number, 1, false, &err), -EINVAL);
	assert_err(&err, "pool \"web\": backend \"b1\": name must be name");
	assert_int_equal(edit_set(conf, &top, "eal.huge", &number, 1, false, &err), -EINVAL);
	assert_err(&err, "eal.huge must be true or false");
	assert_int_equal(edit_set(conf, &top, "eal.workers", cpus, 2, true, &err), 0);
	assert_int_equal(conf->eal.n_workers, 2);
	assert_int_equal(conf->eal.workers[1], 3);
	assert_int_equal(edit_set_text(conf, &top, "eal.workers", "4, 5,6", &err), 0);
	assert_int_equal(conf->eal.n_workers, 3);
	assert_int_equal(conf->eal.workers[2], 6);
	assert_int_equal(edit_set_text(conf, &top, "eal.workers", "", &err), 0);
	assert_int_equal(conf->eal.n_workers, 0);
	assert_int_equal(edit_set_text(conf, &top, "eal", "1", &err), -EINVAL);
	assert_err(&err, "eal holds keys and has no value of its own");
	assert_int_equal(edit_set_text(conf, &top, "pools", "1", &err), -EINVAL);
	assert_err(&err, "pools holds keys and has no value of its own");
	conf_free(conf);
}

static void keys_go_back_to_their_default(void **state)
{
	struct conf *conf = good(WEB);
	const struct edit_object be = find(conf, "pools[].backends", "web", "b2"),
				 pool = find(conf, "pools", "web", NULL);
	struct sl_err err = SL_ERR_INIT;

	assert_int_equal(edit_unset(conf, &be, "weight", &err), 0);
	assert_int_equal(conf->pools[0].backends[1].weight, 100);
	assert_int_equal(edit_unset(conf, &be, "address", &err), -EINVAL);
	assert_err(&err, "pool \"web\": backend \"b2\": address is required");
	assert_int_equal(edit_set_text(conf, &pool, "tunnel_source", "fd00::1,10.0.0.9", &err), 0);
	assert_true(conf->pools[0].has_tunnel_source[0] && conf->pools[0].has_tunnel_source[1]);
	assert_int_equal(edit_unset(conf, &pool, "tunnel_source", &err), 0);
	assert_false(conf->pools[0].has_tunnel_source[0] || conf->pools[0].has_tunnel_source[1]);
	assert_int_equal(edit_set_text(conf, &pool, "table_size", "251", &err), 0);
	assert_int_equal(conf_check(conf, &err), 0);
	assert_int_equal(conf->pools[0].table_size, 251);
	assert_int_equal(edit_unset(conf, &pool, "table_size", &err), 0);
	assert_int_equal(conf_check(conf, &err), 0);
	assert_int_equal(conf->pools[0].table_size, 65537);
	conf_free(conf);
}

static void objects_come_and_go(void **state)
{
	static const char *const b3[] = {"web", "b3"}, *const none[] = {"wbe", "b3"},
				 *const b1[] = {"web", "b1"}, *const wan[] = {"wan"};
	struct conf *conf = good(WEB), *was = conf_clone(conf);
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;

	assert_int_equal(edit_add(conf, "pools[].backends", none, &o, &err), -ENOENT);
	assert_err(&err, "pool \"wbe\" not found, did you mean \"web\"?");
	assert_int_equal(edit_add(conf, "pools[].backends", b1, &o, &err), -EEXIST);
	assert_err(&err, "pool \"web\": backend \"b1\" exists already");
	assert_int_equal(edit_add(conf, "pools[].backends", b3, &o, &err), 0);
	assert_int_equal(edit_set_text(conf, &o, "address", "10.0.0.3", &err), 0);
	assert_int_equal(conf->pools[0].n_backends, 3);
	assert_int_equal(conf->pools[0].backends[2].weight, 100);
	assert_int_equal(conf_check(conf, &err), 0);
	expect_diff(was, conf,
		"pool \"web\": backend \"b3\" added: { name = \"b3\"; address = \"10.0.0.3\"; }\n");
	assert_int_equal(edit_delete(conf, "pools[].backends", b1, &err), 0);
	assert_string_equal(conf->pools[0].backends[0].name, "b2");
	assert_int_equal(edit_delete(conf, "pools[].backends", b1, &err), -ENOENT);
	assert_err(&err, "pool \"web\": backend \"b1\" not found, did you mean \"b2\"?");
	assert_int_equal(edit_delete(conf, "ports", wan, &err), -EINVAL);
	assert_err(&err, "port \"wan\": at least one port is required");
	o = find(conf, "pools", "web", NULL);
	assert_int_equal(edit_clear_list(&o, "name", &err), -EINVAL);
	assert_err(&err, "pool \"web\": name is no list");
	assert_int_equal(edit_clear_list(&o, "backends", &err), 0);
	assert_int_equal(conf->pools[0].n_backends, 0);
	expect_diff(conf, was,
		"pool \"web\": backend \"b1\" added: { name = \"b1\"; address = \"10.0.0.1\"; }\n"
		"pool \"web\": backend \"b2\" added: { name = \"b2\"; address = \"10.0.0.2\"; "
		"weight = 50; }\n");
	conf_free(conf);
	conf_free(was);
}

/* A configuration that nothing in this tree holds may be put together by hand. */
static void many_are_added(void **state)
{
	struct conf *conf = good(PORT "pools = ( { name = \"p\"; } );"), *again;
	char name[16], address[32], *text;
	const char *const names[] = {"p", name};
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;

	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "b%u", i);
		snprintf(address, sizeof address, "10.0.%u.%u", i / 250, 1 + i % 250);
		assert_int_equal(edit_add(conf, "pools[].backends", names, &o, &err), 0);
		assert_int_equal(edit_set_text(conf, &o, "address", address, &err), 0);
	}
	assert_int_equal(conf_check(conf, &err), 0);
	assert_int_equal(conf->pools[0].n_backends, 1000);
	assert_int_equal(conf->pools[0].table_size, CONF_TABLE_LARGE);
	text = saved(conf);
	again = loaded(text);
	assert_int_equal(conf_equal(conf, again), 1);
	assert_int_equal(again->pools[0].table_size_given, 0);
	for (unsigned int i = 0; i < 1000; i++)
		assert_string_equal(
			conf->pools[0].backends[i].name, again->pools[0].backends[i].name);
	free(text);
	conf_free(again);
	conf_free(conf);
}

static void the_order_of_a_list_is_no_difference(void **state)
{
	struct conf *a = good(WEB), *b = conf_clone(a);
	const struct conf_backend be = b->pools[0].backends[0];
	const struct edit_object o = find(a, "pools[].backends", "web", "b1"), top = edit_top(a);
	struct sl_err err = SL_ERR_INIT;

	b->pools[0].backends[0] = b->pools[0].backends[1];
	b->pools[0].backends[1] = be;
	assert_int_equal(conf_equal(a, b), 1);
	assert_int_equal(edit_set_text(a, &o, "weight", "3", &err), 0);
	assert_int_equal(edit_set_text(a, &top, "daemon.log.level", "debug", &err), 0);
	expect_diff(a, b,
		"daemon.log.level: \"debug\" -> \"info\"\n"
		"pool \"web\": backend \"b1\": weight: 3 -> 100\n");
	conf_free(a);
	conf_free(b);
}

static void text_survives_saving(void **state)
{
	struct conf *conf = good(WEB), *again;
	const struct edit_object top = edit_top(conf);
	struct sl_err err = SL_ERR_INIT;
	char *text;

	assert_int_equal(
		edit_set_text(conf, &top, "eal.args", "a\\b,\"q\",\xc3\xa9 // #", &err), 0);
	text = saved(conf);
	again = loaded(text);
	assert_int_equal(conf_equal(conf, again), 1);
	assert_string_equal(again->eal.args[0], "a\\b");
	assert_string_equal(again->eal.args[1], "\"q\"");
	free(text);
	conf_free(conf);
	conf_free(again);
}

static void changes_are_done_to_another_configuration(void **state)
{
	struct conf *from = good(WEB), *to = conf_clone(from), *onto = conf_clone(from);
	static const char *const b1[] = {"web", "b1"}, *const b2[] = {"web", "b2"};
	static const char *const p2[] = {"p2", "x1"}, *const gone[] = {"empty"};
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;
	size_t missed;

	/* from -> to: a key, a pool with a backend, a pool gone, keys of an object that onto lost
	 */
	o = edit_top(to);
	assert_int_equal(edit_set_text(to, &o, "eal.args", "a,b", &err), 0);
	assert_int_equal(edit_add(to, "pools", p2, &o, &err), 0);
	assert_int_equal(edit_add(to, "pools[].backends", p2, &o, &err), 0);
	assert_int_equal(edit_set_text(to, &o, "address", "10.0.0.7", &err), 0);
	assert_int_equal(edit_delete(to, "pools", gone, &err), 0);
	assert_int_equal(edit_find(to, "pools[].backends", b2, &o, &err), 0);
	assert_int_equal(edit_set_text(to, &o, "weight", "9", &err), 0);
	assert_int_equal(edit_find(to, "pools[].backends", b1, &o, &err), 0);
	assert_int_equal(edit_set_text(to, &o, "weight", "8", &err), 0);
	/* onto has changes of its own */
	assert_int_equal(edit_delete(onto, "pools[].backends", b2, &err), 0);
	o = edit_top(onto);
	assert_int_equal(edit_set_text(onto, &o, "daemon.log.level", "debug", &err), 0);

	assert_int_equal(conf_merge(onto, from, to, &missed), 0);
	assert_int_equal(missed, 1); /* the weight of b2 */
	conf_free(to);
	expect_diff(from, onto,
		"daemon.log.level: \"info\" -> \"debug\"\n"
		"eal.args: [ ] -> [ \"a\", \"b\" ]\n"
		"pool \"web\": backend \"b1\": weight: 100 -> 8\n"
		"pool \"web\": backend \"b2\" deleted\n"
		"pool \"empty\" deleted\n"
		"pool \"p2\" added: { name = \"p2\"; backends = ( { name = \"x1\"; address = "
		"\"10.0.0.7\"; } ); }\n");
	conf_free(from);
	conf_free(onto);
}

static void what_holds_the_same_is_known_by_its_stamp(void **state)
{
	struct conf *was = good(WEB), *same = good(WEB), *other = good(WEB);
	const struct edit_object be = find(other, "pools[].backends", "web", "b2");
	const struct conf_pool *web = &was->pools[0];
	struct conf_backend swapped;
	struct sl_err err = SL_ERR_INIT;

	assert_int_not_equal(same->pools[0].place.stamp, web->place.stamp);
	assert_int_equal(conf_adopt(same, was), 0);
	assert_int_equal(same->pools[0].place.stamp, web->place.stamp);
	assert_int_equal(same->vips[0].place.stamp, was->vips[0].place.stamp);

	assert_int_equal(edit_set_text(other, &be, "weight", "7", &err), 0);
	assert_int_equal(conf_adopt(other, was), 0);
	assert_int_not_equal(other->pools[0].place.stamp, web->place.stamp);
	assert_int_equal(other->pools[0].backends[0].place.stamp, web->backends[0].place.stamp);
	assert_int_not_equal(other->pools[0].backends[1].place.stamp, web->backends[1].place.stamp);
	assert_int_equal(other->pools[1].place.stamp, was->pools[1].place.stamp);
	expect_diff(was, other, "pool \"web\": backend \"b2\": weight: 50 -> 7\n");
	conf_free(other);

	/* Slots go by the order of backends: another order is another pool. */
	other = good(WEB);
	swapped = other->pools[0].backends[0];
	other->pools[0].backends[0] = other->pools[0].backends[1];
	other->pools[0].backends[1] = swapped;
	assert_int_equal(conf_adopt(other, was), 0);
	assert_int_not_equal(other->pools[0].place.stamp, web->place.stamp);
	expect_diff(was, other, "");
	conf_free(other);
	conf_free(same);
	conf_free(was);
}

static void weigh(struct conf *conf, const char *weight)
{
	const struct edit_object o = find(conf, "pools[].backends", "web", "b1");

	assert_int_equal(edit_set_text(conf, &o, "weight", weight, NULL), 0);
}

/* A clone shares each list until one of the two changes it, and either may go first. */
static void clones_share_what_does_not_change(void **state)
{
	struct conf *a = good(WEB), *b, *c;
	const struct conf_vip *vips = a->vips;
	const struct conf_pool *pools = a->pools;
	const uint32_t was = a->pools[0].backends[0].weight;

	assert_int_equal(conf_check(a, NULL), 0);
	b = conf_clone(a);
	assert_ptr_equal(b->vips, vips);
	assert_ptr_equal(b->pools, pools);
	weigh(b, "7");
	assert_ptr_equal(b->vips, vips);
	assert_ptr_not_equal(b->pools, pools);
	assert_int_equal(a->pools[0].backends[0].weight, was);

	/* the owner changes what it has lent, and once more what is its own again */
	c = conf_clone(a);
	weigh(a, "9");
	assert_ptr_not_equal(a->pools, pools);
	pools = a->pools;
	weigh(a, "10");
	assert_ptr_equal(a->pools, pools);
	assert_int_equal(c->pools[0].backends[0].weight, was);
	assert_int_equal(conf_equal(c, a), 0);

	conf_free(a);
	assert_int_equal(conf_check(b, NULL), 0); /* it is proven still */
	assert_string_equal(b->vips[0].name, vips[0].name);
	a = conf_clone(b);
	conf_free(b);
	assert_int_equal(a->pools[0].backends[0].weight, 7);
	assert_ptr_equal(a->vips, vips);
	conf_free(c);
	weigh(a, "8");
	assert_int_equal(stamp_forget(a), 0);
	assert_ptr_not_equal(a->vips, vips);
	assert_int_equal(conf_check(a, NULL), 0);
	conf_free(a);
}

/* The same, at random: clones of clones, changed and freed in any order, each holding what was done
 * to it and nothing else. */
static void clones_are_independent(void **state)
{
	enum { CLONES = 8 };
	struct random rnd = random_start();
	struct conf *conf[CLONES] = {good(WEB)};
	uint32_t weight[CLONES] = {conf[0]->pools[0].backends[0].weight};

	for (int i = 0; i < 20000; i++) {
		const uint32_t to = random_below(&rnd, CLONES), from = random_below(&rnd, CLONES);
		char text[16];

		if (conf[to] && random_below(&rnd, 2)) {
			weight[to] = 1 + random_below(&rnd, 100);
			snprintf(text, sizeof text, "%u", weight[to]);
			weigh(conf[to], text);
		} else if (conf[from] && from != to) {
			conf_free(conf[to]);
			conf[to] = conf_clone(conf[from]);
			weight[to] = weight[from];
		}
		if (random_below(&rnd, 64) == 0 && conf[to])
			assert_int_equal(stamp_forget(conf[to]), 0);
		for (int k = 0; k < CLONES; k++)
			if (conf[k])
				assert_int_equal(conf[k]->pools[0].backends[0].weight, weight[k]);
	}
	for (int k = 0; k < CLONES; k++)
		conf_free(conf[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clone_stands_alone),
		cmocka_unit_test(keys_are_set_as_a_file_sets_them),
		cmocka_unit_test(ports_are_a_number_or_a_range),
		cmocka_unit_test(typed_values_must_be_of_the_type),
		cmocka_unit_test(keys_go_back_to_their_default),
		cmocka_unit_test(objects_come_and_go),
		cmocka_unit_test(many_are_added),
		cmocka_unit_test(the_order_of_a_list_is_no_difference),
		cmocka_unit_test(text_survives_saving),
		cmocka_unit_test(changes_are_done_to_another_configuration),
		cmocka_unit_test(what_holds_the_same_is_known_by_its_stamp),
		cmocka_unit_test(clones_share_what_does_not_change),
		cmocka_unit_test(clones_are_independent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
