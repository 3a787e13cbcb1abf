/* SPDX-License-Identifier: BSD-3-Clause */

/* What this CPU can do beyond the instruction set of the build. Asked once at start, never per
 * packet. */

#ifndef SLUICE_EAL_CPU_H
#define SLUICE_EAL_CPU_H

#include <stdbool.h>

/* AES-NI: the AES round instructions on 128-bit registers. */
bool cpu_has_aes(void);

#endif
