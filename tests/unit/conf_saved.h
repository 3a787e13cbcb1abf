/* SPDX-License-Identifier: BSD-3-Clause */

/* What the tests of changed configurations share: text out, differences out. */

#ifndef SLUICE_TESTS_CONF_SAVED_H
#define SLUICE_TESTS_CONF_SAVED_H

#include "conf_text.h"

#include "conf/diff.h"
#include "conf/edit.h"
#include "conf/save.h"

#define WEB                                                                                      \
	PORT "pools = ( { name = \"web\"; backends = ( "                                         \
	     "{ name = \"b1\"; address = \"10.0.0.1\"; }, "                                      \
	     "{ name = \"b2\"; address = \"10.0.0.2\"; weight = 50; } ); }, "                    \
	     "{ name = \"empty\"; } );\n"                                                        \
	     "vips = ( { name = \"v\"; address = \"203.0.113.1\"; port = 80; pool = \"web\"; } " \
	     ");\n"

static inline char *saved(const struct conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(conf_save(f, conf), 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

static inline struct conf *loaded(const char *text)
{
	struct sl_err err = SL_ERR_INIT;
	struct conf *conf;

	if (conf_load_text(text, "saved", &conf, &err))
		fail_msg("%s in:\n%s", sl_err_first(&err), text);
	return conf;
}

static inline int print_diff(const struct diff_row *d, void *f)
{
	char buf[DIFF_STRLEN];

	fprintf(f, "%s\n", diff_format(d, buf));
	return 0;
}

static inline char *diff_text(const struct conf *a, const struct conf *b)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(conf_diff(a, b, print_diff, f), 0);
	fclose(f);
	assert_int_equal(conf_equal(a, b), len == 0);
	return text;
}

#endif
