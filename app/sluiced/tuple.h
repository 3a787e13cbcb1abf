/* SPDX-License-Identifier: BSD-3-Clause */

/* The two ends of a connection as a person writes them: 192.0.2.1:40000 and 203.0.113.10:443/tcp,
 * [2001:db8::1]:40000 and [2001:db8::10]:443/tcp. */

#ifndef SLUICED_TUPLE_H
#define SLUICED_TUPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/flow_key.h"

struct tuple {
	struct sl_addr client, vip;
	uint16_t client_port, vip_port; /* host order */
	uint8_t proto;                  /* IPPROTO_TCP or IPPROTO_UDP */
};

/* 0, or -EINVAL with a sentence that says what is wrong and how it is written. */
int tuple_parse(const char *client, const char *service, struct tuple *out, struct sl_err *err);

/* "[2001:db8::1]:40000". buf: TUPLE_STRLEN bytes. Returns buf. */
#define TUPLE_STRLEN (SL_ADDR_STRLEN + 16)
const char *tuple_end(const struct sl_addr *a, uint16_t port, char *buf);

/* The key that its packets have; *v6 is their family. */
struct flow_key tuple_key(const struct tuple *t, bool *v6);

/* The tuple of a key. */
struct tuple tuple_of_key(const struct flow_key *k, bool v6);

#endif
