/* SPDX-License-Identifier: BSD-3-Clause */

/* What clone.c shares with the rest of the module. */

#ifndef SLUICE_CONF_CLONE_H
#define SLUICE_CONF_CLONE_H

#include "conf/arena.h"
#include "conf/conf.h"
#include "conf/schema.h"

/* Make *to a copy of *from, an element of `list`, with everything it points to. 0 or -ENOMEM. */
int clone_object(struct conf_arena *arena, const struct conf_row *list, void *to, const void *from);

/* Make one of the outermost lists the configuration's own: it is about to change. 0 or -ENOMEM. */
int clone_own(struct conf *conf, const struct conf_row *list);

/* Let go of the lists of other configurations. */
void clone_return(struct conf *conf);

#endif
