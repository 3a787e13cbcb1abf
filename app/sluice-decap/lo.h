/* SPDX-License-Identifier: BSD-3-Clause */

/* VIPs as addresses of the loopback interface, prefixes as local routes to it, over rtnetlink. */

#ifndef SLUICE_DECAP_LO_H
#define SLUICE_DECAP_LO_H

#include "base/addr.h"
#include "base/err.h"

/* Packets to addresses of lo are received only while it is up. 0, or -errno with the way to mend
 * it. */
int lo_check(struct sl_err *err);

/* Put the VIP on lo: an address as /32 or /128, usable at once and never chosen as the source of
 * the host's own connections; a prefix as a local route, so that every address of it is received.
 * 0, -EEXIST when it is there already (no message), or other -errno. */
int lo_add(const struct sl_prefix *vip, struct sl_err *err);

/* Take it off. One that is not there is fine. */
int lo_remove(const struct sl_prefix *vip, struct sl_err *err);

#endif
