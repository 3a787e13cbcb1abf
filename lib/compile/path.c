/* SPDX-License-Identifier: BSD-3-Clause */

#include "compile/path.h"
#include "net/icmp.h"

bool path_lower(
	struct path *p, uint32_t mtu, uint32_t now_mtu, uint32_t overhead, bool v6, uint64_t now_ms)
{
	const uint32_t least = overhead + icmp_mtu_min(v6);

	if (mtu < least)
		mtu = least;
	now_mtu = path_mtu(p, now_mtu);
	if (p->mtu && mtu == p->mtu)
		p->until_ms = now_ms + PATH_LIFE_MS;
	if (mtu >= now_mtu)
		return false;
	p->mtu = (uint16_t)mtu;
	p->until_ms = now_ms + PATH_LIFE_MS;
	return true;
}

bool path_expire(struct path *p, uint64_t now_ms)
{
	if (!p->mtu || now_ms < p->until_ms)
		return false;
	p->mtu = 0;
	return true;
}
