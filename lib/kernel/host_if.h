/* SPDX-License-Identifier: BSD-3-Clause */

/* The interface that owns the VIPs on the host: a TAP that lives as long as this process. When the
 * daemon dies, however it dies, the kernel removes the TAP, its addresses and its routes, and a
 * routing daemon that announces them withdraws them by itself.
 *
 * Nobody reads the TAP. What the kernel sends to it is discarded: its queue holds one frame, the
 * next one is dropped (and counted as a TX drop of the interface). It does not speak ARP, router or
 * multicast discovery, and has no link-local address.
 *
 * One thread at a time. */

#ifndef SLUICE_KERNEL_HOST_IF_H
#define SLUICE_KERNEL_HOST_IF_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"

/* Its name, where sluiced makes it. */
#define HOST_IF_NAME "sluice0"

struct host_if;

/* Make the TAP, up and with carrier, without address. 0; or -errno with a sentence that says how to
 * mend it: -EBUSY (the name is in use), -EPERM, -ENOENT (no /dev/net/tun), -EINVAL (not a name). */
int host_if_open(const char *name, struct host_if **out, struct sl_err *err);

/* What it holds from now on. An address as /32 or /128, usable at once (no duplicate address
 * detection). A prefix as two routes to the interface, whatever its size: of type local, so that
 * the kernel takes every address of it for its own and answers ARP (the neighbour discovery of IPv6
 * knows single addresses only: a prefix has to be routed here), and in the main table, for routing
 * daemons to learn. New ones are added before old ones go. Duplicates allowed. 0; or -errno with a
 * message for each one refused. What cannot be added keeps all others from being removed. What was
 * refused, in whole or in part, is asked for again by the next call. */
int host_if_set_vips(struct host_if *h, const struct sl_prefix *vips, size_t n, struct sl_err *err);

/* Removes the TAP. NULL is fine. */
void host_if_close(struct host_if *h);

#endif
