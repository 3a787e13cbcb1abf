/* SPDX-License-Identifier: BSD-3-Clause */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "health/result.h"

static void reason_is_cut_on_a_character(void **state)
{
	struct health_result r;
	char text[101];

	memset(text, 'a', sizeof text - 1);
	text[100] = '\0';
	memcpy(text + 79, "\xc3\xa4", 2); /* byte 80 is half of a character */
	health_result_set(&r, HEALTH_CODE_L7STS, 12, "%s", text);
	assert_int_equal(strlen(r.reason), 79);
	assert_int_equal(r.duration_us, 12);
	memset(text, 'b', 100);
	health_result_set(&r, HEALTH_CODE_L7STS, 12, "%s", text);
	assert_int_equal(strlen(r.reason), HEALTH_REASON_BYTES);
}

static void reason_is_one_printable_line(void **state)
{
	struct health_result r;

	health_result_set(&r, HEALTH_CODE_L7RSP, 0, "a\nb\x1b[31m\x7f \xc3\xa4");
	assert_string_equal(r.reason, "a?b?[31m? \xc3\xa4");
}

static void codes_have_names_and_outcomes(void **state)
{
	assert_string_equal(health_code_name(HEALTH_CODE_L4TOUT), "L4TOUT");
	assert_int_equal(health_code_outcome(HEALTH_CODE_L4OK), HEALTH_OK);
	assert_int_equal(health_code_outcome(HEALTH_CODE_L4CON), HEALTH_FAIL);
	assert_int_equal(health_code_outcome(HEALTH_CODE_LATE), HEALTH_NEUTRAL);
	assert_string_equal(health_code_name(HEALTH_CODE_COUNT), "?");
	assert_int_equal(health_code_outcome((enum health_code)1000), HEALTH_NEUTRAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reason_is_cut_on_a_character),
		cmocka_unit_test(reason_is_one_printable_line),
		cmocka_unit_test(codes_have_names_and_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
