/* SPDX-License-Identifier: BSD-3-Clause */

/* What a parsed packet means to the life of its flow. */

#ifndef SLUICE_DATAPATH_FLOW_EVENT_H
#define SLUICE_DATAPATH_FLOW_EVENT_H

#include "net/parse.h"
#include "table/flow.h"

/* Two bits for each opening (parse.h); FIN, SYN and RST never come together. */
#define FLOW_EVENT_OF(opening, event) ((uint32_t)FLOW_EV_##event << 2 * (opening))
#define FLOW_EVENT_LIST                                                                       \
	(FLOW_EVENT_OF(0, DATA) | FLOW_EVENT_OF(TCP_FIN, END) | FLOW_EVENT_OF(TCP_SYN, SYN) | \
		FLOW_EVENT_OF(TCP_RST, END) | FLOW_EVENT_OF(PARSED_UDP, UDP))

/* Without a branch: one on the protocol would be guessed wrong whenever TCP and UDP come mixed. */
static inline enum flow_event flow_event(const struct parsed *p)
{
	return (enum flow_event)(FLOW_EVENT_LIST >> 2 * p->opening & 3);
}

#endif
