/* SPDX-License-Identifier: BSD-3-Clause */

/* What an errno of a socket says: something of the backend, or of us. */

#ifndef SLUICE_HEALTH_FAULT_H
#define SLUICE_HEALTH_FAULT_H

#include "base/addr.h"
#include "health/result.h"

/* error: of socket, connect, send or receive on the way to that address. *why: a phrase for a
 * person, static or of strerror's making: to be copied at once. Asks the kernel for a route where
 * the error alone does not tell a missing route of ours from an ICMP error on the way. */
enum health_code fault_code(int error, const struct sl_addr *to, const char **why);

#endif
