/* SPDX-License-Identifier: BSD-3-Clause */

/* What is told of a path: down only, bounded, and for a time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "compile/path.h"

static void goes_down_and_not_up(void **state)
{
	struct path p = {0};

	assert_false(path_lower(&p, 1500, 1500, 20, false, 1000));
	assert_false(path_lower(&p, 9000, 1500, 20, false, 1000));
	assert_int_equal(path_mtu(&p, 1500), 1500);
	assert_true(path_lower(&p, 1400, 1500, 20, false, 1000));
	assert_int_equal(path_mtu(&p, 1500), 1400);
	assert_int_equal(path_mtu(&p, 1300), 1300);
	assert_int_equal(path_mtu(&p, 0), 1400);
	assert_false(path_lower(&p, 1450, 1500, 20, false, 1000));
	assert_int_equal(p.mtu, 1400);
	assert_true(path_lower(&p, 1399, 1500, 20, false, 1000));
	assert_int_equal(p.mtu, 1399);
	assert_false(path_lower(&p, 1398, 1398, 20, false, 1000));
	assert_int_equal(p.mtu, 1399);
}

static void not_below_what_everybody_has(void **state)
{
	struct path p = {0};

	assert_true(path_lower(&p, 1, 1500, 20, false, 0));
	assert_int_equal(p.mtu, 596);
	assert_false(path_lower(&p, 100, 1500, 20, false, 0));
	p = (struct path){0};
	assert_true(path_lower(&p, 68, 1500, 52, true, 0));
	assert_int_equal(p.mtu, 1332);
	p = (struct path){0};
	assert_false(path_lower(&p, 68, 500, 20, false, 0)); /* narrower by itself */
}

static void ends_after_its_time(void **state)
{
	struct path p = {0};

	assert_true(path_lower(&p, 1400, 1500, 20, false, 5000));
	assert_false(path_expire(&p, 5000 + PATH_LIFE_MS - 1));
	assert_true(path_expire(&p, 5000 + PATH_LIFE_MS));
	assert_int_equal(path_mtu(&p, 1500), 1500);
	assert_false(path_expire(&p, 5000 + PATH_LIFE_MS));

	assert_true(path_lower(&p, 1400, 1500, 20, false, 0));
	assert_false(path_lower(&p, 1400, 1500, 20, false, 1000)); /* told again */
	assert_false(path_expire(&p, PATH_LIFE_MS));
	assert_false(path_lower(&p, 1450, 1500, 20, false, 500000)); /* not this one */
	assert_true(path_expire(&p, 1000 + PATH_LIFE_MS));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_down_and_not_up),
		cmocka_unit_test(not_below_what_everybody_has),
		cmocka_unit_test(ends_after_its_time),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
