/* SPDX-License-Identifier: BSD-3-Clause */

/* Which backend of the running configuration a slot belongs to, for lists that speak of slots. Made
 * anew when another job runs. Control thread. */

#ifndef SLUICED_SLOT_NAMES_H
#define SLUICED_SLOT_NAMES_H

#include "daemon.h"

struct slot_name {
	const char *pool, *backend; /* NULL = of no backend that is configured */
};

struct slot_names {
	uint64_t job; /* number of the job it was made from */
	struct slot_name of[BACKEND_SLOTS];
};

/* Bring it up to the running job. `names` zeroed to begin with. */
void slot_names_follow(struct slot_names *names, const struct daemon *d);

/* The slot of the backend that is written POOL/NAME, or -1. */
int slot_names_find(const struct slot_names *names, const char *path);

/* What stands for a backend that was taken out and still has connections: its address. buf:
 * SLOT_NAME_LEAVING_STRLEN bytes. Returns buf. */
#define SLOT_NAME_LEAVING_STRLEN (SL_ADDR_STRLEN + 16)
const char *slot_names_leaving(const struct daemon *d, uint16_t slot, char *buf);

#endif
