/* SPDX-License-Identifier: BSD-3-Clause */

/* Sets of keys in BPF maps, here addresses. Needs root. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <bpf/bpf.h>

#include "base/addr.h"
#include "bpf/key_set.h"

static size_t listed(int fd, struct sl_addr keys[256])
{
	return key_set_sort(keys, sizeof *keys, key_set_list(fd, sizeof *keys, keys, 256));
}

/* Random sets one after the other: by what differs, the map holds what it would by all of it. */
static void sets_change_by_what_differs(void **state)
{
	const int part = bpf_map_create(BPF_MAP_TYPE_HASH, "part", 16, 4, 256, NULL);
	const int whole = bpf_map_create(BPF_MAP_TYPE_HASH, "whole", 16, 4, 256, NULL);
	struct sl_addr before[128], now[128], in_a[256], in_b[256];
	size_t n_before = 0, n;

	assert_true(part >= 0 && whole >= 0);
	srandom(6);
	for (int round = 0; round < 200; round++) {
		n = (size_t)random() % 128;
		for (size_t i = 0; i < n; i++) {
			memset(&now[i], 0, sizeof now[i]);
			now[i].b[15] = (uint8_t)(random() % (round % 2 ? 200 : 20));
		}
		n = key_set_sort(now, sizeof *now, n);
		assert_int_equal(key_set_change(part, sizeof *now, 1, before, n_before, now, n), 0);
		assert_int_equal(key_set_make_equal(whole, sizeof *now, 256, 1, now, n), 0);
		assert_int_equal(listed(part, in_a), n);
		assert_int_equal(listed(whole, in_b), n);
		assert_memory_equal(in_a, now, n * sizeof *now);
		assert_memory_equal(in_b, now, n * sizeof *now);
		memcpy(before, now, n * sizeof *now);
		n_before = n;
	}
	close(part);
	close(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_change_by_what_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
