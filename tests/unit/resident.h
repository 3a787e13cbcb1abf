/* SPDX-License-Identifier: BSD-3-Clause */

/* Memory in use by this process, in bytes. */

#ifndef SLUICE_TESTS_RESIDENT_H
#define SLUICE_TESTS_RESIDENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

static inline long resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %ld", &pages), 1);
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

#endif
