/* SPDX-License-Identifier: BSD-3-Clause */

/* What the tests of the configuration share: text in, messages out. */

#ifndef SLUICE_TESTS_CONF_TEXT_H
#define SLUICE_TESTS_CONF_TEXT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "conf/conf.h"

#define PORT "ports = ( { name = \"wan\"; driver = \"af_xdp\"; interface = \"eth1\"; } );\n"

/* libconfig 1.5 has no destructor for the text of a token that its parser throws away at a syntax
 * error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig\n";
}

/* Load and check text that stands for a file "t". Returns the messages, one a line. */
static inline char *mistakes(const char *text)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf;
	char *all = NULL;
	size_t len;
	FILE *f = open_memstream(&all, &len);
	int rc = conf_load_text(text, "t", &conf, &err);

	if (!rc)
		rc = conf_check(conf, &err);
	assert_int_equal(rc, err.count ? -EINVAL : 0);
	for (size_t i = 0; i < err.count; i++)
		fprintf(f, "%s%s", i ? "\n" : "", err.text[i]);
	fclose(f);
	conf_free(conf);
	sl_err_clear(&err);
	return all;
}

static inline void expect(const char *text, const char *wanted)
{
	char *got = mistakes(text);

	if (strcmp(got, wanted) != 0)
		print_error("in: %s\n", text);
	assert_string_equal(got, wanted);
	free(got);
}

static inline struct conf *good(const char *text)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf;

	if (conf_load_text(text, "t", &conf, &err) || conf_check(conf, &err))
		fail_msg("%s", sl_err_first(&err));
	assert_int_equal(err.count, 0);
	return conf;
}

static inline void assert_address(const struct sl_addr *a, const char *wanted)
{
	char text[SL_ADDR_STRLEN];

	assert_string_equal(sl_addr_format(a, text), wanted);
}

/* n backends in one pool; the last `same` of them have the name and address of the first. */
/* noinline: gcc 12 else takes pointers into the result for pointers to the local variable. */
__attribute__((noinline, unused)) static char *many_backends(
	unsigned int n, unsigned int same, const char *pool_keys)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fprintf(f, PORT "pools = ( { name = \"p\"; %s backends = (\n", pool_keys);
	for (unsigned int i = 0; i < n; i++) {
		const unsigned int k = i < n - same ? i : 0;

		fprintf(f, "%s{ name = \"b%u\"; address = \"10.1.%u.%u\"; id = %u; }",
			i ? ",\n" : "", k, k / 256, k % 256, i + 1);
	}
	fputs(" ); } );\n", f);
	fclose(f);
	return text;
}

#endif
