/* SPDX-License-Identifier: BSD-3-Clause */

/* The one place that asks for the version of DPDK. */

#ifndef SLUICE_EAL_DPDK_COMPAT_H
#define SLUICE_EAL_DPDK_COMPAT_H

#include <stdbool.h>

#include <rte_ethdev.h>
#include <rte_telemetry.h>
#include <rte_version.h>

/* Renamed in 23.03. */
static inline int dpdk_tel_add_uint(struct rte_tel_data *d, const char *name, uint64_t value)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	return rte_tel_data_add_dict_uint(d, name, value);
#else
	return rte_tel_data_add_dict_u64(d, name, value);
#endif
}

/* Is it Toeplitz's hash, and not another one or a symmetric variant, by which a device spreads? The
 * field is new in 23.11; before, it was Toeplitz's unless the driver was told otherwise by
 * rte_flow. */
static inline bool dpdk_rss_is_toeplitz(const struct rte_eth_rss_conf *conf)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0)
	return conf->algorithm == RTE_ETH_HASH_FUNCTION_DEFAULT ||
	       conf->algorithm == RTE_ETH_HASH_FUNCTION_TOEPLITZ;
#else
	(void)conf;
	return true;
#endif
}

#endif
