/* SPDX-License-Identifier: BSD-3-Clause */

/* Connections that a change by command would cut: refused with EBUSY, unless the caller says
 * "force". A reload says what is wanted as a whole and is not asked. Control thread. */

#ifndef SLUICED_CUT_H
#define SLUICED_CUT_H

#include "ctl/command.h"

struct change_draft;
struct daemon;

/* A backend is to be taken out. With force its connections go to others with their next packet. 0,
 * or -errno after ctl_call_fail(). */
int cut_backend(struct ctl_call *call, const struct daemon *d, struct change_draft *draft,
	const char *pool, const char *backend);

/* A VIP is to be taken off. Flows are counted by backend, so what is refused is a VIP that had
 * connections and whose pools have some now. 0, or -errno after ctl_call_fail(). */
int cut_vip(struct ctl_call *call, const struct daemon *d, const char *vip);

#endif
