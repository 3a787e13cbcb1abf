/* SPDX-License-Identifier: BSD-3-Clause */

/* The loaders against a real kernel, in a network namespace of the test's own: what is left behind,
 * what is foreign, what is taken over. */

#include <linux/if_link.h>

#include "bpf/decap.h"
#include "bpf/steer.h"
#include "bpf_host.h"

#define OUR_PRIO    62 /* of the tc twin */
#define XDP_PASSED  2u
#define XDP_DROPPED 1u

/* A program of another maker: returns 2 (XDP_PASS; for tc: drop). */
static int foreign_program(enum bpf_prog_type type, const char *name)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2},
		{.code = BPF_JMP | BPF_EXIT},
	};
	const int fd = bpf_prog_load(type, name, "GPL", insns, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static uint32_t xdp_id(void)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id(ifindex, 0, &id), 0);
	return id;
}

/* Load and attach as DPDK's net_af_xdp does it. */
static struct bpf_object *driver_attach(void)
{
	char path[STEER_PATH_LEN];
	const int fd = steer_object_open(path, sizeof path, &err);

	assert_true(fd >= 0);
	struct bpf_object *obj = bpf_object__open_file(path, NULL);

	assert_non_null(obj);
	assert_int_equal(bpf_object__load(obj), 0);
	steer_object_close(fd);
	struct bpf_program *prog = bpf_object__next_program(obj, NULL);

	assert_non_null(bpf_object__find_map_by_name(obj, STEER_XSKS_MAP));
	assert_int_equal(
		bpf_xdp_attach(ifindex, bpf_program__fd(prog), XDP_FLAGS_UPDATE_IF_NOEXIST, NULL),
		0);
	return obj;
}

/* What the program does with a packet to this address. */
static bool takes(int prog_fd, const struct sl_addr *dst, uint32_t taken)
{
	char text[SL_ADDR_STRLEN];
	struct frame f = {0};

	sl_addr_format(dst, text);
	frame_put_eth(&f, sl_addr_is4(dst) ? 0x0800 : 0x86dd);
	if (sl_addr_is4(dst))
		frame_put_ip4(&f, text, 6, 0, 0, 0);
	else
		frame_put_ip6(&f, text, 6, 0, 0);
	return frame_run(prog_fd, &f, NULL) == taken;
}

static int set_vips(struct steer *s, const struct sl_addr *vips, size_t n, struct sl_err *e)
{
	struct sl_prefix *p = calloc(n + 1, sizeof *p);

	for (size_t i = 0; i < n; i++)
		p[i] = sl_prefix_of(&vips[i]);
	const int rc = steer_set_vips(s, p, n, e);

	free(p);
	return rc;
}

static bool takes_text(int prog_fd, const char *dst, uint32_t taken)
{
	struct sl_addr addr;

	assert_int_equal(sl_addr_parse(dst, &addr), 0);
	return takes(prog_fd, &addr, taken);
}

/* Of either program: from the first address of a prefix to its last, and nothing beside it. */
static void prefixes_are_taken(int fd, struct steer *s, uint32_t taken, uint32_t passed)
{
	static const char *const first[] = {"203.0.113.16/28", "203.0.113.20", "2001:db8:7::/48",
		"203.0.113.16/28", "198.51.0.0/16"},
				 *const second[] = {
					 "203.0.113.20", "203.0.113.24/29", "2001:db8:7::/64"};
	struct sl_prefix p[5];

	parse_prefixes(p, first, 5);
	assert_int_equal(steer_set_vips(s, p, 5, &err), 0);
	assert_true(takes_text(fd, "203.0.113.16", taken));
	assert_true(takes_text(fd, "203.0.113.20", taken));
	assert_true(takes_text(fd, "203.0.113.31", taken));
	assert_true(takes_text(fd, "203.0.113.15", passed));
	assert_true(takes_text(fd, "203.0.113.32", passed));
	assert_true(takes_text(fd, "198.51.255.255", taken));
	assert_true(takes_text(fd, "2001:db8:7::", taken));
	assert_true(takes_text(fd, "2001:db8:7:ffff:ffff:ffff:ffff:ffff", taken));
	assert_true(takes_text(fd, "2001:db8:8::", passed));
	parse_prefixes(p, second, 3);
	assert_int_equal(steer_set_vips(s, p, 3, &err), 0);
	assert_true(takes_text(fd, "203.0.113.16", passed));
	assert_true(takes_text(fd, "203.0.113.20", taken));
	assert_true(takes_text(fd, "203.0.113.24", taken));
	assert_true(takes_text(fd, "198.51.255.255", passed));
	assert_true(takes_text(fd, "2001:db8:7::1", taken));
	assert_true(takes_text(fd, "2001:db8:7:1::", passed));
	assert_int_equal(steer_set_vips(s, NULL, 0, &err), 0);
	assert_true(takes_text(fd, "203.0.113.24", passed));
	assert_true(takes_text(fd, "2001:db8:7::1", passed));
}

static void prefixes_are_steered(void **state)
{
	struct steer *s;
	struct bpf_object *obj = driver_attach();

	assert_int_equal(steer_open_xdp(IF, &s, &err), 0);
	prefixes_are_taken(
		bpf_program__fd(bpf_object__next_program(obj, NULL)), s, XDP_DROPPED, XDP_PASSED);
	steer_close(s);
	bpf_object__close(obj);
	assert_int_equal(steer_open_tc(IF, &s, &err), 0);
	const int fd = bpf_prog_get_fd_by_id((uint32_t)tc_id(OUR_PRIO));

	prefixes_are_taken(fd, s, TC_DROP, TC_PASS);
	close(fd);
	steer_close(s);
}

static void missing_interface_is_named(void **state)
{
	struct steer *s;
	struct decap *d;

	assert_int_equal(steer_prepare("nosuch0", true, &err), -ENODEV);
	assert_string_equal(sl_err_first(&err), "interface nosuch0: No such device");
	assert_int_equal(steer_open_xdp("nosuch0", &s, &err), -ENODEV);
	assert_int_equal(steer_open_tc("nosuch0", &s, &err), -ENODEV);
	assert_int_equal(decap_open("nosuch0", 6080, &d, &err), -ENODEV);
	assert_int_equal(err.count, 4);
}

static void xdp_follows_the_vips(void **state)
{
	struct steer *s;

	assert_int_equal(steer_prepare(IF, true, &err), 0);
	assert_int_equal(steer_open_xdp(IF, &s, &err), -ENOENT);
	struct bpf_object *obj = driver_attach();
	const int fd = bpf_program__fd(bpf_object__next_program(obj, NULL));

	assert_int_equal(steer_open_xdp(IF, &s, &err), 0);
	assert_false(takes(fd, &a, XDP_DROPPED));
	assert_int_equal(set_vips(s, (struct sl_addr[]){a, b, a}, 3, &err), 0);
	assert_true(takes(fd, &a, XDP_DROPPED));
	assert_true(takes(fd, &b, XDP_DROPPED));
	assert_true(takes(fd, &c, XDP_PASSED));
	struct steer_source from[] = {{a, 128, 0}, {b, 64, 0}, {a, 128, 6080}};

	assert_int_equal(steer_set_sources(s, from, 3, &err), 0);
	assert_int_equal(frame_sources(fd), 3);
	assert_int_equal(steer_set_sources(s, from + 1, 1, &err), 0);
	assert_int_equal(frame_sources(fd), 1);
	assert_int_equal(steer_set_sources(s, NULL, 0, &err), 0);
	assert_int_equal(frame_sources(fd), 0);
	assert_int_equal(set_vips(s, (struct sl_addr[]){c, b}, 2, &err), 0);
	assert_true(takes(fd, &a, XDP_PASSED));
	assert_true(takes(fd, &b, XDP_DROPPED));
	assert_true(takes(fd, &c, XDP_DROPPED));
	assert_int_equal(set_vips(s, NULL, 0, &err), 0);
	assert_true(takes(fd, &b, XDP_PASSED));
	assert_int_not_equal(xdp_id(), 0);
	steer_close(s);
	assert_int_equal(xdp_id(), 0);
	bpf_object__close(obj);
}

static void many_vips_and_too_many(void **state)
{
	struct sl_addr *vips = calloc(STEER_VIPS_MAX + 1, sizeof *vips);
	struct steer *s;

	assert_int_equal(steer_open_tc(IF, &s, &err), 0);
	const int fd = bpf_prog_get_fd_by_id((uint32_t)tc_id(OUR_PRIO));

	for (uint32_t i = 0; i <= STEER_VIPS_MAX; i++)
		vips[i] = sl_addr_from4(&i);
	assert_int_equal(set_vips(s, &b, 1, &err), 0);
	assert_int_equal(set_vips(s, vips, STEER_VIPS_MAX + 1, &err), -E2BIG);
	assert_true(takes(fd, &b, TC_DROP));
	assert_true(takes(fd, &vips[0], TC_PASS));
	close(fd);
	assert_int_equal(set_vips(s, vips, STEER_VIPS_MAX / 2, &err), 0);
	assert_int_equal(set_vips(s, vips + STEER_VIPS_MAX / 2, STEER_VIPS_MAX / 2, &err), 0);
	assert_int_equal(set_vips(s, vips, 1, &err), 0);
	steer_close(s);
	free(vips);
}

static void left_over_xdp_is_taken_off(void **state)
{
	bpf_object__close(driver_attach());
	assert_int_not_equal(xdp_id(), 0);
	assert_int_equal(steer_prepare(IF, true, &err), 0);
	assert_int_equal(xdp_id(), 0);
}

/* One has our name and none of our maps, the other has another name and a map called as ours. */
static void foreign_xdp_is_refused(void **state)
{
	static const char *const names[] = {"someone_else", STEER_PROG};
	const int map = bpf_map_create(BPF_MAP_TYPE_HASH, STEER_VIPS_MAP, 16, 4, 1, NULL);
	struct steer *s;

	for (int i = 0; i < 2; i++) {
		const int fd = foreign_program(BPF_PROG_TYPE_XDP, names[i]);

		if (i == 0)
			assert_int_equal(bpf_prog_bind_map(fd, map, NULL), 0);
		assert_int_equal(bpf_xdp_attach(ifindex, fd, 0, NULL), 0);
		const uint32_t id = xdp_id();
		char want[256];

		snprintf(want, sizeof want,
			"interface %s: XDP program \"%s\" (id %u) is attached and is not ours; "
			"take it off with: ip link set dev %s xdp off",
			IF, names[i], id, IF);
		assert_int_equal(steer_prepare(IF, true, &err), -EEXIST);
		assert_string_equal(sl_err_first(&err), want);
		assert_int_equal(steer_open_xdp(IF, &s, &err), -ENOENT);
		assert_int_equal(xdp_id(), id);
		assert_int_equal(bpf_xdp_detach(ifindex, 0, NULL), 0);
		close(fd);
		sl_err_clear(&err);
	}
	close(map);
}

/* Somebody has put another program there in the meantime: it stays. */
static void close_takes_off_only_its_own(void **state)
{
	struct bpf_object *obj = driver_attach();
	const int fd = foreign_program(BPF_PROG_TYPE_XDP, "newcomer");
	struct steer *s;

	assert_int_equal(steer_open_xdp(IF, &s, &err), 0);
	assert_int_equal(bpf_xdp_attach(ifindex, fd, 0, NULL), 0);
	const uint32_t id = xdp_id();

	steer_close(s);
	assert_int_equal(xdp_id(), id);
	assert_int_equal(bpf_xdp_detach(ifindex, 0, NULL), 0);
	close(fd);
	bpf_object__close(obj);
}

static void tc_twin_comes_and_goes(void **state)
{
	struct steer *s;

	assert_false(has_clsact());
	assert_int_equal(steer_open_tc(IF, &s, &err), 0);
	assert_int_equal(set_vips(s, &b, 1, &err), 0);
	const int fd = bpf_prog_get_fd_by_id((uint32_t)tc_id(OUR_PRIO));

	assert_true(takes(fd, &b, TC_DROP));
	assert_true(takes(fd, &a, TC_PASS));
	close(fd);
	steer_close(s);
	assert_false(has_clsact());
	steer_close(NULL);
}

/* The first one stands for a killed daemon: its filter is replaced, and it may not remove the
 * second's. */
static void left_over_tc_is_replaced(void **state)
{
	struct steer *killed, *s;

	assert_int_equal(steer_open_tc(IF, &killed, &err), 0);
	const int64_t id = tc_id(OUR_PRIO);

	assert_int_equal(steer_open_tc(IF, &s, &err), 0);
	assert_int_not_equal(tc_id(OUR_PRIO), id);
	const int64_t second = tc_id(OUR_PRIO);

	assert_true(second > 0);
	steer_close(killed);
	assert_int_equal(tc_id(OUR_PRIO), second);
	steer_close(s);
	assert_true(tc_id(OUR_PRIO) <= 0);
	assert_true(has_clsact());
	LIBBPF_OPTS(bpf_tc_hook, both, .ifindex = ifindex,
		.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	assert_int_equal(bpf_tc_hook_destroy(&both), 0);
}

static void foreign_tc_filters_stay(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_hook, both, .ifindex = ifindex,
		.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	const int fd = foreign_program(BPF_PROG_TYPE_SCHED_CLS, "someone_else");
	LIBBPF_OPTS(bpf_tc_opts, other, .handle = 1, .priority = 500, .prog_fd = fd);
	LIBBPF_OPTS(bpf_tc_opts, ours, .handle = 1, .priority = OUR_PRIO, .prog_fd = fd);
	struct steer *s;

	/* Beside ours: it stays, and so does the qdisc that we made. */
	assert_int_equal(steer_open_tc(IF, &s, &err), 0);
	assert_int_equal(bpf_tc_attach(&hook, &other), 0);
	steer_close(s);
	assert_true(tc_id(500) > 0);

	/* In our place: refused by name. */
	assert_int_equal(bpf_tc_attach(&hook, &ours), 0);
	assert_int_equal(steer_open_tc(IF, &s, &err), -EEXIST);
	assert_non_null(strstr(sl_err_first(&err), "\"someone_else\""));
	assert_non_null(strstr(sl_err_first(&err), "tc filter del dev " IF " ingress pref 62"));
	assert_true(tc_id(OUR_PRIO) > 0);
	assert_int_equal(bpf_tc_hook_destroy(&both), 0);
	close(fd);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, forget_messages)
	static const struct CMUnitTest tests[] = {
		TEST(missing_interface_is_named),
		TEST(xdp_follows_the_vips),
		TEST(prefixes_are_steered),
		TEST(many_vips_and_too_many),
		TEST(left_over_xdp_is_taken_off),
		TEST(foreign_xdp_is_refused),
		TEST(close_takes_off_only_its_own),
		TEST(tc_twin_comes_and_goes),
		TEST(left_over_tc_is_replaced),
		TEST(foreign_tc_filters_stay),
	};
	int skip_code = frame_skip("test_bpf_load");

	if (!skip_code)
		skip_code = make_host("test_bpf_load");
	return skip_code ? skip_code : cmocka_run_group_tests(tests, NULL, NULL);
}
