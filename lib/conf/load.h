/* SPDX-License-Identifier: BSD-3-Clause */

/* What conf_read shares with the rest of the module, so that one run reports the mistakes of both
 * steps. */

#ifndef SLUICE_CONF_LOAD_H
#define SLUICE_CONF_LOAD_H

#include "base/err.h"
#include "conf/conf.h"

/* As conf_load, but with mistakes in values *out still holds everything that could be read, objects
 * with a mistake marked in place.broken. *out is NULL only where nothing could be read. */
int load_file(const char *path, struct conf **out, struct sl_err *err);

#endif
