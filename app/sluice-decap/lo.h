/* SPDX-License-Identifier: BSD-3-Clause */

/* VIPs as addresses of the loopback interface, over rtnetlink. */

#ifndef SLUICE_DECAP_LO_H
#define SLUICE_DECAP_LO_H

#include "base/addr.h"
#include "base/err.h"

/* Packets to addresses of lo are received only while it is up. 0, or -errno with the way to mend
 * it. */
int lo_check(struct sl_err *err);

/* Put the address on lo, /32 or /128, usable at once and never chosen as the source of the host's
 * own connections. 0, -EEXIST when it is there already (no message), or other -errno. */
int lo_add(const struct sl_addr *addr, struct sl_err *err);

/* Take it off. One that is not there is fine. */
int lo_remove(const struct sl_addr *addr, struct sl_err *err);

#endif
