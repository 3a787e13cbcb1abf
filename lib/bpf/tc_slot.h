/* SPDX-License-Identifier: BSD-3-Clause */

/* One place in the tc ingress of an interface that belongs to one program of ours: a fixed priority
 * and handle. Control thread only. Not for users of the module. */

#ifndef SLUICE_BPF_TC_SLOT_H
#define SLUICE_BPF_TC_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Ours come before filters at tc's automatic priorities (49152 and down). */
#define TC_SLOT_PRIORITY_DECAP 61
#define TC_SLOT_PRIORITY_STEER 62

struct tc_slot {
	const char *ifname; /* for messages; the caller's */
	int ifindex;
	const char *prog;  /* name of the program of ours that may stand here */
	uint32_t priority; /* TC_SLOT_PRIORITY_ */
	bool made_qdisc;   /* clsact is ours: remove it with the filter */
	uint32_t prog_id;  /* what tc_slot_attach put there; 0 = nothing */
};

/* Create clsact if the interface has none (then made_qdisc is true) and look into the slot. Returns
 * a file descriptor of the program of ours that was left there, -ENOENT when the slot is free,
 * other -errno with a message: -EEXIST when a foreign filter stands there. After an error the qdisc
 * is as it was. */
int tc_slot_open(struct tc_slot *slot, struct sl_err *err);

/* Put the program into the slot; replace: in exchange for the one that tc_slot_open found, without
 * a gap. */
int tc_slot_attach(struct tc_slot *slot, int prog_fd, bool replace, struct sl_err *err);

/* Take out a program of ours that was left in the slot, if there is one. A foreign filter stays. */
void tc_slot_clear(struct tc_slot *slot);

/* Take our program out if it is still the one that was put there, and the qdisc if it is ours and
 * holds no filter of anybody. A vanished interface is fine. */
void tc_slot_close(struct tc_slot *slot);

#endif
