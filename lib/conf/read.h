/* SPDX-License-Identifier: BSD-3-Clause */

/* The settings of libconfig into struct conf, as the schema rows say. */

#ifndef SLUICE_CONF_READ_H
#define SLUICE_CONF_READ_H

#include <libconfig.h>
#include <stdbool.h>

#include "base/err.h"
#include "conf/conf.h"
#include "conf/scan.h"

struct read {
	struct conf *conf;
	const struct scan_text *text; /* knows the places of settings */
	struct sl_err *err;
	unsigned int mistakes;
	bool no_memory;
};

/* Read all settings below root; mistakes are counted and reported, what stands beside them is read.
 */
void read_file(struct read *read, config_setting_t *root);

#endif
