/* SPDX-License-Identifier: BSD-3-Clause */

/* The stages of the packet path, in their order. Each walks the live packets of one burst.
 * Worker only; no allocation, no lock, no system call. */

#ifndef SLUICE_DATAPATH_STAGE_H
#define SLUICE_DATAPATH_STAGE_H

#include "datapath/burst.h"

/* Frame to flow key: fills info, key, is6. Ends what is malformed or not for this port. */
void stage_parse(struct lane *l, const struct generation *g, struct burst *b);

/* Flow key to service. Ends what no VIP serves. */
void stage_classify(struct lane *l, const struct generation *g, struct burst *b);

/* Service and key to backend, by the table of the pool: fills hash, backend, transform, tx_port. */
void stage_select(struct lane *l, const struct generation *g, struct burst *b);

/* Write the headers for the backend, one code path a kind. Ends what does not fit. */
void stage_transform(struct lane *l, const struct generation *g, struct burst *b);

#endif
