/* SPDX-License-Identifier: BSD-3-Clause */

/* The VIPs of a generation, and their rules. */

#ifndef SLUICE_COMPILE_VIP_H
#define SLUICE_COMPILE_VIP_H

#include "compile/compile.h"

/* Fill g->services and g->vips, after the tables. 0 or -errno. Builder thread. */
int compile_vips(struct generation *g, const struct compile_input *in);

#endif
