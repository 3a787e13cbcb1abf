/* SPDX-License-Identifier: BSD-3-Clause */

/* What a lane has read in ICMP errors about our own tunnel packets, for the control thread: a ring
 * with one writer and one reader. A full ring is the writer's to say; nobody waits. */

#ifndef SLUICE_DATAPATH_REPORT_H
#define SLUICE_DATAPATH_REPORT_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define REPORTS 32 /* a power of two */

struct report {
	struct sl_addr backend; /* to whom the tunnel leads */
	struct sl_addr teller;  /* who sent the error */
	uint16_t mtu;       /* bytes of an outer packet that pass; 0: it is about something else */
	uint16_t port;      /* of GUE; 0: IP in IP */
	uint8_t type, code; /* of the message */
};

struct report_ring {
	alignas(64) uint32_t head; /* worker: rw */
	alignas(64) uint32_t tail; /* control: rw */
	struct report at[REPORTS]; /* [tail, head): control: ro; the others worker: rw */
};

/* False: there is no room. Worker. */
static inline bool report_push(struct report_ring *r, const struct report *what)
{
	if (r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) == REPORTS)
		return false;
	r->at[r->head % REPORTS] = *what;
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
	return true;
}

/* False: there is none. Control thread. */
static inline bool report_pop(struct report_ring *r, struct report *out)
{
	if (__atomic_load_n(&r->head, __ATOMIC_ACQUIRE) == r->tail)
		return false;
	*out = r->at[r->tail % REPORTS];
	__atomic_store_n(&r->tail, r->tail + 1, __ATOMIC_RELEASE);
	return true;
}

#endif
