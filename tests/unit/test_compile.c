/* SPDX-License-Identifier: BSD-3-Clause */

/* Configuration and network to generation: which tables are shared with the one before, and what
 * they hold. */

#include "compile_build.h"

#define POOL_A                                                                       \
	"{ name = \"a\"; table_size = 251; backends = ( " B("a1", "10.0.0.1") "," B( \
		"a2", "10.0.0.2") " ); }"
#define POOL_B                                                                       \
	"{ name = \"b\"; table_size = 251; backends = ( " B("b1", "10.0.1.1") "," B( \
		"b2", "fd00::2") " ); }"
#define TWO(a, b) PORTS "pools = ( " a "," b " );"

static void unchanged_tables_are_shared(void **state)
{
	struct generation *one = build(TWO(POOL_A, POOL_B), NULL);
	struct generation *two = build(TWO(POOL_A, POOL_B), one);

	assert_ptr_not_equal(one->tables[0], one->tables[1]);
	assert_ptr_equal(two->tables[0], one->tables[0]);
	assert_ptr_equal(two->tables[1], one->tables[1]);
	assert_int_equal(two->tables[0]->refs, 2);
	generation_free(one);
	assert_int_equal(two->tables[0]->refs, 1);
	assert_int_equal(two->tables[0]->size, 251);
	for (uint32_t i = 0; i < 251; i++)
		assert_in_range(two->tables[0]->entry[i], 20, 21);
	generation_free(two);
}

/* Every key that a scheduler reads. */
static void schedulers_get_their_keys(void **state)
{
	struct generation *g =
		build(PORTS "pools = ( { name = \"a\"; scheduler = \"p2c\"; table_size = 251; "
			    "p2c = { flows = 11; latency = 22; errors = 33; }; virtual_nodes = 77; "
			    "max_latency_ms = 44; backends = ( " B("a1", "10.0.0.1") " ); } );",
			NULL);
	const struct sched_spec *s = &g->tables[0]->spec;

	assert_int_equal(s->scheduler, SCHEDULER_P2C);
	assert_int_equal(s->size, 251);
	assert_int_equal(s->flows, 11);
	assert_int_equal(s->latency, 22);
	assert_int_equal(s->errors, 33);
	assert_int_equal(s->virtual_nodes, 77);
	assert_int_equal(s->max_latency_us, 44000);
	generation_free(g);
}

/* A pool keeps its table when the pools before it move. */
static void order_of_pools_does_not_matter(void **state)
{
	struct generation *one = build(TWO(POOL_A, POOL_B), NULL);

	memcpy(slots, (uint16_t[]){22, 23, 20, 21}, 4 * sizeof *slots);
	struct generation *two = build(TWO(POOL_B, POOL_A), one);

	assert_ptr_equal(two->tables[0], one->tables[1]);
	assert_ptr_equal(two->tables[1], one->tables[0]);
	generation_free(two);
	generation_free(one);
}

static void network_does_not_touch_tables(void **state)
{
	struct generation *one = build(TWO(POOL_A, POOL_B), NULL);

	hops[0].mac.b[5] = 0x77;
	hops[1].resolved = false;
	hops[2].mtu = 1400;
	ports[0].mac.b[5] = 0x66;
	struct generation *two = build(TWO(POOL_A, POOL_B), one);

	assert_ptr_equal(two->tables[0], one->tables[0]);
	assert_ptr_equal(two->tables[1], one->tables[1]);
	assert_int_equal(one->backends[20].tunnel.hdr[5], 0);
	assert_int_equal(two->backends[20].tunnel.hdr[5], 0x77);
	assert_int_equal(two->backends[20].tunnel.hdr[11], 0x66);
	assert_int_equal(two->backends[21].transform, TRANSFORM_UNRESOLVED);
	assert_int_equal(one->backends[21].transform, TRANSFORM_PUSH4);
	assert_int_equal(two->backends[22].inner_max, 1380);
	generation_free(two);
	generation_free(one);
}

/* Each change of pool a builds its table anew and leaves that of b alone. */
static void changed_pools_are_built(void **state)
{
	static const char *const changed[] = {
		"{ name = \"a\"; table_size = 251; backends = ( " B("a1",
			"10.0.0.1") ","
				    "{ name = \"a2\"; address = \"10.0.0.2\"; weight = 50; } ); }",
		"{ name = \"a\"; table_size = 251; backends = ( " B("a1",
			"10.0.0.1") ","
				    "{ name = \"a2\"; address = \"10.0.0.2\"; weight = 0; } ); }",
		"{ name = \"a\"; table_size = 251; backends = ( " B(
			"a1", "10.0.0.1") ","
					  "{ name = \"a2\"; address = \"10.0.0.2\"; id = 9; } ); }",
		"{ name = \"a\"; table_size = 257; backends = ( " B("a1", "10.0.0.1") "," B(
			"a2", "10.0.0.2") " ); }",
		"{ name = \"a\"; table_size = 251; backends = ( " B("a1", "10.0.0.1") "," B(
			"a2", "10.0.0.3") " ); }",
	};

	struct generation *one = build(TWO(POOL_A, POOL_B), NULL);

	for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
		char text[2048];

		snprintf(text, sizeof text, PORTS "pools = ( %s, " POOL_B " );", changed[i]);
		struct generation *two = build(text, one);

		assert_ptr_not_equal(two->tables[0], one->tables[0]);
		assert_ptr_equal(two->tables[1], one->tables[1]);
		generation_free(two);
	}
	slots[1] = 27; /* the same backend under another number */
	struct generation *two = build(TWO(POOL_A, POOL_B), one);

	assert_ptr_not_equal(two->tables[0], one->tables[0]);
	assert_int_equal(two->tables[0]->checksum, one->tables[0]->checksum);
	assert_ptr_equal(two->tables[1], one->tables[1]);
	generation_free(two);
	generation_free(one);
}

static void shares_follow_weights(void **state)
{
	struct generation *g =
		build(PORTS "pools = ( { name = \"p\"; table_size = 1009; backends = ("
			    "{ name = \"x\"; address = \"10.0.0.1\"; weight = 300; },"
			    "{ name = \"y\"; address = \"10.0.0.2\"; weight = 100; },"
			    "{ name = \"z\"; address = \"10.0.0.3\"; weight = 0; } ); } );",
			NULL);
	uint32_t count[3] = {0};

	for (uint32_t i = 0; i < 1009; i++)
		count[g->tables[0]->entry[i] - 20]++;
	assert_in_range(count[0], 755, 759);
	assert_in_range(count[1], 250, 254);
	assert_int_equal(count[2], 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(g->owned[20 + i], count[i]);
	assert_int_equal(g->backends[20].state, BACKEND_READY);
	assert_int_equal(g->backends[22].state, BACKEND_DRAIN);
	assert_int_equal(g->backends[22].transform, TRANSFORM_PUSH4);
	assert_int_equal(g->backends[23].state, BACKEND_GONE);
	generation_free(g);
}

/* Drain and maintenance take a backend out of the table; what becomes of its connections differs.
 */
static void admin_state_decides(void **state)
{
	static const char text[] =
		PORTS "pools = ( { name = \"a\"; table_size = 251; backends = ("
		      "{ name = \"r\"; address = \"10.0.0.1\"; admin = \"ready\"; },"
		      "{ name = \"d\"; address = \"10.0.0.2\"; admin = \"drain\"; },"
		      "{ name = \"m\"; address = \"10.0.0.3\"; admin = \"maint\"; },"
		      "{ name = \"z\"; address = \"10.0.0.4\"; weight = 0; },"
		      "{ name = \"dz\"; address = \"10.0.0.5\"; admin = \"drain\"; weight = 0; }"
		      " ); } );";
	static const uint8_t want[] = {
		BACKEND_READY, BACKEND_DRAIN, BACKEND_GONE, BACKEND_DRAIN, BACKEND_DRAIN};
	struct generation *g = build(text, NULL), *later;

	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(g->backends[20 + i].state, want[i]);
	assert_int_equal(g->tables[0]->spec.n, 1);
	for (uint32_t i = 0; i < 251; i++)
		assert_int_equal(g->tables[0]->entry[i], 20);

	drained[1] = true;
	later = build(text, g);
	assert_int_equal(later->backends[21].state, BACKEND_GONE);
	assert_int_equal(later->backends[24].state, BACKEND_DRAIN);
	assert_ptr_equal(later->tables[0], g->tables[0]);
	generation_free(g);
	generation_free(later);
}

static void pools_without_weight_have_no_backend(void **state)
{
	struct generation *g = build(PORTS
		"pools = ( { name = \"zero\"; backends = ( { name = \"x\"; address = \"10.0.0.1\"; "
		"weight = 0; }, { name = \"y\"; address = \"10.0.0.2\"; weight = 0; } ); },"
		"{ name = \"none\"; backends = ( ); } );"
		"vips = ( { name = \"v\"; address = \"203.0.113.1\"; port = 80; pool = \"zero\"; },"
		"{ name = \"w\"; address = \"203.0.113.2\"; port = 80; pool = \"none\"; } );",
		NULL);

	for (int i = 0; i < 2; i++) {
		const struct sched_table *t = g->tables[i];
		const struct service *s = &g->services[5 + i];

		assert_ptr_equal(s->entry, t->entry);
		assert_int_equal(s->size, t->size);
		for (uint32_t k = 0; k < t->size; k++)
			assert_int_equal(t->entry[k], MAGLEV_NONE);
		assert_int_equal(t->checksum, 0);
	}
	generation_free(g);
}

static void the_rest_of_a_generation(void **state)
{
	struct generation *g = build(
		"cluster = { hash_key = \"000102030405060708090a0b0c0d0e0f\"; };" PORTS
		"pools = ( { name = \"a\"; hash = \"source\"; }, { name = \"b\"; hash = "
		"\"source+dest\"; },"
		"{ name = \"c\"; } );"
		"vips = ( { name = \"v\"; address = \"203.0.113.1\"; port = 80; pool = \"b\"; },"
		"{ name = \"w\"; address = \"2001:db8::1\"; port = 0; protocol = \"udp\"; pool = "
		"\"a\"; },"
		"{ name = \"x\"; address = \"203.0.113.1\"; port = 81; pool = \"c\"; } );",
		NULL);
	const uint8_t secret[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	const struct sl_addr four = addr("203.0.113.1"), six = addr("2001:db8::1");
	struct hash_key key;

	hash_key_init(&key, secret);
	assert_memory_equal(&g->slot_key, &key, sizeof key);
	assert_int_equal(g->revision, 7);
	assert_int_equal(g->n_backends, 28);
	assert_int_equal(g->n_services, 13);
	assert_int_equal(g->n_tables, 3);
	assert_int_equal(g->services[5].fields, SLOT_FIELDS_SOURCE_DEST);
	assert_int_equal(g->services[6].fields, SLOT_FIELDS_SOURCE);
	assert_int_equal(g->services[7].fields, SLOT_FIELDS_5TUPLE);
	assert_true(vip_has_address(&g->vips, sl_addr_bytes(&four), false));
	assert_true(vip_has_address(&g->vips, six.b, true));
	assert_true(g->vips.more);
	assert_memory_equal(&g->ports[0].mac, &ports[0].mac, 6);
	assert_memory_equal(&g->ports[1].mac, &ports[1].mac, 6);
	assert_false(g->ports[0].accept_any || g->ports[0].shared);
	assert_true(g->ports[1].accept_any && g->ports[1].shared);
	generation_free(g);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, usual)
	const struct CMUnitTest tests[] = {
		TEST(schedulers_get_their_keys),
		TEST(unchanged_tables_are_shared),
		TEST(order_of_pools_does_not_matter),
		TEST(network_does_not_touch_tables),
		TEST(changed_pools_are_built),
		TEST(shares_follow_weights),
		TEST(admin_state_decides),
		TEST(pools_without_weight_have_no_backend),
		TEST(the_rest_of_a_generation),
	};

	return cmocka_run_group_tests_name("compile", tests, NULL, NULL);
}
