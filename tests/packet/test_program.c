/* SPDX-License-Identifier: BSD-3-Clause */

/* scheduler = "bpf": what is loaded, what is refused, and what a program's answer does. */

#include <unistd.h>

#include "datapath/pick.h"
#include "harness.h"
#include "random.h"

static struct frame frame;
static struct outcome outcome;

static struct sched_program *load(const char *path)
{
	struct sl_err err = SL_ERR_INIT;
	struct sched_program *p;

	if (program_load(path, 1, &p, &err))
		fail_msg("%s", sl_err_first(&err));
	return p;
}

/* The table of POOL_MANY4 under a program; the caller's reference of it goes along. */
static struct sched_table *table_of(struct sched_program *p)
{
	struct sched_spec spec = world->g->tables[POOL_MANY4]->spec;
	struct maglev_member m[4];

	assert_int_equal(spec.n, 4);
	memcpy(m, spec.members, sizeof m);
	for (int i = 0; i < 4; i++)
		m[i].weight = 100;
	spec.members = m;
	spec.scheduler = SCHEDULER_BPF;
	spec.program = p;
	struct sched_table *t = sched_compile(&spec);

	assert_non_null(t);
	program_unref(p);
	return t;
}

static struct service before[4096];

static void use(const struct sched_table *t)
{
	struct generation *g = world->g;

	memcpy(before, g->services, g->n_services * sizeof *before);
	for (uint32_t i = 0; i < g->n_services; i++)
		if (before[i].table == g->tables[POOL_MANY4]) {
			g->services[i].entry = t->entry;
			g->services[i].shape = t->shape;
			g->services[i].table = t;
		}
}

static void restore(struct sched_table *t)
{
	memcpy(world->g->services, before, world->g->n_services * sizeof *before);
	sched_unref(t);
}

static uint16_t backend_of(struct lane *l, const struct frame_spec *spec)
{
	struct rte_mbuf *m;

	harness_frame(&frame, spec, WORLD_WAN);
	m = rig_mbuf(frame.b, frame.len, RIG_HEADROOM);
	harness_run_on(l, &outcome, WORLD_WAN, &m, 1);
	harness_expect(&outcome, VERDICT_FORWARDED, 1);
	return outcome.backend[0];
}

static void bad_programs_are_refused(void **state)
{
	static const char *const bad[] = {BPF_DIR "/loop.bpf.o", BPF_DIR "/foreign.bpf.o",
		BPF_DIR "/beyond.bpf.o", BPF_DIR "/map.bpf.o", BPF_DIR "/global.bpf.o",
		"/nonexistent.o", "/etc/passwd", "/dev/null", "/tmp"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct sl_err err = SL_ERR_INIT;
		struct sched_program *p;

		if (program_load(bad[i], 1, &p, &err) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_null(p);
		assert_int_equal(err.count, 1);
		assert_non_null(strstr(sl_err_first(&err), bad[i]));
		sl_err_clear(&err);
	}
}

/* What the program reads is what the packet holds, in both families. */
static void every_field_is_told(void **state)
{
	struct sched_table *t = table_of(load(BPF_DIR "/fields.bpf.o"));
	const struct frame_spec right[] = {
		{.src = "198.51.100.9",
			.dst = VIP4,
			.sport = 0x1234,
			.dport = PORT_OF(POOL_MANY4),
			.tos = 46 << 2},
		{.src = "2001:db8:c::9",
			.dst = VIP6,
			.sport = 0x1234,
			.dport = PORT_OF(POOL_MANY4),
			.tos = 46 << 2},
	};

	if (!harness_flows) {
		sched_unref(t);
		return;
	}
	use(t);
	for (int i = 0; i < 2; i++) {
		struct lane *l = harness_lane();
		struct frame_spec other = right[i];

		assert_int_equal(backend_of(l, &right[i]), t->candidate[1].slot);
		other.sport++;
		assert_int_equal(backend_of(l, &other), t->candidate[0].slot);
		other = right[i];
		other.src = i ? "2001:db8:c::8" : "198.51.100.8";
		assert_int_equal(backend_of(l, &other), t->candidate[0].slot);
		other = right[i];
		other.tos = 45 << 2;
		other.sport = 0x1234;
		other.src = i ? "2001:db8:c::a" : "198.51.100.10";
		assert_int_equal(backend_of(l, &other), t->candidate[0].slot);
		assert_int_equal(l->program_strays, 0);
		lane_free(l);
	}
	restore(t);
}

/* An answer that names nobody: as Maglev says, and counted once a flow. */
static void strays_go_by_maglev(void **state)
{
	struct sched_table *t = table_of(load(BPF_DIR "/stray.bpf.o"));
	uint16_t maglev[40];

	if (!harness_flows) {
		sched_unref(t);
		return;
	}
	struct lane *l = harness_lane();

	for (uint16_t i = 0; i < 40; i++) {
		const struct frame_spec spec = {
			.dst = VIP4, .dport = PORT_OF(POOL_MANY4), .sport = 3000 + i};

		maglev[i] = backend_of(l, &spec);
	}
	lane_free(l);
	l = harness_lane();
	use(t);
	for (int twice = 0; twice < 2; twice++)
		for (uint16_t i = 0; i < 40; i++) {
			const struct frame_spec spec = {
				.dst = VIP4, .dport = PORT_OF(POOL_MANY4), .sport = 3000 + i};

			assert_int_equal(
				backend_of(l, &spec), i % 2 ? maglev[i] : t->candidate[0].slot);
		}
	assert_int_equal(l->program_strays, 20);
	lane_free(l);
	restore(t);
}

/* The example: a client keeps its backend until that has much more load than its second one. */
static void affinity_with_relief(void **state)
{
	struct sched_table *t = table_of(load(EXAMPLE_DIR "/affinity.bpf.o"));
	struct lane *l = harness_lane();
	const struct flow_key key = {{0}};
	struct random rnd = random_start();
	uint32_t relieved = 0;

	if (!harness_flows) {
		sched_unref(t);
		lane_free(l);
		return;
	}
	for (int i = 0; i < 200; i++) {
		const uint64_t hash = random_next(&rnd);
		const uint16_t first = pick_program(l, t, &key, false, 0, hash);

		l->flows->active[first] = 8;
		assert_int_equal(pick_program(l, t, &key, false, 0, hash), first);
		l->flows->active[first] = 9;
		const uint16_t second = pick_program(l, t, &key, false, 0, hash);

		relieved += second != first;
		l->flows->active[second] += 100;
		assert_int_equal(pick_program(l, t, &key, false, 0, hash), first);
		l->flows->active[first] = l->flows->active[second] = 0;
		assert_int_equal(pick_program(l, t, &key, false, 0, hash), first);
	}
	/* the two are the same one by chance, one time of four */
	assert_in_range(relieved, 120, 180);
	assert_int_equal(l->program_strays, 0);
	lane_free(l);
	sched_unref(t);
}

/* Flows of this lane and, as last counted, of the others; for 100 of weight. */
static void load_is_for_the_weight(void **state)
{
	struct sched_table *t = table_of(load(BPF_DIR "/load.bpf.o"));
	struct lane *l = harness_lane();
	const struct flow_key key = {{0}};
	const uint16_t slot = t->candidate[1].slot;

	if (harness_flows) {
		l->flows->active[slot] = 1;
		l->others[slot] = 1;
		assert_int_equal(pick_program(l, t, &key, false, 0, 7), t->candidate[2].slot);
		t->candidate[1].weight = 200;
		assert_int_equal(pick_program(l, t, &key, false, 0, 7), slot);
		l->flows->active[slot] = 0;
		assert_int_equal(pick_program(l, t, &key, false, 0, 7), t->candidate[0].slot);
		assert_int_equal(l->program_strays, 0);
		l->others[slot] = 0;
	}
	lane_free(l);
	sched_unref(t);
}

static void compiled_to_machine_code(void **state)
{
#ifdef __x86_64__
	struct sched_program *p = load(EXAMPLE_DIR "/affinity.bpf.o");

	assert_non_null(p->run);
	program_unref(p);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_programs_are_refused),
		cmocka_unit_test(every_field_is_told),
		cmocka_unit_test(strays_go_by_maglev),
		cmocka_unit_test(affinity_with_relief),
		cmocka_unit_test(load_is_for_the_weight),
		cmocka_unit_test(compiled_to_machine_code),
	};

	return harness_main("program", tests, sizeof tests / sizeof *tests);
}
