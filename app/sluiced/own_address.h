/* SPDX-License-Identifier: BSD-3-Clause */

/* A backend must not be this machine: what is tunnelled to one of our own addresses comes back to
 * us. The file alone cannot tell, so this is asked where the daemon runs, and not by --check. */

#ifndef SLUICED_OWN_ADDRESS_H
#define SLUICED_OWN_ADDRESS_H

#include "base/err.h"
#include "conf/conf.h"

/* Asks the kernel for the addresses of this network namespace. Pools that are the same in `from`
 * (NULL: none) were looked at before. 0, or -EINVAL with a message for each such backend; 0 too
 * where no port has a kernel interface, or the kernel does not say. Any thread. */
int own_address_check(const struct conf *from, const struct conf *conf, struct sl_err *err);

#endif
