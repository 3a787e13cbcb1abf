/* SPDX-License-Identifier: BSD-3-Clause */

/* SLOW: how many times fewer steps a build with sanitizers takes. */

#ifndef SLUICE_TESTS_SLOW_H
#define SLUICE_TESTS_SLOW_H

#if defined(__SANITIZE_ADDRESS__)
#define SLOW 2
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOW 2
#endif
#endif
#ifndef SLOW
#define SLOW 1
#endif

#endif
