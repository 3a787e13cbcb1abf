/* SPDX-License-Identifier: BSD-3-Clause */

/* The state machine of a next hop with a clock of its own, and the bookkeeping around it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <cmocka.h>

#include "kernel/hop.h"
#include "kernel/mirror.h"
#include "kernel/neigh.h"

#define T0 1000000

static const struct sl_ether mac_a = {{2, 0, 0, 0, 0, 0xa}}, mac_b = {{2, 0, 0, 0, 0, 0xb}};

static struct sl_addr addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

struct bench {
	struct hop_table table;
	struct hop *hop;
};

static int bench_up(void **state)
{
	static struct bench b;
	const struct sl_addr via = addr("192.0.2.2");

	assert_int_equal(hop_table_init(&b.table), 0);
	b.hop = hop_acquire(&b.table, 3, &via, T0);
	assert_non_null(b.hop);
	*state = &b;
	return 0;
}

static int bench_down(void **state)
{
	hop_table_free(&((struct bench *)*state)->table);
	return 0;
}

static enum hop_action act(struct hop *h, uint64_t now_ms)
{
	const enum hop_action action = hop_due(h, now_ms);

	if (action != HOP_DO_NOTHING)
		hop_acted(h, action, now_ms);
	return action;
}

/* Absent entry -> create -> read -> the kernel searches -> answer. */
static void hop_is_found(void **state)
{
	struct bench *b = *state;
	struct hop *h = b->hop;

	assert_int_equal(act(h, T0), HOP_DO_READ);
	hop_refused(h, HOP_DO_READ, -ENOENT, T0);
	assert_int_equal(act(h, T0), HOP_DO_CREATE);
	hop_created(h, T0);
	assert_int_equal(act(h, T0), HOP_DO_READ);
	assert_false(hop_heard(&b->table, h, NUD_INCOMPLETE, NULL, T0));
	assert_int_equal(act(h, T0 + 10), HOP_DO_NOTHING);
	assert_false(h->has_mac);
	assert_true(hop_heard(&b->table, h, NUD_REACHABLE, &mac_a, T0 + 20));
	assert_true(h->has_mac);
	assert_memory_equal(&h->mac, &mac_a, 6);
	assert_false(hop_heard(&b->table, h, NUD_REACHABLE, &mac_a, T0 + 30));
}

/* One round of silence: unicast after at most a second, broadcast 0.7 s later, given up 2 s after
 * the first question. */
static void hop_silence_has_its_times(void **state)
{
	struct bench *b = *state;
	struct hop *h = b->hop;

	hop_heard(&b->table, h, NUD_REACHABLE, &mac_a, T0);
	assert_int_equal(act(h, T0 + 749), HOP_DO_NOTHING);
	assert_int_equal(act(h, T0 + 1000), HOP_DO_PROBE);
	assert_int_equal(act(h, T0 + 1699), HOP_DO_NOTHING);
	assert_int_equal(act(h, T0 + 1700), HOP_DO_FAIL);
	assert_false(hop_expire(h, T0 + 2999));
	assert_true(h->has_mac);
	assert_true(hop_expire(h, T0 + 3000));
	assert_false(h->has_mac);
	assert_false(hop_expire(h, T0 + 3001));
	/* the kernel gives up after three broadcasts: again at once, and at its price */
	assert_int_equal(act(h, T0 + 4699), HOP_DO_NOTHING);
	assert_false(hop_heard(&b->table, h, NUD_FAILED, NULL, T0 + 4700));
	assert_int_equal(hop_cost(h, HOP_DO_SEARCH), 3);
	assert_int_equal(act(h, T0 + 4700), HOP_DO_SEARCH);
	/* without that event, after HOP_SEARCH_MS */
	assert_int_equal(act(h, T0 + 8699), HOP_DO_NOTHING);
	assert_int_equal(act(h, T0 + 8700), HOP_DO_SEARCH);
	assert_true(hop_heard(&b->table, h, NUD_REACHABLE, &mac_a, T0 + 8800));
	assert_false(hop_expire(h, T0 + 8800 + HOP_LOST_MS));
}

static void hop_old_entry_is_no_answer(void **state)
{
	struct bench *b = *state;
	struct hop *h = b->hop;

	assert_true(hop_heard(&b->table, h, NUD_STALE, &mac_a, T0));
	assert_int_equal(act(h, T0), HOP_DO_PROBE);
	assert_false(hop_heard(&b->table, h, NUD_STALE, &mac_a, T0 + 100));
	assert_false(hop_heard(&b->table, h, NUD_PROBE, &mac_a, T0 + 100));
	assert_int_equal(act(h, T0 + 700), HOP_DO_FAIL);
	/* lost events, an entry still in question: silence goes on */
	hop_doubt(h, T0 + 800);
	assert_int_equal(act(h, T0 + 800), HOP_DO_READ);
	assert_false(hop_heard(&b->table, h, NUD_PROBE, &mac_a, T0 + 800));
	assert_true(hop_expire(h, T0 + HOP_LOST_MS));
	/* another MAC is news even without confirmation, and is questioned at once */
	assert_true(hop_heard(&b->table, h, NUD_STALE, &mac_b, T0 + 2100));
	assert_memory_equal(&h->mac, &mac_b, 6);
	assert_int_equal(act(h, T0 + 2100), HOP_DO_PROBE);
}

static void hop_fixed_is_left_alone(void **state)
{
	struct bench *b = *state;
	struct hop *h = b->hop;

	assert_true(hop_heard(&b->table, h, NUD_PERMANENT, &mac_b, T0));
	assert_int_equal(act(h, T0 + 86400000), HOP_DO_NOTHING);
	assert_false(hop_expire(h, T0 + 86400000));
	assert_false(h->ours);
	assert_true(hop_heard(&b->table, h, NUD_NOARP, NULL, T0)); /* no MAC on this kind of link */
	assert_false(h->has_mac);
	assert_int_equal(act(h, T0 + 86400000), HOP_DO_NOTHING);
	assert_true(hop_heard(&b->table, h, NUD_NOARP, &mac_a, T0));
	hop_gone(h, T0);
	assert_int_equal(act(h, T0), HOP_DO_CREATE);
}

/* Where each search fails at once (no carrier, no probes configured) we ask once a second. */
static void hop_does_not_spin(void **state)
{
	struct bench *b = *state;
	struct hop *h = b->hop;
	int searches = 0;

	hop_gone(h, T0);
	for (uint64_t t = T0; t < T0 + 10000; t += 10) {
		if (act(h, t) == HOP_DO_NOTHING)
			continue;
		searches++;
		hop_heard(&b->table, h, NUD_FAILED, NULL, t);
	}
	assert_int_equal(searches, 10);
	assert_int_equal(act(h, T0 + 10000), HOP_DO_SEARCH);
	hop_refused(h, HOP_DO_SEARCH, -ENETDOWN, T0 + 10000);
	assert_int_equal(act(h, T0 + 10999), HOP_DO_NOTHING);
	assert_int_equal(act(h, T0 + 11000), HOP_DO_SEARCH);
	hop_refused(h, HOP_DO_CREATE, -EEXIST, T0 + 11000);
	assert_int_equal(act(h, T0 + 11000), HOP_DO_READ);
	hop_refused(h, HOP_DO_READ, -EAGAIN, T0 + 11000);
	assert_int_equal(act(h, T0 + 11999), HOP_DO_NOTHING);
	assert_int_equal(act(h, T0 + 12000), HOP_DO_READ);
	hop_heard(&b->table, h, NUD_STALE, &mac_a, T0 + 12000);
	assert_int_equal(act(h, T0 + 12000), HOP_DO_PROBE);
	hop_refused(h, HOP_DO_PROBE, -EPERM, T0 + 12000);
	assert_int_equal(act(h, T0 + 12999), HOP_DO_NOTHING);
}

/* Beyond a thousand next hops the refresh slows down instead of the network. */
static void hop_refresh_grows_with_their_number(void **state)
{
	struct bench *b = *state;
	struct sl_addr via = addr("10.0.0.0");
	struct hop *h = b->hop;

	for (uint32_t i = 0; i < 9999; i++) {
		via.b[14] = (uint8_t)(i >> 8);
		via.b[15] = (uint8_t)i;
		assert_non_null(hop_acquire(&b->table, 3, &via, T0));
	}
	assert_int_equal(b->table.count, 10000);
	hop_heard(&b->table, h, NUD_REACHABLE, &mac_a, T0);
	assert_in_range(h->due_ms, T0 + 9375, T0 + 12500);
}

static void hop_table_keeps_users(void **state)
{
	struct bench *b = *state;
	const struct sl_addr via = addr("192.0.2.2"), other = addr("2001:db8::2");

	assert_ptr_equal(hop_acquire(&b->table, 3, &via, T0), b->hop);
	struct hop *far = hop_acquire(&b->table, 4, &via, T0);
	struct hop *six = hop_acquire(&b->table, 3, &other, T0);

	assert_ptr_not_equal(far, b->hop);
	assert_ptr_equal(hop_find(&b->table, 4, &via), far);
	assert_ptr_equal(hop_find(&b->table, 3, &other), six);
	assert_null(hop_find(&b->table, 4, &other));
	hop_release(b->hop, T0);
	assert_int_equal(hop_due(b->hop, T0), HOP_DO_READ);
	hop_release(b->hop, T0);
	assert_int_equal(hop_due(b->hop, T0), HOP_DO_RELEASE);
	assert_false(hop_heard(&b->table, b->hop, NUD_REACHABLE, &mac_a, T0));
	assert_ptr_equal(hop_acquire(&b->table, 3, &via, T0), b->hop);
	assert_int_equal(hop_due(b->hop, T0), HOP_DO_READ);
	hop_release(b->hop, T0);
	hop_drop(&b->table, b->hop);
	assert_null(hop_find(&b->table, 3, &via));
	assert_ptr_equal(hop_find(&b->table, 4, &via), far);
	assert_int_equal(b->table.count, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(b->table.all[i]->at, i);
}

static size_t marked(const struct targets *t, const char *text)
{
	const struct sl_addr a = addr(text);

	return target_find(t, &a)->dirty;
}

static void event(const char *prefix, uint8_t bits, struct targets *t)
{
	_Alignas(8) char buf[256];
	const struct sl_addr a = addr(prefix);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof *rtm);
	struct route_range range;

	nlh->nlmsg_type = RTM_NEWROUTE;
	rtm->rtm_family = rtnl_family(&a);
	rtm->rtm_dst_len = bits;
	if (bits > 0)
		rtnl_put_addr(nlh, RTA_DST, &a);
	for (size_t i = 0; i < t->count; i++)
		t->item[i].dirty = false;
	t->dirty = 0;
	assert_true(route_event(nlh, &range));
	targets_mark(t, &range);
}

/* An event marks the addresses under its prefix, and no others. */
static void targets_are_marked_by_prefix(void **state)
{
	const struct sl_addr set[] = {addr("10.0.0.1"), addr("2001:db8::1"), addr("10.0.0.255"),
		addr("10.0.1.0"), addr("2001:db8:0:1::1"), addr("10.0.0.1"),
		addr("255.255.255.255")};
	struct targets t = {0};
	struct target *gone;
	size_t gone_count;

	assert_int_equal(targets_replace(&t, set, 7, &gone, &gone_count), 0);
	free(gone);
	assert_int_equal(t.count, 6);
	assert_int_equal(t.dirty, 6);
	event("10.0.0.0", 24, &t);
	assert_int_equal(t.dirty, 2);
	assert_true(marked(&t, "10.0.0.1") && marked(&t, "10.0.0.255"));
	event("10.0.0.0", 25, &t);
	assert_int_equal(t.dirty, 1);
	assert_true(marked(&t, "10.0.0.1"));
	event("10.0.1.0", 32, &t);
	assert_int_equal(t.dirty, 1);
	assert_true(marked(&t, "10.0.1.0"));
	event("0.0.0.0", 0, &t);
	assert_int_equal(t.dirty, 4);
	assert_false(marked(&t, "2001:db8::1") || marked(&t, "2001:db8:0:1::1"));
	event("2001:db8::", 64, &t);
	assert_int_equal(t.dirty, 1);
	assert_true(marked(&t, "2001:db8::1"));
	event("2001:db8::", 32, &t);
	assert_int_equal(t.dirty, 2);
	event("2001:db9::", 32, &t);
	assert_int_equal(t.dirty, 0);
	t.item[0].asked = true; /* 10.0.0.1 is the first in order */
	assert_int_equal(targets_replace(&t, &set[0], 1, &gone, &gone_count), 0);
	assert_int_equal(gone_count, 5);
	assert_int_equal(t.count, 1);
	assert_true(t.item[0].asked);
	assert_int_equal(t.dirty, 0);
	free(gone);
	free(t.item);
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)
	const struct CMUnitTest tests[] = {
		BENCH(hop_is_found),
		BENCH(hop_silence_has_its_times),
		BENCH(hop_old_entry_is_no_answer),
		BENCH(hop_fixed_is_left_alone),
		BENCH(hop_does_not_spin),
		BENCH(hop_refresh_grows_with_their_number),
		BENCH(hop_table_keeps_users),
		cmocka_unit_test(targets_are_marked_by_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
