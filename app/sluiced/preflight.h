/* SPDX-License-Identifier: BSD-3-Clause */

/* Before anything is touched: may this process do what the configuration asks, and is it alone? */

#ifndef SLUICED_PREFLIGHT_H
#define SLUICED_PREFLIGHT_H

#include "conf/conf.h"

/* Capabilities for the kernel interfaces of the configuration. 0, or -EPERM with a message that
 * names what is missing. */
int preflight_capabilities(const struct conf *conf, struct sl_err *err);

/* Room for descriptors: the soft limit is raised to the hard one. 0, or -EMFILE with a message. */
int preflight_files(struct sl_err *err);

/* Take one kernel interface for this process: a name in the abstract UNIX socket space, which
 * belongs to the network namespace as the interface does, and ends with the process. Returns a
 * descriptor to keep open, or -errno with a message. */
int preflight_lock(const char *interface, struct sl_err *err);

#endif
