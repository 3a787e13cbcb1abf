/* SPDX-License-Identifier: BSD-3-Clause */

/* What a parsed packet means to the life of its flow. */

#ifndef SLUICE_DATAPATH_FLOW_EVENT_H
#define SLUICE_DATAPATH_FLOW_EVENT_H

#include "net/parse.h"
#include "table/flow.h"

static inline enum flow_event flow_event(const struct parsed *p)
{
	if (__builtin_expect(p->proto == PROTO_UDP, 0))
		return FLOW_EV_UDP;
	if (__builtin_expect(!(p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)), 1))
		return FLOW_EV_DATA;
	return p->tcp_flags & TCP_SYN ? FLOW_EV_SYN : FLOW_EV_END;
}

#endif
