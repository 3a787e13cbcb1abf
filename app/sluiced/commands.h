/* SPDX-License-Identifier: BSD-3-Clause */

/* The commands of the control socket: one row each. */

#ifndef SLUICED_COMMANDS_H
#define SLUICED_COMMANDS_H

#include "ctl/command.h"

extern const struct ctl_command commands[];
extern const size_t commands_count;

#endif
