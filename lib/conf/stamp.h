/* SPDX-License-Identifier: BSD-3-Clause */

/* What makes a small change of a large configuration cheap. Every element of a list has a stamp in
 * its conf_place, given anew whenever a value of it, or of something in it, changes; clones keep
 * it. So two elements with one stamp, which is not 0, hold the same, and conf_diff() passes over
 * them. In the same way conf.proven says that conf_check() was passed and that since then only keys
 * changed that go with any others (.alone of their rows). Any thread. */

#ifndef SLUICE_CONF_STAMP_H
#define SLUICE_CONF_STAMP_H

#include "conf/conf.h"

/* One that was never given out. */
uint64_t stamp_next(void);

/* After fields were changed by hand: conf_diff() and conf_check() look at everything again. 0, or
 * -ENOMEM. */
int stamp_forget(struct conf *conf);

#endif
