/* SPDX-License-Identifier: BSD-3-Clause */

/* Mbufs for the packet tests. DPDK comes without instrumentation, so AddressSanitizer sees nothing
 * inside a mempool: each segment here has a buffer of its own from malloc, headroom and data and
 * not one byte more, and a read or write past either end stops the test. */

#ifndef SLUICE_TESTS_RIG_H
#define SLUICE_TESTS_RIG_H

#include <stdint.h>

#include <rte_mbuf.h>

/* Room in front of the frame as a driver leaves it. */
#define RIG_HEADROOM 128

/* What stands in the headroom at first. */
#define RIG_POISON   0xff

/* Start DPDK without hugepages, devices of the machine or files. 0 or -errno. */
int rig_start(void);
void rig_stop(void);

/* A frame in one piece. Never NULL: without memory the test ends. */
struct rte_mbuf *rig_mbuf(const void *frame, uint32_t len, uint16_t headroom);

/* A frame in pieces of `first` bytes, then of `next` bytes each. next 0: all the rest. */
struct rte_mbuf *rig_chain(
	const void *frame, uint32_t len, uint16_t headroom, uint32_t first, uint32_t next);

/* Copy the data of all segments; returns their sum. */
uint32_t rig_bytes(const struct rte_mbuf *m, uint8_t *to, uint32_t room);

/* Mbufs, and buffers, that are in use. */
uint32_t rig_mbufs(void);
uint32_t rig_buffers(void);

#endif
