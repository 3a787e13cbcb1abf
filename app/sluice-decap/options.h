/* SPDX-License-Identifier: BSD-3-Clause */

/* The command line of sluice-decap. */

#ifndef SLUICE_DECAP_OPTIONS_H
#define SLUICE_DECAP_OPTIONS_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/array.h"
#include "base/err.h"

struct dscp_vip {
	uint8_t dscp;
	struct sl_addr vip;
};

struct options {
	const char *ifname;
	sl_array(struct sl_prefix) vips; /* without duplicates, in the order given */
	sl_array(struct dscp_vip) dscp;  /* their VIPs are among the above */
	uint16_t gue_port;
	bool help, version; /* then the rest may be missing */
};

/* Fill *o (zeroed by the caller, freed with options_free in any case). 0, or -EINVAL with every
 * mistake. */
int options_parse(struct options *o, int argc, char **argv, struct sl_err *err);

void options_free(struct options *o);

/* The text of --help. */
const char *options_help(void);

#endif
