/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <linux/neighbour.h>

#include "kernel/hop.h"

/* After a refusal that asking again at once would not mend (interface down). */
#define RETRY_MS 1000

enum hop_action hop_due(const struct hop *h, uint64_t now_ms)
{
	static const enum hop_action action[] = {
		[HOP_UNKNOWN] = HOP_DO_READ,
		[HOP_FRESH] = HOP_DO_PROBE,
		[HOP_ASKED] = HOP_DO_FAIL,
		[HOP_SEARCH] = HOP_DO_SEARCH,
		[HOP_FIXED] = HOP_DO_NOTHING,
		[HOP_UNUSED] = HOP_DO_RELEASE,
	};

	if (now_ms < h->due_ms)
		return HOP_DO_NOTHING;
	return h->phase == HOP_SEARCH && !h->exists ? HOP_DO_CREATE : action[h->phase];
}

/* A search repeated because nobody answers costs the three broadcasts that the kernel sends. */
uint32_t hop_cost(const struct hop *h, enum hop_action action)
{
	switch (action) {
	case HOP_DO_PROBE:
		return 1;
	case HOP_DO_SEARCH:
	case HOP_DO_CREATE:
		return h->silent && !h->has_mac ? 3 : 1;
	default:
		return 0;
	}
}

static void ask_opens(struct hop *h, uint64_t now_ms)
{
	h->ours = true;
	if (h->silent)
		return;
	h->silent = true;
	h->silent_ms = now_ms;
}

void hop_acted(struct hop *h, enum hop_action action, uint64_t now_ms)
{
	switch (action) {
	case HOP_DO_READ:
	case HOP_DO_RELEASE: /* not twice in a round, whose first answer is the end of it */
		h->due_ms = now_ms + RETRY_MS;
		break;
	case HOP_DO_PROBE:
		ask_opens(h, now_ms);
		h->phase = HOP_ASKED;
		h->due_ms = now_ms + HOP_ASK_MS;
		break;
	case HOP_DO_FAIL:
	case HOP_DO_SEARCH:
	case HOP_DO_CREATE:
		ask_opens(h, now_ms);
		h->phase = HOP_SEARCH;
		h->due_ms = now_ms + HOP_SEARCH_MS;
		h->searched_ms = now_ms;
		break;
	default:
		break;
	}
}

static void reread(struct hop *h, uint64_t now_ms)
{
	h->phase = HOP_UNKNOWN;
	h->due_ms = now_ms;
}

void hop_doubt(struct hop *h, uint64_t now_ms)
{
	if (h->phase != HOP_UNUSED)
		reread(h, now_ms);
}

/* A new entry searches, except on an interface without ARP, where it is complete from the start and
 * no event tells so: have a look. */
void hop_created(struct hop *h, uint64_t now_ms)
{
	h->exists = true;
	reread(h, now_ms);
}

void hop_refused(struct hop *h, enum hop_action action, int error, uint64_t now_ms)
{
	/* These say that the entry is not as we think; anything else that now is no good moment. */
	const bool mistaken = error == -EEXIST || error == -ENOENT || error == -EINVAL;

	switch (action) {
	case HOP_DO_READ:
		if (error == -ENOENT)
			hop_gone(h, now_ms);
		break; /* else again when hop_acted() said */
	case HOP_DO_PROBE:
	case HOP_DO_SEARCH:
	case HOP_DO_CREATE:
		if (mistaken)
			reread(h, now_ms);
		else
			h->due_ms = now_ms + RETRY_MS;
		break;
	default: /* after HOP_DO_FAIL the search follows anyhow, a released one is forgotten */
		break;
	}
}

/* Search as soon as allowed: an interface on which each search fails at once must not make us spin.
 */
static void search_soon(struct hop *h, uint64_t now_ms)
{
	const uint64_t again_ms = h->searched_ms ? h->searched_ms + RETRY_MS : 0;

	h->phase = HOP_SEARCH;
	h->due_ms = again_ms > now_ms ? again_ms : now_ms;
}

void hop_gone(struct hop *h, uint64_t now_ms)
{
	h->exists = false;
	if (h->phase != HOP_UNUSED)
		search_soon(h, now_ms);
}

/* Spread, so that next hops that were found together are not asked together for ever. Refreshing
 * all takes about nine tenths of the questions: the rest is for those not found yet. */
static uint64_t refresh_due(struct hop_table *t, uint64_t now_ms)
{
	const uint64_t fair_ms = t->count * 1250 / HOP_ASKS_PER_SEC;
	const uint64_t interval_ms = fair_ms > HOP_REFRESH_MS ? fair_ms : HOP_REFRESH_MS;

	t->random ^= t->random << 13;
	t->random ^= t->random >> 17;
	t->random ^= t->random << 5;
	return now_ms + interval_ms - t->random % (interval_ms / 4);
}

static bool same_mac(const struct hop *h, const struct sl_ether *mac)
{
	return h->has_mac && memcmp(&h->mac, mac, sizeof *mac) == 0;
}

static bool learn(struct hop *h, const struct sl_ether *mac)
{
	const bool changed = !same_mac(h, mac);

	h->mac = *mac;
	h->has_mac = true;
	return changed;
}

/* A MAC without a fresh confirmation. It is news when we knew another one or none; an entry that
 * only grew old, or that the kernel is questioning itself, tells nothing. */
static bool heard_unconfirmed(struct hop *h, const struct sl_ether *mac, uint64_t now_ms)
{
	const bool asking = h->phase == HOP_FRESH || h->phase == HOP_ASKED;

	if (asking && same_mac(h, mac))
		return false;
	if (h->phase != HOP_UNKNOWN || !same_mac(h, mac))
		h->silent = false;
	h->phase = HOP_FRESH;
	h->due_ms = now_ms;
	return learn(h, mac);
}

static void heard_no_mac(struct hop *h, uint16_t nud, uint64_t now_ms)
{
	if (!(nud & NUD_INCOMPLETE))
		search_soon(h, now_ms);
	else if (h->phase != HOP_SEARCH)
		hop_acted(h, HOP_DO_SEARCH, now_ms); /* the kernel searches already */
}

/* Without a MAC: not an Ethernet, there will never be one. */
static bool heard_fixed(struct hop *h, const struct sl_ether *mac)
{
	const bool had_mac = h->has_mac;

	h->phase = HOP_FIXED;
	h->silent = h->ours = false;
	if (mac)
		return learn(h, mac);
	h->has_mac = false;
	return had_mac;
}

bool hop_heard(struct hop_table *t, struct hop *h, uint16_t nud, const struct sl_ether *mac,
	uint64_t now_ms)
{
	h->exists = true;
	if (h->phase == HOP_UNUSED)
		return false;
	if (nud & (NUD_PERMANENT | NUD_NOARP))
		return heard_fixed(h, mac);
	if (mac && nud & NUD_REACHABLE) {
		h->phase = HOP_FRESH;
		h->silent = false;
		h->due_ms = refresh_due(t, now_ms);
		return learn(h, mac);
	}
	if (mac && nud & (NUD_STALE | NUD_DELAY | NUD_PROBE))
		return heard_unconfirmed(h, mac, now_ms);
	heard_no_mac(h, nud, now_ms);
	return false;
}

bool hop_expire(struct hop *h, uint64_t now_ms)
{
	if (!h->has_mac || !h->silent || now_ms < h->silent_ms + HOP_LOST_MS)
		return false;
	h->has_mac = false;
	return true;
}
