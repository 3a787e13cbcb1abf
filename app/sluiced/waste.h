/* SPDX-License-Identifier: BSD-3-Clause */

/* A large configuration takes tens of milliseconds to free: that is done beside the control loop.
 * Control thread. */

#ifndef SLUICED_WASTE_H
#define SLUICED_WASTE_H

struct conf;
struct errands;

struct waste {
	struct errands *errands; /* who frees; NULL: the caller, at once */
};

/* free_fn(thing) beside the loop, or at once. */
void waste_thing(const struct waste *waste, void *thing, void (*free_fn)(void *thing));

/* Free a configuration that nobody uses any more. waste NULL is fine, and so is conf. */
void waste_conf(const struct waste *waste, struct conf *conf);

#endif
