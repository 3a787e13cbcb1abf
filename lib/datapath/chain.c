/* SPDX-License-Identifier: BSD-3-Clause */

#include "datapath/chain.h"
#include "net/csum.h"

void chain_cut(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *last = m;
	uint16_t segments = 1;

	m->pkt_len = len;
	for (; len > last->data_len; last = last->next, segments++)
		len -= last->data_len;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	last->data_len = (uint16_t)len;
	m->nb_segs = segments;
}

/* The part of [*off, *off + len) that lies in this segment; *off becomes what is left to skip. */
static uint32_t part(const struct rte_mbuf *m, uint32_t *off, uint32_t len, const uint8_t **from)
{
	if (*off >= m->data_len) {
		*off -= m->data_len;
		return 0;
	}
	const uint32_t n = m->data_len - *off < len ? m->data_len - *off : len;

	*from = rte_pktmbuf_mtod_offset(m, const uint8_t *, *off);
	*off = 0;
	return n;
}

void chain_copy(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint8_t *to)
{
	const uint8_t *from;

	for (; m && len; m = m->next) {
		const uint32_t n = part(m, &off, len, &from);

		if (n)
			memcpy(to, from, n);
		to += n;
		len -= n;
	}
}

uint16_t chain_sum(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t done = 0;
	uint64_t sum = 0;
	const uint8_t *from;

	for (; m && done < len; m = m->next) {
		const uint32_t n = part(m, &off, len - done, &from);
		const uint16_t s = n ? csum_bytes(from, n) : 0;

		/* what begins at an odd byte has its halves the other way round */
		sum += done & 1 ? __builtin_bswap16(s) : s;
		done += n;
	}
	return csum_fold(sum);
}
