/* SPDX-License-Identifier: BSD-3-Clause */

/* Objects that come and go while the daemon runs, by a command and by a reload of a file: the
 * outcome is the same, and nothing else changes. What test_conf_keys.c is for keys. A list of the
 * schema that is not listed here fails the test. */

#include "conf_saved.h"

static const char base_text[] =
	"ports = ( { name = \"wan\"; driver = \"af_xdp\"; interface = \"eth1\"; } );\n"
	"checks = (\n"
	"{ name = \"plain\"; type = \"tcp\"; port = 80; }\n"
	");\n"
	"pools = (\n"
	"{ name = \"p1\"; checks = [ \"plain\" ]; backends = (\n"
	"{ name = \"b1\"; address = \"10.0.0.1\"; } ); }\n"
	");\n"
	"vips = (\n"
	"{ name = \"v1\"; address = \"203.0.113.1\"; port = 80; pool = \"p1\"; rules = (\n"
	"{ name = \"gold\"; sources = [ \"192.0.2.0/24\" ]; pool = \"p1\"; } ); }\n"
	");\n";

/* An object that the base does not have, as a file has it behind `after`, and its keys as a person
 * types them. */
static const struct object {
	const char *list, *names[2], *keys[4], *after, *text;
} objects[] = {
	{"checks", {"new"}, {"type=http", "port=81", "reuse.max=3"}, "checks = (\n",
		"{ name = \"new\"; type = \"http\"; port = 81; reuse = { max = 3; }; },\n"},
	{"pools", {"new"}, {"forward=gue", "checks=plain"}, "pools = (\n",
		"{ name = \"new\"; forward = \"gue\"; checks = [ \"plain\" ]; },\n"},
	{"pools[].backends", {"p1", "new"}, {"address=10.0.2.9", "weight=7"}, "backends = (\n",
		"{ name = \"new\"; address = \"10.0.2.9\"; weight = 7; },\n"},
	{"vips", {"new"}, {"address=203.0.113.9", "port=80", "pool=p1"}, "vips = (\n",
		"{ name = \"new\"; address = \"203.0.113.9\"; port = 80; pool = \"p1\"; },\n"},
	{"vips[].rules", {"v1", "new"}, {"dscp=8,9", "pool=p1"}, "rules = (\n",
		"{ name = \"new\"; dscp = [ 8, 9 ]; pool = \"p1\"; },\n"},
};

static void every_list_is_listed_once(void **state)
{
	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++) {
		int n = 0;

		for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
			n += strcmp(objects[i].list, row->path) == 0;
		if (n != (row->type == CONF_TYPE_LIST && !row->start))
			fail_msg("%s is listed %d times", row->path, n);
	}
}

static void expect_ok(const struct object *o, int rc, struct sl_err *err)
{
	if (rc)
		fail_msg("%s: %s", o->list, sl_err_first(err));
}

static struct conf *with_by_command(const struct conf *base, const struct object *o)
{
	struct conf *conf = conf_clone(base);
	struct sl_err err = SL_ERR_INIT;
	struct edit_object at;

	expect_ok(o, edit_add(conf, o->list, o->names, &at, &err), &err);
	for (size_t i = 0; o->keys[i]; i++) {
		char key[80];
		const char *equals = strchr(o->keys[i], '=');

		snprintf(key, sizeof key, "%.*s", (int)(equals - o->keys[i]), o->keys[i]);
		expect_ok(o, edit_set_text(conf, &at, key, equals + 1, &err), &err);
	}
	expect_ok(o, conf_check(conf, &err), &err);
	return conf;
}

static struct conf *with_by_file(const struct object *o)
{
	const char *at = strstr(base_text, o->after);
	struct conf *conf;
	char *text;

	assert_non_null(at);
	at += strlen(o->after);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - base_text), base_text, o->text, at) > 0);
	conf = good(text);
	free(text);
	return conf;
}

static void expect_line(const struct conf *from, const struct conf *to, const char *word)
{
	char *diff = diff_text(from, to);

	if (!strstr(diff, word) || strchr(diff, '\n') != strrchr(diff, '\n'))
		fail_msg("not one line with \"%s\" but: %s", word, diff);
	free(diff);
}

static void objects_come_and_go_alike(void **state)
{
	struct conf *base = good(base_text);

	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
		const struct object *o = &objects[i];
		struct conf *command = with_by_command(base, o), *file = with_by_file(o);
		struct conf *without = conf_clone(command);
		struct sl_err err = SL_ERR_INIT;

		assert_int_equal(conf_equal(command, file), 1);
		expect_line(base, command, "\"new\" added");
		expect_ok(o, edit_delete(without, o->list, o->names, &err), &err);
		expect_ok(o, conf_check(without, &err), &err);
		expect_line(command, without, "\"new\" deleted");
		assert_int_equal(conf_equal(without, base), 1);
		conf_free(without);
		conf_free(command);
		conf_free(file);
	}
	conf_free(base);
}

static int print_object(const struct diff_row *d, void *f)
{
	fprintf(f, "%s%s%s%s\n", d->row->path, d->n_names ? " " : "", d->n_names ? d->names[0] : "",
		d->from && d->to ? ""
		: d->to          ? " new"
				 : " gone");
	return 0;
}

/* One line for each outermost object, whatever differs in it, and one for each key outside. */
static void differences_by_object(void **state)
{
	struct conf *was = loaded(WEB), *conf = conf_clone(was);
	struct sl_err err = SL_ERR_INIT;
	const char *const b1[] = {"web", "b1"}, *const b3[] = {"web", "b3"}, *const v[] = {"v"},
			  *const empty[] = {"empty"}, *const more[] = {"more"};
	struct edit_object o = edit_top(conf);
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(conf_diff_objects(was, conf, print_object, f), 0);
	assert_int_equal(edit_set_text(conf, &o, "daemon.log.level", "debug", &err), 0);
	assert_int_equal(edit_find(conf, "pools[].backends", b1, &o, &err), 0);
	assert_int_equal(edit_set_text(conf, &o, "weight", "7", &err), 0);
	assert_int_equal(edit_set_text(conf, &o, "address", "10.0.0.9", &err), 0);
	assert_int_equal(edit_add(conf, "pools[].backends", b3, &o, &err), 0);
	assert_int_equal(edit_add(conf, "pools", more, &o, &err), 0);
	assert_int_equal(edit_find(conf, "vips", v, &o, &err), 0);
	assert_int_equal(edit_set_text(conf, &o, "port", "81", &err), 0);
	assert_int_equal(edit_delete(conf, "pools", empty, &err), 0);
	assert_int_equal(conf_diff_objects(was, conf, print_object, f), 0);
	fclose(f);
	assert_string_equal(
		text, "daemon.log.level\npools web\npools empty gone\npools more new\nvips v\n");
	free(text);
	conf_free(conf);
	conf_free(was);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_by_object),
		cmocka_unit_test(every_list_is_listed_once),
		cmocka_unit_test(objects_come_and_go_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
