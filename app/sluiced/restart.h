/* SPDX-License-Identifier: BSD-3-Clause */

/* Which keys a running daemon cannot change: those whose schema row says so (.start). */

#ifndef SLUICED_RESTART_H
#define SLUICED_RESTART_H

#include "conf/conf.h"

/* True when `to` differs from the running configuration in a key that is only read at start; err
 * names each. */
bool restart_needed(const struct conf *from, const struct conf *to, struct sl_err *err);

#endif
