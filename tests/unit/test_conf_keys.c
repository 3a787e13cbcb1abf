/* SPDX-License-Identifier: BSD-3-Clause */

/* Every key that may change while the daemon runs, set by a command and set by a reload of a file:
 * the outcome is the same configuration, nothing else of it changes, and what did not change is
 * known as the same, which is what objects keep their state by. A row of the schema that is not
 * listed here fails the test. */

#include "conf_saved.h"

#include "conf/stamp.h"
#include "conf/walk.h"

/* One object a line, each name once, so that a key can be put behind the name. */
static const char base_text[] =
	"ports = (\n"
	"{ name = \"wan\"; driver = \"af_xdp\"; interface = \"eth1\"; },\n"
	"{ name = \"lan\"; driver = \"af_xdp\"; interface = \"eth2\"; "
	"next_hop_mac = \"02:00:00:00:00:01\"; }\n"
	");\n"
	"checks = (\n"
	"{ name = \"plain\"; type = \"tcp\"; port = 80; },\n"
	"{ name = \"web\"; type = \"http\"; },\n"
	"{ name = \"live\"; type = \"http\"; reuse = { max = 4; }; },\n"
	"{ name = \"safe\"; type = \"https\"; tls_verify = true; },\n"
	"{ name = \"gram\"; type = \"udp\"; send_hex = \"70\"; },\n"
	"{ name = \"names\"; type = \"dns\"; dns_name = \"www.example\"; }\n"
	");\n"
	"pools = (\n"
	"{ name = \"p1\"; checks = [ \"web\", \"live\" ]; backends = (\n"
	"{ name = \"b1\"; address = \"10.0.0.1\"; },\n"
	"{ name = \"b2\"; address = \"10.0.0.2\"; } ); },\n"
	"{ name = \"dsr\"; forward = \"dscp\"; backends = (\n"
	"{ name = \"d1\"; address = \"10.0.1.1\"; dscp = 10; } ); },\n"
	"{ name = \"prog\"; scheduler = \"bpf\"; program = \"/a.bpf.o\"; },\n"
	"{ name = \"help\"; backends = (\n"
	"{ name = \"h1\"; address = \"10.0.2.1\"; } ); }\n"
	");\n"
	"vips = (\n"
	"{ name = \"v1\"; address = \"203.0.113.1\"; port = 80; pool = \"p1\"; rules = (\n"
	"{ name = \"gold\"; sources = [ \"192.0.2.0/24\" ]; pool = \"help\"; } ); },\n"
	"{ name = \"v2\"; address = \"203.0.113.2\"; port = 80; pool = \"help\"; }\n"
	");\n";

/* A key, the names of its object, and another value as a file has it. */
static const struct key {
	const char *path, *names[2], *value;
} keys[] = {
	{"daemon.state_dir", {NULL}, "\"/srv/sluice\""},
	{"daemon.log.level", {NULL}, "\"debug\""},
	{"daemon.log.target", {NULL}, "\"journal\""},
	{"cluster.hash_key", {NULL}, "\"000102030405060708090a0b0c0d0e0f\""},
	{"flows.tcp_syn_s", {NULL}, "11"},
	{"flows.tcp_established_s", {NULL}, "901"},
	{"flows.tcp_closing_s", {NULL}, "31"},
	{"flows.udp_s", {NULL}, "61"},
	{"ports[].next_hop_mac", {"lan"}, "\"02:00:00:00:00:02\""},
	{"ports[].vlan", {"lan"}, "\"200.100\""},
	{"ports[].accept_mac", {"wan"}, "\"any\""},
	{"health.max_inflight", {NULL}, "1000"},
	{"health.max_rate", {NULL}, "9999"},
	{"checks[].type", {"plain"}, "\"http\""},
	{"checks[].port", {"plain"}, "8080"},
	{"checks[].path", {"web"}, "\"/health?a=1\""},
	{"checks[].host", {"web"}, "\"web.example\""},
	{"checks[].method", {"web"}, "\"HEAD\""},
	{"checks[].status", {"web"}, "\"200-299,301\""},
	{"checks[].body", {"web"}, "\"ready\""},
	{"checks[].tls_verify", {"safe"}, "false"},
	{"checks[].ca_file", {"safe"}, "\"/etc/ca.pem\""},
	{"checks[].send_hex", {"gram"}, "\"7071\""},
	{"checks[].expect_hex", {"gram"}, "\"706fXX67\""},
	{"checks[].dns_name", {"names"}, "\"ns.example\""},
	{"checks[].dns_type", {"names"}, "\"AAAA\""},
	{"checks[].inter_ms", {"web"}, "2001"},
	{"checks[].fastinter_ms", {"web"}, "501"},
	{"checks[].downinter_ms", {"web"}, "2002"},
	{"checks[].timeout_ms", {"web"}, "999"},
	{"checks[].rise", {"web"}, "4"},
	{"checks[].fall", {"web"}, "5"},
	{"checks[].jitter_pct", {"web"}, "0"},
	{"checks[].reuse.min", {"live"}, "2"},
	{"checks[].reuse.max", {"live"}, "5"},
	{"checks[].reuse.idle_s", {"live"}, "61"},
	{"checks[].reuse.wait_ms", {"live"}, "101"},
	{"pools[].scheduler", {"p1"}, "\"ring\""},
	{"pools[].hash", {"p1"}, "\"source\""},
	{"pools[].virtual_nodes", {"p1"}, "151"},
	{"pools[].p2c.flows", {"p1"}, "41"},
	{"pools[].p2c.latency", {"p1"}, "42"},
	{"pools[].p2c.errors", {"p1"}, "0"},
	{"pools[].max_latency_ms", {"p1"}, "70"},
	{"pools[].program", {"prog"}, "\"/b.bpf.o\""},
	{"pools[].table_size", {"p1"}, "251"},
	{"pools[].forward", {"p1"}, "\"gue\""},
	{"pools[].tunnel_source", {"p1"}, "[ \"10.0.9.1\", \"fd00::1\" ]"},
	{"pools[].tunnel_source_prefix", {"p1"}, "[ \"10.9.0.0/16\" ]"},
	{"pools[].gue_port", {"p1"}, "6081"},
	{"pools[].gue_checksum", {"p1"}, "\"full\""},
	{"pools[].decrement_ttl", {"p1"}, "true"},
	{"pools[].mss_clamp", {"p1"}, "-1"},
	{"pools[].egress", {"p1"}, "\"wan\""},
	{"pools[].track", {"p1"}, "\"none\""},
	{"pools[].persist_s", {"p1"}, "20"},
	{"pools[].drain_timeout_s", {"p1"}, "0"},
	{"pools[].fragments", {"p1"}, "\"drop\""},
	{"pools[].oversize", {"p1"}, "\"drop\""},
	{"pools[].checks", {"p1"}, "[ \"live\", \"plain\" ]"},
	{"pools[].require", {"p1"}, "\"any\""},
	{"pools[].panic_pct", {"p1"}, "0"},
	{"pools[].backup_pool", {"p1"}, "\"help\""},
	{"pools[].backup_mode", {"p1"}, "\"replace\""},
	{"pools[].backup_below", {"p1"}, "2"},
	{"pools[].on_all_down", {"p1"}, "\"reject\""},
	{"pools[].on_marked_down", {"p1"}, "\"rehash\""},
	{"pools[].slow_start_s", {"p1"}, "0"},
	{"pools[].slow_start_steps", {"p1"}, "6"},
	{"pools[].flap.suppress", {"p1"}, "2501"},
	{"pools[].flap.reuse", {"p1"}, "1251"},
	{"pools[].flap.half_life_s", {"p1"}, "61"},
	{"pools[].flap.max_s", {"p1"}, "301"},
	{"pools[].outlier.error_pct", {"p1"}, "20"},
	{"pools[].outlier.min_flows", {"p1"}, "101"},
	{"pools[].outlier.interval_s", {"p1"}, "11"},
	{"pools[].outlier.eject_s", {"p1"}, "31"},
	{"pools[].outlier.max_eject_s", {"p1"}, "301"},
	{"pools[].outlier.max_eject_pct", {"p1"}, "51"},
	{"pools[].backends[].address", {"p1", "b2"}, "\"fd00::2\""},
	{"pools[].backends[].weight", {"p1", "b2"}, "0"},
	{"pools[].backends[].admin", {"p1", "b2"}, "\"drain\""},
	{"pools[].backends[].max_flows", {"p1", "b2"}, "7"},
	{"pools[].backends[].id", {"p1", "b2"}, "8"},
	{"pools[].backends[].dscp", {"dsr", "d1"}, "11"},
	{"vips[].address", {"v2"}, "\"203.0.113.16/28\""},
	{"vips[].port", {"v2"}, "\"8000-8100\""},
	{"vips[].protocol", {"v2"}, "\"udp\""},
	{"vips[].pool", {"v2"}, "\"p1\""},
	{"vips[].rules[].sources", {"v1", "gold"}, "[ \"198.51.100.0/24\", \"2001:db8::/32\" ]"},
	{"vips[].rules[].dscp", {"v1", "gold"}, "[ 3, 4 ]"},
	{"vips[].rules[].pool", {"v1", "gold"}, "\"dsr\""},
	{"vips[].echo", {"v2"}, "\"backend\""},
};

/* Its name is what an object is known by: another one is another object. Where there is one word,
 * there is no other value. */
static bool can_change(const struct conf_row *row)
{
	const struct conf_row *owner = walk_owner(row);
	const bool one_word = row->words && !row->words[1].name;

	return !row->start && !one_word && row->type != CONF_TYPE_GROUP &&
	       row->type != CONF_TYPE_LIST && !(owner && row == walk_name(owner));
}

static void every_row_is_listed_once(void **state)
{
	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++) {
		int n = 0;

		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			n += strcmp(keys[i].path, row->path) == 0;
		if (n != can_change(row))
			fail_msg("%s is listed %d times", row->path, n);
	}
}

static const struct conf_row *row_of(const struct key *k)
{
	for (const struct conf_row *row = conf_rows; row < conf_rows + conf_n_rows; row++)
		if (strcmp(row->path, k->path) == 0)
			return row;
	fail_msg("%s is no key", k->path);
	return NULL;
}

/* Below its object. */
static const char *key_of(const struct key *k)
{
	const struct conf_row *owner = walk_owner(row_of(k));

	return k->path + (owner ? strlen(owner->path) + strlen("[].") : 0);
}

/* `flap = { reuse = 1; };` */
static void put_key(FILE *f, const char *key, const char *value)
{
	const char *dot;
	int groups = 0;

	for (; (dot = strchr(key, '.')); key = dot + 1, groups++)
		fprintf(f, " %.*s = {", (int)(dot - key), key);
	fprintf(f, " %s = %s;", key, value);
	while (groups--)
		fputs(" };", f);
}

/* The file with the key: in place of the one that it has, or behind the name of the object. */
static char *edited(const struct key *k)
{
	const struct conf_row *owner = walk_owner(row_of(k));
	const char *key = key_of(k), *last = strrchr(key, '.');
	char name[80], assignment[80], *text = NULL;
	const char *at = base_text + strlen(base_text), *from = NULL, *end;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (owner) {
		snprintf(name, sizeof name, "{ name = \"%s\";", k->names[k->names[1] ? 1 : 0]);
		snprintf(assignment, sizeof assignment, " %s = ", last ? last + 1 : key);
		/* The check "web" comes before all else of that name. */
		at = strstr(base_text, name);
		assert_non_null(at);
		at += strlen(name);
		end = strchr(at, '\n');
		from = strstr(at, assignment);
		if (from > end)
			from = NULL;
	}
	if (from) {
		fwrite(base_text, 1, (size_t)(from - base_text), f);
		fprintf(f, "%s%s", assignment, k->value);
		fputs(strchr(from, ';'), f);
	} else if (last && owner && (from = strstr(at, " reuse = {")) && from < end) {
		from += strlen(" reuse = {");
		fwrite(base_text, 1, (size_t)(from - base_text), f);
		fprintf(f, " %s = %s;%s", last + 1, k->value, from);
	} else {
		fwrite(base_text, 1, (size_t)(at - base_text), f);
		put_key(f, key, k->value);
		fputs(at, f);
	}
	fclose(f);
	return text;
}

/* The values of a key as JSON gives them to a command. Cuts `text` in pieces. */
static size_t typed(char *text, struct edit_value *v, bool *array)
{
	size_t n = 0;

	*array = *text == '[';
	for (char *part; (part = strsep(&text, *array ? "[, ]" : ""));) {
		const size_t len = strlen(part);

		if (!len)
			continue;
		v[n] = (struct edit_value){EDIT_NUMBER, strtoll(part, NULL, 10), NULL};
		if (*part == '"') {
			part[len - 1] = '\0';
			v[n] = (struct edit_value){EDIT_TEXT, 0, part + 1};
		} else if (*part == 't' || *part == 'f') {
			v[n] = (struct edit_value){EDIT_BOOL, *part == 't', NULL};
		}
		n++;
	}
	return n;
}

/* The same as a person types it behind "key=". */
static void plain(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (!strchr("[]\" ", *text))
			*to++ = *text;
	*to = '\0';
}

static struct edit_object look(const struct conf *conf, const struct key *k)
{
	const struct conf_row *owner = walk_owner(row_of(k));
	struct edit_object o = edit_top((struct conf *)(uintptr_t)conf);
	struct sl_err err = SL_ERR_INIT;

	if (owner && edit_look(conf, owner->path, k->names, &o, &err))
		fail_msg("%s", sl_err_first(&err));
	return o;
}

static struct conf *by_command(const struct conf *base, const struct key *k, bool as_text)
{
	const struct conf_row *owner = walk_owner(row_of(k));
	struct conf *conf = conf_clone(base);
	struct edit_object o = edit_top(conf);
	struct edit_value v[8];
	struct sl_err err = SL_ERR_INIT;
	char *value = strdup(k->value);
	bool array = false;
	size_t n;
	int rc = owner ? edit_find(conf, owner->path, k->names, &o, &err) : 0;

	if (!rc && as_text) {
		plain(value);
		rc = edit_set_text(conf, &o, key_of(k), value, &err);
	} else if (!rc) {
		n = typed(value, v, &array);
		rc = edit_set(conf, &o, key_of(k), v, n, array, &err);
	}
	if (!rc)
		rc = conf_check(conf, &err);
	if (rc)
		fail_msg("%s: %s", k->path, sl_err_first(&err));
	free(value);
	return conf;
}

static struct conf *by_file(const struct conf *base, const struct key *k)
{
	char *text = edited(k), *said = mistakes(text);
	struct conf *conf;

	if (*said)
		fail_msg("%s: %s in:\n%s", k->path, said, text);
	conf = good(text);
	assert_int_equal(conf_adopt(conf, base), 0);
	free(said);
	free(text);
	return conf;
}

static bool is_one_of(void *const *bases, size_t n, const void *base)
{
	for (size_t i = 0; i < n; i++)
		if (bases[i] == base)
			return true;
	return false;
}

/* Each object is known as the same, but for the changed one and those that it is in. */
static void expect_kept(const struct walk *w, const struct conf_row *list,
	const struct edit_object *changed, const void *was, const void *is)
{
	for (const struct conf_row *row = NULL; (row = walk_next(w, list, row));) {
		size_t n, n_was;

		if (row->type != CONF_TYPE_LIST)
			continue;
		const char *a = walk_array(row, was, &n_was), *b = walk_array(row, is, &n);

		assert_int_equal(n, n_was);
		for (size_t i = 0; i < n; i++, a += row->size, b += row->size) {
			const struct conf_place *pa = walk_place(row, a), *pb = walk_place(row, b);

			assert_int_equal(pa->stamp == pb->stamp,
				!is_one_of(changed->bases, changed->depth, b));
			expect_kept(w, row, changed, a, b);
		}
	}
}

/* The difference is this key alone, the others keep what they are known by, and what would be saved
 * loads as the same. */
static void expect_change(const struct conf *base, const struct conf *conf, const struct key *k)
{
	const struct edit_object o = look(conf, k);
	char *diff = diff_text(base, conf), *text = saved(conf);
	struct conf *again = good(text);
	struct walk w;

	if (!strstr(diff, key_of(k)) || strchr(diff, '\n') != strrchr(diff, '\n'))
		fail_msg("%s: the difference is %s", k->path, diff);
	assert_int_equal(walk_init(&w), 0);
	expect_kept(&w, NULL, &o, base, conf);
	walk_free(&w);
	assert_int_equal(conf_equal(conf, again), 1);
	conf_free(again);
	free(text);
	free(diff);
}

static void expect_same(const struct conf *a, const struct conf *b, const struct key *k)
{
	char *ta = saved(a), *tb = saved(b);

	if (strcmp(ta, tb) != 0)
		fail_msg("%s: by command\n%sby file\n%s", k->path, ta, tb);
	free(ta);
	free(tb);
}

static void commands_and_files_do_the_same(void **state)
{
	struct conf *base = good(base_text);

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct key *k = &keys[i];
		struct conf *file = by_file(base, k);

		expect_change(base, file, k);
		for (int as_text = 0; as_text < 2; as_text++) {
			struct conf *command = by_command(base, k, as_text);

			expect_change(base, command, k);
			expect_same(command, file, k);
			conf_free(command);
		}
		conf_free(file);
	}
	conf_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_listed_once),
		cmocka_unit_test(commands_and_files_do_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
