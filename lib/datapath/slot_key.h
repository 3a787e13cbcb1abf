/* SPDX-License-Identifier: BSD-3-Clause */

/* The fields of a flow key that choose a table entry. */

#ifndef SLUICE_DATAPATH_SLOT_KEY_H
#define SLUICE_DATAPATH_SLOT_KEY_H

#include "net/key.h"
#include "table/generation.h"

/* Keep only the fields of the key that a pool hashes, which are not all of them. */
static inline void slot_key_narrow(struct flow_key *k, bool v6, enum slot_fields fields)
{
	if (fields == SLOT_FIELDS_SOURCE)
		key_keep_source(k, v6);
	else
		key_keep_addresses(k, v6);
}

#endif
