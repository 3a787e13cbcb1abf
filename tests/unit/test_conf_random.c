/* SPDX-License-Identifier: BSD-3-Clause */

/* Random changes by the schema rows: whatever is set is saved, loaded, cloned and compared alike.
 * Keys that are added later are covered. */

#include "conf_saved.h"

#include "conf/stamp.h"
#include "conf/value.h"
#include "conf/walk.h"
#include "random.h"

/* What edit.c, clone.c, save.c and diff.c count on. */
static void rows_keep_their_order(void **state)
{
	for (size_t i = 0; i < conf_n_rows; i++) {
		const struct conf_row *row = &conf_rows[i], *owner = walk_owner(row);

		if (strstr(row->path, "[]."))
			assert_non_null(owner);
		if (owner) /* everything between them is in the list too */
			for (const struct conf_row *r = owner + 1; r < row; r++)
				assert_int_equal(
					strncmp(r->path, owner->path, strlen(owner->path)), 0);
		if (row->type != CONF_TYPE_LIST)
			continue;
		assert_string_equal(conf_row_key(row, row + 1), "name");
		assert_int_equal(row[1].type, CONF_TYPE_NAME);
	}
	for (size_t i = 0; i < conf_n_rows; i++)
		if (conf_rows[i].type == CONF_TYPE_UINT && conf_rows[i].absent)
			assert_true(conf_rows[i].min > 0 && !conf_rows[i].zero);
}

static const char *random_text(struct random *rnd, const struct conf_row *row, char *buf)
{
	static const char *const bits[] = {"a", "7", "\"", "\\", " ", "/", ".", "-", "#", "//",
		"\xc3\xa9", "\xe2\x82\xac", "@include", "{", ";", "\\n"};
	const size_t most = row->max < 40 ? (size_t)row->max : 40;
	size_t len = 0;

	buf[0] = '\0';
	do {
		const char *bit = bits[random_below(rnd, sizeof bits / sizeof *bits)];

		if (len + strlen(bit) > most)
			break;
		strcpy(buf + len, bit);
		len += strlen(bit);
	} while (random_below(rnd, 8));
	return buf;
}

static const char *random_address(struct random *rnd, unsigned int family, char *buf)
{
	if (family)
		sprintf(buf, "2001:db8::%x:%x", random_below(rnd, 65536), random_below(rnd, 65536));
	else
		sprintf(buf, "10.%u.%u.%u", random_below(rnd, 256), random_below(rnd, 256),
			random_below(rnd, 256));
	return buf;
}

/* A value that the row is likely to take. */
static void random_value(
	struct random *rnd, const struct conf_row *row, struct edit_value *v, char *buf, size_t i)
{
	size_t words = 0;

	*v = (struct edit_value){EDIT_TEXT, 0, buf};
	switch (row->type) {
	case CONF_TYPE_BOOL:
		*v = (struct edit_value){EDIT_BOOL, random_below(rnd, 2), NULL};
		break;
	case CONF_TYPE_UINT:
	case CONF_TYPE_UINTS:
		*v = (struct edit_value){EDIT_NUMBER,
			row->min + random_below(rnd, (uint32_t)(row->max - row->min + 1)), NULL};
		if (row->zero && !random_below(rnd, 4))
			v->number = 0;
		break;
	case CONF_TYPE_TEXT:
	case CONF_TYPE_TEXTS:
		random_text(rnd, row, buf);
		break;
	case CONF_TYPE_NAME:
		sprintf(buf, "n%u", random_below(rnd, 1000000));
		break;
	case CONF_TYPE_WORD:
		while (row->words[words].name)
			words++;
		v->text = row->words[random_below(rnd, (uint32_t)words)].name;
		break;
	case CONF_TYPE_KEY:
		sprintf(buf, "%08x%08x%08x%08x", (uint32_t)random_next(rnd),
			(uint32_t)random_next(rnd), (uint32_t)random_next(rnd),
			(uint32_t)random_next(rnd));
		break;
	case CONF_TYPE_ADDRESS:
		random_address(rnd, random_below(rnd, 2), buf);
		break;
	case CONF_TYPE_ADDRESSES:
		random_address(rnd, (unsigned int)i, buf);
		break;
	case CONF_TYPE_PREFIX:
		if (random_below(rnd, 2))
			random_address(rnd, random_below(rnd, 2), buf);
		else
			sprintf(buf, random_below(rnd, 2) ? "2001:db8:%x::/48" : "10.%u.0.0/16",
				random_below(rnd, 256));
		break;
	case CONF_TYPE_PREFIXES:
		sprintf(buf, i % 2 ? "2001:db8:%x::/48" : "10.%u.0.0/16", (unsigned int)i);
		break;
	case CONF_TYPE_PORTS:
		if (random_below(rnd, 2))
			*v = (struct edit_value){EDIT_NUMBER, random_below(rnd, 65536), NULL};
		else
			sprintf(buf, "%u-%u", 1 + random_below(rnd, 9), 9 + random_below(rnd, 9));
		break;
	case CONF_TYPE_MAC:
		sprintf(buf, "02:%02x:00:00:00:%02x", random_below(rnd, 256),
			random_below(rnd, 256));
		break;
	case CONF_TYPE_VLANS:
		if (random_below(rnd, 2))
			*v = (struct edit_value){EDIT_NUMBER, 1 + random_below(rnd, 4094), NULL};
		else
			sprintf(buf, random_below(rnd, 2) ? "%u.%u" : "%uq.%uad",
				1 + random_below(rnd, 4094), 1 + random_below(rnd, 4094));
		break;
	default: /* a type that this test does not know: what the documentation shows */
		v->text = row->example ? row->example : row->value;
	}
}

/* Set or unset one key at random. True when the key took it. */
static bool random_edit(struct random *rnd, struct conf *conf, const struct edit_object *o,
	const struct conf_row *row)
{
	const char *key = row->path + (o->list ? strlen(o->list->path) + 3 : 0);
	const size_t most = row->type == CONF_TYPE_ADDRESSES ? 2 : row->most ? row->most : 1;
	const bool array = value_is_array(row);
	struct edit_value v[5];
	char buf[5][64];
	size_t n = 1;

	if (random_below(rnd, 4) == 0)
		return edit_unset(conf, o, key, NULL) == 0;
	if (array)
		n = random_below(rnd, (uint32_t)(most < 5 ? most : 5) + 1);
	for (size_t i = 0; i < n; i++)
		random_value(rnd, row, &v[i], buf[i], i);
	return edit_set(conf, o, key, v, n, array, NULL) == 0;
}

static void add_some(struct random *rnd, struct conf *conf)
{
	char pool[16], backend[16], vip[16], check[16];
	const char *const names[] = {pool, backend};
	const char *const alone[] = {vip}, *const checks[] = {check};
	struct sl_err err = SL_ERR_INIT;
	struct edit_object o;

	snprintf(pool, sizeof pool, "p%u", random_below(rnd, 6));
	snprintf(backend, sizeof backend, "b%u", random_below(rnd, 12));
	snprintf(vip, sizeof vip, "v%u", random_below(rnd, 6));
	snprintf(check, sizeof check, "c%u", random_below(rnd, 6));
	const char *const rules[] = {vip, backend};

	switch (random_below(rnd, 8)) {
	case 0:
		edit_add(conf, "pools", names, &o, &err);
		break;
	case 1:
	case 2:
		if (edit_add(conf, "pools[].backends", names, &o, &err) == 0)
			edit_set_text(conf, &o, "address", "10.9.9.9", &err);
		break;
	case 3:
		if (edit_add(conf, "vips", alone, &o, &err) == 0) {
			edit_set_text(conf, &o, "address", "203.0.113.9", &err);
			edit_set_text(conf, &o, "port", "1", &err);
			edit_set_text(conf, &o, "pool", "x", &err);
		}
		break;
	case 4:
		if (edit_add(conf, "checks", checks, &o, &err) == 0)
			edit_set_text(conf, &o, "type", "http", &err);
		break;
	case 5:
		if (edit_add(conf, "vips[].rules", rules, &o, &err) == 0)
			edit_set_text(conf, &o, "pool", "x", &err);
		break;
	case 6:
		edit_delete(conf, "pools[].backends", names, &err);
		break;
	default:
		edit_delete(conf, random_below(rnd, 2) ? "pools" : "vips",
			random_below(rnd, 2) ? alone : names, &err);
	}
	sl_err_clear(&err);
}

/* Edit the keys of every object; accepted[] counts by row. */
static void edit_all(struct random *rnd, struct conf *conf, const struct walk *walk,
	const struct edit_object *o, unsigned int *accepted)
{
	for (const struct conf_row *row = NULL; (row = walk_next(walk, o->list, row));) {
		if (row->type != CONF_TYPE_LIST) {
			if (row != walk_name(row) && random_below(rnd, 3) == 0 &&
				strcmp(row->path + strlen(row->path) - 5, ".name") != 0)
				accepted[row - conf_rows] += random_edit(rnd, conf, o, row);
			continue;
		}
		size_t n;
		char *array = walk_array(row, o->base, &n);

		for (size_t i = 0; i < n; i++) {
			struct edit_object e = *o;

			e.list = e.lists[e.depth] = row;
			e.base = e.bases[e.depth] = array + i * row->size;
			e.names[e.depth++] = walk_name_of(walk_name(row), e.base);
			e.index = i;
			edit_all(rnd, conf, walk, &e, accepted);
		}
	}
}

static void anything_saved_loads_back(void **state)
{
	unsigned int *accepted = calloc(conf_n_rows, sizeof *accepted);
	struct random rnd = random_start();
	struct walk walk;

	assert_int_equal(walk_init(&walk), 0);
	for (int round = 0; round < 300; round++) {
		struct conf *conf = good(WEB);
		const struct edit_object top = edit_top(conf);

		for (int i = 0; i < 20; i++)
			add_some(&rnd, conf);
		edit_all(&rnd, conf, &walk, &top, accepted);

		char *text = saved(conf), *again_text;
		struct conf *again = loaded(text), *copy = conf_clone(conf);
		char *difference = diff_text(conf, again);

		assert_string_equal(difference, "");
		assert_int_equal(conf_equal(conf, copy), 1);
		again_text = saved(again);
		assert_string_equal(text, again_text); /* the order of lists too */
		free(difference);
		free(text);
		free(again_text);
		conf_free(conf);
		conf_free(again);
		conf_free(copy);
	}
	for (size_t i = 0; i < conf_n_rows; i++)
		if (conf_rows[i].type != CONF_TYPE_LIST && conf_rows[i].type != CONF_TYPE_GROUP &&
			strcmp(conf_rows[i].path + strlen(conf_rows[i].path) - 5, ".name") != 0 &&
			accepted[i] == 0)
			fail_msg("%s never took a value", conf_rows[i].path);
	walk_free(&walk);
	free(accepted);
}

/* Differences go by stamps; without them, all values are looked at. */
static void stamps_hide_no_difference(void **state)
{
	unsigned int *accepted = calloc(conf_n_rows, sizeof *accepted);
	struct random rnd = random_start();
	size_t differences = 0;
	struct walk walk;

	assert_int_equal(walk_init(&walk), 0);
	for (int round = 0; round < 300; round++) {
		struct conf *conf = good(WEB), *before, *plain;
		const struct edit_object top = edit_top(conf);
		char *by_stamp, *by_value;

		for (int i = 0; i < 20; i++)
			add_some(&rnd, conf);
		before = conf_clone(conf);
		plain = conf_clone(conf);
		assert_int_equal(stamp_forget(plain), 0);
		for (uint32_t i = random_below(&rnd, 4); i > 0; i--)
			add_some(&rnd, conf);
		if (random_below(&rnd, 2)) {
			assert_int_equal(conf_own(conf), 0); /* not by edit_find() */
			edit_all(&rnd, conf, &walk, &top, accepted);
		}
		by_stamp = diff_text(before, conf);
		by_value = diff_text(plain, conf);
		assert_string_equal(by_stamp, by_value);
		differences += *by_value != '\0';
		free(by_stamp);
		free(by_value);
		conf_free(conf);
		conf_free(before);
		conf_free(plain);
	}
	assert_in_range(differences, 100, 290);
	walk_free(&walk);
	free(accepted);
}

/* Rows that say `alone` go with anything: what conf_check passed over, it would have passed. */
static void alone_is_true(void **state)
{
	struct random rnd = random_start();
	const char *const names[] = {"web", "b1"};

	for (int round = 0; round < 3000; round++) {
		struct conf *conf = good(WEB);
		const struct conf_row *row = &conf_rows[random_below(&rnd, (uint32_t)conf_n_rows)];
		struct edit_object o = edit_top(conf);
		const struct conf_row *list = walk_owner(row);

		assert_int_equal(conf_check(conf, NULL), 0);
		assert_true(conf->proven);
		if (row->type == CONF_TYPE_LIST || row->type == CONF_TYPE_GROUP ||
			(list && edit_find(conf, list->path, names, &o, NULL))) {
			conf_free(conf);
			continue;
		}
		if (random_edit(&rnd, conf, &o, row) != 0) {
			assert_int_equal(conf->proven, row->alone);
			if (row->alone) {
				assert_int_equal(stamp_forget(conf), 0);
				assert_int_equal(conf_check(conf, NULL), 0);
			}
		}
		conf_free(conf);
	}
}

/* Objects that come or go are never alone. */
static void other_objects_are_checked(void **state)
{
	const char *const gone[] = {"web", "b1"}, *const added[] = {"web", "b99"};
	struct conf *conf = good(WEB), *copy;
	struct edit_object o;

	assert_int_equal(conf_check(conf, NULL), 0);
	copy = conf_clone(conf);
	assert_true(copy->proven);
	assert_int_equal(edit_delete(copy, "pools[].backends", gone, NULL), 0);
	assert_false(copy->proven);
	conf_free(copy);
	copy = conf_clone(conf);
	assert_int_equal(edit_add(copy, "pools[].backends", added, &o, NULL), 0);
	assert_false(copy->proven);
	conf_free(copy);
	copy = conf_clone(conf);
	assert_int_equal(edit_find(copy, "pools", gone, &o, NULL), 0);
	assert_int_equal(edit_clear_list(&o, "backends", NULL), 0);
	assert_false(copy->proven);
	assert_int_equal(conf_equal(conf, copy), 0);
	conf_free(copy);
	conf_free(conf);
}

/* With the index as without it, whatever came, went or was renamed since it was made. */
static void pools_are_found_by_index(void **state)
{
	struct conf *conf = good(WEB);
	struct sl_err err = SL_ERR_INIT;
	char name[20];
	const char *const names[] = {name, NULL};
	struct edit_object o;

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "p%d", i);
		assert_int_equal(edit_add(conf, "pools", names, &o, &err), 0);
		if (i == 200)
			edit_index_pools(conf);
	}
	edit_index_pools(conf);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 300; i++) {
			const bool gone = (round && i == 7) || (round == 2 && i == 8);

			snprintf(name, sizeof name, "p%d", i);
			assert_int_equal(
				edit_find(conf, "pools", names, &o, NULL), gone ? -ENOENT : 0);
			if (!gone)
				assert_string_equal(conf->pools[o.index].name, name);
		}
		snprintf(name, sizeof name, "p%d", round == 0 ? 7 : 8);
		if (round == 0) { /* as many as before, at other places */
			assert_int_equal(edit_delete(conf, "pools", names, &err), 0);
			snprintf(name, sizeof name, "new");
			assert_int_equal(edit_add(conf, "pools", names, &o, &err), 0);
		} else if (round == 1) {
			assert_int_equal(edit_find(conf, "pools", names, &o, &err), 0);
			assert_int_equal(edit_set_text(conf, &o, "name", "other", &err), 0);
		}
		snprintf(name, sizeof name, round ? "other" : "new");
		assert_int_equal(edit_find(conf, "pools", names, &o, NULL), 0);
	}
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_keep_their_order),
		cmocka_unit_test(anything_saved_loads_back),
		cmocka_unit_test(stamps_hide_no_difference),
		cmocka_unit_test(alone_is_true),
		cmocka_unit_test(other_objects_are_checked),
		cmocka_unit_test(pools_are_found_by_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
