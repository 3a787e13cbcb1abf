/* SPDX-License-Identifier: BSD-3-Clause */

#include <rte_thash.h>

#include "datapath/rss.h"
#include "net/key.h"

uint32_t rss_hash(
	const uint8_t rss_key[RSS_KEY_BYTES], const struct flow_key *key, bool ports, bool v6)
{
	const uint32_t n = key_rss_words(ports, v6);
	uint32_t words[sizeof *key / sizeof(uint32_t)];

	for (uint32_t i = 0; i < n; i++)
		words[i] = be32toh(hdr_load32((const uint8_t *)key->w + 4 * i));
	return rte_softrss(words, n, rss_key);
}

uint16_t rss_queue(const struct rss_map *m, const struct flow_key *key, bool v6)
{
	uint16_t sport, dport;
	uint8_t proto;

	if (m->n_queues == 1)
		return 0;
	if (!m->known)
		return RSS_UNKNOWN;
	key_transport(key, v6, &sport, &dport, &proto);
	const uint8_t fields = m->fields[v6][proto == PROTO_UDP];

	if (fields == RSS_NOTHING)
		return RSS_UNKNOWN;
	return m->table[rss_hash(m->key, key, fields == RSS_PORTS, v6) % m->table_size];
}
