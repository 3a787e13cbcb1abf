/* SPDX-License-Identifier: BSD-3-Clause */

/* Bytes of a packet that may lie in several mbufs. Worker. */

#ifndef SLUICE_DATAPATH_CHAIN_H
#define SLUICE_DATAPATH_CHAIN_H

#include <rte_mbuf.h>

/* Cut a chain to its first `len` bytes, which are not 0; segments wholly behind them are freed. */
void chain_cut(struct rte_mbuf *m, uint32_t len);

/* Copy `len` bytes from `off` on, which the chain has. */
void chain_copy(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint8_t *to);

/* Internet checksum over them (RFC 1071), folded, not complemented. */
uint16_t chain_sum(const struct rte_mbuf *m, uint32_t off, uint32_t len);

#endif
