/* SPDX-License-Identifier: BSD-3-Clause */

/* The set of our own addresses, from what is compiled already. */

#ifndef SLUICE_COMPILE_OWN_H
#define SLUICE_COMPILE_OWN_H

#include "compile/compile.h"
#include "table/generation.h"

/* Fill g->own from the tunnels of its backends, the ways to them, and the VIPs. 0 or -ENOMEM.
 * Builder thread. */
int compile_own(struct generation *g, const struct compile_input *in);

#endif
