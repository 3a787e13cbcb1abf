/* SPDX-License-Identifier: BSD-3-Clause */

/* Kernel settings (sysctl) that a backend needs on the interface where its VIP traffic arrives.
 * Only the interface's own are touched; the kernel uses the greater of that and of `all`. */

#ifndef SLUICE_DECAP_SETTINGS_H
#define SLUICE_DECAP_SETTINGS_H

#include "base/err.h"
#include "bpf/decap.h"

/* Set what IPv4 VIPs need and note in decap_state(d), before each change, what it was. What a
 * predecessor set is kept as it is. 0, or -errno. */
int settings_apply(struct decap *d, const char *ifname, struct sl_err *err);

/* Give every changed setting its former value, unless somebody else has changed it since. A
 * vanished interface is fine. */
void settings_restore(struct decap *d, const char *ifname);

/* A VIP of family IPv6 needs IPv6 on the interface and on lo. 0, or -EINVAL with the way to mend
 * it. */
int settings_check_ipv6(const char *ifname, struct sl_err *err);

#endif
