/* SPDX-License-Identifier: BSD-3-Clause */

/* Decapsulation on one interface of a backend (decap.bpf.c on tc ingress), and the memory of what
 * was changed for it. Both live in the kernel with the filter: after a kill packets go on being
 * decapsulated, and the successor inherits VIPs and memory without a gap.
 *
 * One thread, in the network namespace of the interface. decap_open needs CAP_BPF,
 * CAP_PERFMON and CAP_NET_ADMIN, and CAP_SYS_ADMIN if there is a predecessor. */

#ifndef SLUICE_BPF_DECAP_H
#define SLUICE_BPF_DECAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "bpf/shared.h"

struct decap;

/* Attach to tc ingress of an Ethernet interface, creating clsact if it is missing; gue_port: UDP
 * port of GUE. The filter of a killed predecessor is replaced and its VIPs, DSCP values and state
 * are taken over; filters of others stay. 0 and *out, or -errno: -ENODEV no such interface, -EEXIST
 * foreign filter in our place. */
int decap_open(const char *ifname, uint16_t gue_port, struct decap **out, struct sl_err *err);

/* What has to be undone: of a predecessor, or all zero. The caller changes it, then calls
 * decap_save. */
struct decap_state *decap_state(struct decap *d);
int decap_save(struct decap *d, struct sl_err *err);

/* All VIPs in the maps, *list to be freed by the caller. 0, or -ENOMEM. */
int decap_vips(struct decap *d, struct sl_prefix **list, size_t *n);

/* DECAP_VIP and DECAP_ADDED of a VIP; 0 for one that is not in the maps. */
uint32_t decap_vip_flags(struct decap *d, const struct sl_prefix *vip);

/* Put a VIP in with these flags, or take it out with 0. 0, or -errno: -E2BIG or -ENOSPC map full.
 */
int decap_vip_set(struct decap *d, const struct sl_prefix *vip, uint32_t flags, struct sl_err *err);

/* Let a DSCP (1-63) stand for a VIP of this family, or with NULL for none. 0, or -errno. */
int decap_dscp_set(
	struct decap *d, uint8_t dscp, bool v6, const struct sl_addr *vip, struct sl_err *err);

/* The VIP that a DSCP stands for; false without one. */
bool decap_dscp_get(struct decap *d, uint8_t dscp, bool v6, struct sl_addr *vip);

/* Detach, remove the qdisc if it was made here and holds no filter of anybody, and free. NULL is
 * fine, and so is an interface that is gone. */
void decap_close(struct decap *d);

#endif
