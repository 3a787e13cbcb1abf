/* SPDX-License-Identifier: BSD-3-Clause */

/* What this CPU can do beyond the instruction set of the build. Asked once at start, never per
 * packet. */

#ifndef SLUICE_EAL_CPU_H
#define SLUICE_EAL_CPU_H

#include <stdbool.h>

/* AES-NI: the AES round instructions on 128-bit registers. */
bool cpu_has_aes(void);

/* What compilers use with -march=x86-64-v3: AVX2, BMI1, BMI2, FMA, LZCNT, MOVBE (x86-64
 * psABI, 3.1.1), and an operating system that keeps the wide registers. */
bool cpu_has_v3(void);

#endif
