/* SPDX-License-Identifier: BSD-3-Clause */

/* The control loop: signals, timers, netlink, the control socket, on the main lcore. It sleeps when
 * there is nothing to do. */

#ifndef SLUICED_CONTROL_H
#define SLUICED_CONTROL_H

#include "daemon.h"

/* Make the event loop and the control socket; the socket answers when control_run() runs.
 * 0, or -errno with a message; control_close() is due in any case. */
int control_open(struct daemon *d, const struct conf *conf, struct sl_err *err);

/* Run until SIGTERM or SIGINT. */
void control_run(struct daemon *d);

void control_close(struct daemon *d);

#endif
