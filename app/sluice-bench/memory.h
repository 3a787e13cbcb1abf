/* SPDX-License-Identifier: BSD-3-Clause */

/* What each thing costs in memory, measured as the growth of the process when many of them are
 * there. */

#ifndef SLUICE_BENCH_MEMORY_H
#define SLUICE_BENCH_MEMORY_H

#include "base/err.h"

/* Print the table, and write it to `json` as well unless that is NULL. 0, or -errno with a message.
 */
int memory_run(const char *json, struct sl_err *err);

#endif
