/* SPDX-License-Identifier: BSD-3-Clause */

/* The loader of the decapsulator against a real kernel: what a successor takes over. */

#include "bpf/decap.h"
#include "bpf_host.h"

#define DECAP_PRIO 61

static void decap_successor_inherits(void **state)
{
	struct decap *killed, *d;
	static const char *const texts[] = {
		"203.0.113.16/28", "203.0.113.16/30", "2001:db8:7::/48"};
	const struct sl_prefix vip[] = {sl_prefix_of(&a), sl_prefix_of(&b), sl_prefix_of(&c)};
	struct sl_prefix *list, net[3];
	struct sl_addr of_dscp;
	size_t n;

	assert_int_equal(decap_open(IF, 6080, &killed, &err), 0);
	assert_int_equal(decap_state(killed)->made_qdisc, 1);
	assert_int_equal(decap_state(killed)->setting[0].changed, 0);
	decap_state(killed)->setting[1] =
		(struct decap_setting){.before = 7, .set = 9, .changed = 1};
	assert_int_equal(decap_save(killed, &err), 0);
	assert_int_equal(decap_vip_set(killed, &vip[0], DECAP_VIP | DECAP_ADDED, &err), 0);
	assert_int_equal(decap_vip_set(killed, &vip[1], DECAP_VIP, &err), 0);
	assert_int_equal(decap_vip_set(killed, &vip[2], DECAP_VIP, &err), 0);
	assert_int_equal(decap_vip_set(killed, &vip[2], 0, &err), 0);
	assert_int_equal(decap_vip_set(killed, &vip[2], 0, &err), 0);
	parse_prefixes(net, texts, 3);
	assert_int_equal(decap_vip_set(killed, &net[0], DECAP_VIP | DECAP_ADDED, &err), 0);
	assert_int_equal(decap_vip_set(killed, &net[2], DECAP_VIP, &err), 0);
	assert_int_equal(decap_vip_set(killed, &net[1], 0, &err), 0);
	assert_int_equal(decap_dscp_set(killed, 10, false, &a, &err), 0);
	assert_int_equal(decap_dscp_set(killed, 10, true, &b, &err), 0);
	assert_int_equal(decap_dscp_set(killed, 11, false, &a, &err), 0);
	assert_int_equal(decap_dscp_set(killed, 11, false, NULL, &err), 0);

	assert_int_equal(decap_open(IF, 6080, &d, &err), 0);
	assert_int_equal(decap_state(d)->made_qdisc, 1);
	assert_int_equal(decap_state(d)->setting[1].before, 7);
	assert_int_equal(decap_state(d)->setting[1].set, 9);
	assert_int_equal(decap_state(d)->setting[1].changed, 1);
	assert_int_equal(decap_vip_flags(d, &vip[0]), DECAP_VIP | DECAP_ADDED);
	assert_int_equal(decap_vip_flags(d, &vip[1]), DECAP_VIP);
	assert_int_equal(decap_vip_flags(d, &vip[2]), 0);
	assert_true(decap_dscp_get(d, 10, false, &of_dscp) && sl_addr_eq(&of_dscp, &a));
	assert_true(decap_dscp_get(d, 10, true, &of_dscp) && sl_addr_eq(&of_dscp, &b));
	assert_false(decap_dscp_get(d, 11, false, &of_dscp));
	assert_int_equal(decap_vips(d, &list, &n), 0);
	assert_int_equal(n, 4);
	/* that of the prefix itself, not of the one around it */
	assert_int_equal(decap_vip_flags(d, &net[0]), DECAP_VIP | DECAP_ADDED);
	assert_int_equal(decap_vip_flags(d, &net[1]), 0);
	assert_int_equal(decap_vip_flags(d, &net[2]), DECAP_VIP);
	free(list);

	decap_close(killed);
	assert_true(tc_id(DECAP_PRIO) > 0);
	decap_close(d);
	assert_false(has_clsact());
}

static void decap_wants_ethernet(void **state)
{
	struct decap *d;

	assert_int_equal(decap_open("lo", 6080, &d, &err), -EINVAL);
	assert_string_equal(sl_err_first(&err), "interface lo is not an Ethernet interface");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, forget_messages)
	static const struct CMUnitTest tests[] = {
		TEST(decap_successor_inherits),
		TEST(decap_wants_ethernet),
	};
	int skip_code = frame_skip("test_bpf_load_decap");

	if (!skip_code)
		skip_code = make_host("test_bpf_load_decap");
	return skip_code ? skip_code : cmocka_run_group_tests(tests, NULL, NULL);
}
