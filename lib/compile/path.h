/* SPDX-License-Identifier: BSD-3-Clause */

/* What routers and hosts have told about the way of our tunnel to one backend. Pure. Control
 * thread. */

#ifndef SLUICE_COMPILE_PATH_H
#define SLUICE_COMPILE_PATH_H

#include <stdbool.h>
#include <stdint.h>

/* An MTU that nobody has told again is forgotten after this time (RFC 1191, 6.3; RFC 8201, 5.3). */
#define PATH_LIFE_MS 600000

struct path {
	uint16_t mtu;         /* bytes of an outer packet; 0 = none was told */
	uint64_t until_ms;    /* mtu is valid so long */
	uint64_t unreachable; /* errors that spoke of something else */
};

/* Take an MTU that was told. It never goes below what every path carries (icmp_mtu_min) and our
 * outer header, so that packets of that size pass whatever we are told. The path is one of which
 * `now_mtu` is the MTU so far. overhead: bytes that go in front of a packet, more than 0; v6:
 * family of the outer header. True when the MTU is another one now: it never rises by what is told.
 */
bool path_lower(struct path *p, uint32_t mtu, uint32_t now_mtu, uint32_t overhead, bool v6,
	uint64_t now_ms);

/* True when the MTU has just been forgotten. */
bool path_expire(struct path *p, uint64_t now_ms);

/* The MTU of a path that is `mtu` without what was told; 0 = not known. */
static inline uint32_t path_mtu(const struct path *p, uint32_t mtu)
{
	return p->mtu && (!mtu || p->mtu < mtu) ? p->mtu : mtu;
}

#endif
