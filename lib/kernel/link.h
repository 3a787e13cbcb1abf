/* SPDX-License-Identifier: BSD-3-Clause */

/* Interfaces of the kernel, as seen from the network namespace of the calling process. */

#ifndef SLUICE_KERNEL_LINK_H
#define SLUICE_KERNEL_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

struct link_info {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	struct sl_ether mac; /* zero where the interface is not Ethernet */
	uint32_t mtu;        /* bytes */
	bool up;             /* set up by the operator */
	bool carrier;        /* and something at the other end */
	uint32_t rx_queues;  /* in use now, at least 1 */
	uint32_t tx_queues;
};

/* Look an interface up by name. 0; -ENODEV when there is none, with a sentence that names what
 * exists; -EINVAL for a name no interface can have; another -errno when the kernel could not be
 * asked. */
int link_find(const char *name, struct link_info *out, struct sl_err *err);

/* Is an interface up, with something at the other end? False when there is none. One system call or
 * two: cheap enough to be asked often. */
bool link_has_carrier(const char *name);

#endif
