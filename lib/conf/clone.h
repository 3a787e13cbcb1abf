/* SPDX-License-Identifier: BSD-3-Clause */

/* What clone.c shares with the rest of the module. */

#ifndef SLUICE_CONF_CLONE_H
#define SLUICE_CONF_CLONE_H

#include "conf/arena.h"
#include "conf/schema.h"

/* Make *to a copy of *from, an element of `list`, with everything it points to. 0 or -ENOMEM. */
int clone_object(struct conf_arena *arena, const struct conf_row *list, void *to, const void *from);

#endif
