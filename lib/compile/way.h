/* SPDX-License-Identifier: BSD-3-Clause */

/* The way of packets to a backend: pool's forwarding and next hop to transform. Builder thread. */

#ifndef SLUICE_COMPILE_WAY_H
#define SLUICE_COMPILE_WAY_H

#include "compile/compile.h"

/* Fill all of *out but its state. Pure. */
void compile_way(struct backend *out, const struct compile_input *in, const struct conf_pool *pool,
	const struct conf_backend *be, const struct compile_hop *hop);

#endif
