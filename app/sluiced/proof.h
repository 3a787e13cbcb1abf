/* SPDX-License-Identifier: BSD-3-Clause */

/* May a configuration follow another one, and what would it change? All that is asked of a change
 * before it is accepted. Pure but for files that the configuration names and the
 * addresses of this machine; any thread. */

#ifndef SLUICED_PROOF_H
#define SLUICED_PROOF_H

#include <stdbool.h>

#include "conf/conf.h"

struct proof {
	bool any;       /* they differ */
	bool addresses; /* perhaps by some whose next hops are not known */
};

/* `to` is to follow `from`, which was accepted. 0 and what differs, or -errno with every reason in
 * err. */
int proof_make(const struct conf *from, struct conf *to, struct proof *out, struct sl_err *err);

/* The same for a clone of `from` on which only such keys were edited as go with any others: it is
 * conf.proven still. Short. */
int proof_of_small(
	const struct conf *from, const struct conf *to, struct proof *out, struct sl_err *err);

#endif
