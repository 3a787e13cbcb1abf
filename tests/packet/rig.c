/* SPDX-License-Identifier: BSD-3-Clause */

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "rig.h"

#define POOL_MBUFS 4095

static struct rte_mempool *pool;
static uint32_t buffers;

int rig_start(void)
{
	static char room[][32] = {"packet-test", "--no-huge", "--no-shconf", "-m", "64", "--no-pci",
		"--no-telemetry", "--log-level=lib.*:error", "--lcores", "0@CPU"};
	enum { N = sizeof room / sizeof *room };
	char *argv[N + 1] = {0};

	snprintf(room[N - 1], sizeof room[0], "0@%d", sched_getcpu());
	for (int i = 0; i < N; i++)
		argv[i] = room[i];
	if (rte_eal_init(N, argv) < 0)
		return -rte_errno;
	pool = rte_pktmbuf_pool_create(
		"packets", POOL_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return pool ? 0 : -rte_errno;
}

void rig_stop(void)
{
	rte_mempool_free(pool);
	rte_eal_cleanup();
}

static void free_buffer(void *buffer, void *shared)
{
	free(buffer);
	free(shared);
	buffers--;
}

static struct rte_mbuf *segment(const void *data, uint32_t len, uint16_t headroom)
{
	struct rte_mbuf_ext_shared_info *shared = calloc(1, sizeof *shared);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *buffer = malloc(headroom + len);

	if (!shared || !m || (!buffer && headroom + len) || headroom + len > UINT16_MAX)
		abort();
	memset(buffer, RIG_POISON, headroom);
	memcpy(buffer + headroom, data, len);
	shared->free_cb = free_buffer;
	shared->fcb_opaque = shared;
	rte_mbuf_ext_refcnt_set(shared, 1);
	rte_pktmbuf_attach_extbuf(m, buffer, RTE_BAD_IOVA, (uint16_t)(headroom + len), shared);
	m->data_off = headroom;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	buffers++;
	return m;
}

struct rte_mbuf *rig_chain(
	const void *frame, uint32_t len, uint16_t headroom, uint32_t first, uint32_t next)
{
	const uint8_t *p = frame;
	uint32_t n = first < len ? first : len;
	struct rte_mbuf *head = segment(p, n, headroom);

	for (uint32_t off = n; off < len; off += n) {
		n = next && next < len - off ? next : len - off;
		if (rte_pktmbuf_chain(head, segment(p + off, n, 0)))
			abort();
	}
	return head;
}

struct rte_mbuf *rig_mbuf(const void *frame, uint32_t len, uint16_t headroom)
{
	return rig_chain(frame, len, headroom, len, 0);
}

uint32_t rig_bytes(const struct rte_mbuf *m, uint8_t *to, uint32_t room)
{
	uint32_t n = 0;

	for (; m; m = m->next) {
		if (n + m->data_len > room)
			abort();
		memcpy(to + n, rte_pktmbuf_mtod(m, const void *), m->data_len);
		n += m->data_len;
	}
	return n;
}

uint32_t rig_mbufs(void)
{
	return rte_mempool_in_use_count(pool);
}

uint32_t rig_buffers(void)
{
	return buffers;
}
