/* SPDX-License-Identifier: BSD-3-Clause */

/* What the control thread does for the lanes' flow tables. */

#ifndef SLUICED_FLOW_CARE_H
#define SLUICED_FLOW_CARE_H

#include "daemon.h"

/* How often flow_care_tick is due. */
#define FLOW_CARE_MS 100

/* Have memory at hand for tables that will soon grow. */
void flow_care_tick(struct daemon *d);

/* Write into each table which backend a slot stands for. */
void flow_care_name(struct daemon *d, uint16_t slot, const char *name);

#endif
