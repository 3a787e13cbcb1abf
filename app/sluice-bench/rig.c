/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "datapath/burst.h"
#include "rig.h"

#define DEVICE        "net_null0"
#define SECOND_DEVICE "net_null1"
#define SPARE_MBUFS   8192
#define MBUF_BYTES    (2560 + 64)
#define HUGEPAGE_FREE "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
#define ROUNDS        15
#define ROUNDS_QUICK  5
#define SLICE         (1u << 20)
#define SLICE_QUICK   (1u << 18)

static int choose_cpu(const struct options *o, uint32_t *cpu, uint32_t *other, struct sl_err *err)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
		return sl_err_sys(err, errno, "CPUs");
	*cpu = o->cpu;
	for (uint32_t i = 0; o->cpu == OPTIONS_CPU_LAST && i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed))
			*cpu = i;
	if (*cpu >= CPU_SETSIZE || !CPU_ISSET(*cpu, &allowed))
		return sl_err_add(err, "--cpu %u: not a CPU that can be used here", *cpu);
	*other = RIG_NO_CPU;
	for (uint32_t i = 0; i < CPU_SETSIZE; i++)
		if (i != *cpu && CPU_ISSET(i, &allowed))
			*other = i;
	return 0;
}

static uint32_t mbufs(const struct options *o)
{
	return o->ahead * BURST_MAX + SPARE_MBUFS - 1;
}

static uint32_t need_mb(const struct options *o)
{
	return ((uint32_t)((uint64_t)mbufs(o) * MBUF_BYTES >> 20) + 16) * (o->neighbour ? 2 : 1);
}

static bool have_hugepages(const struct options *o)
{
	unsigned int pages = 0;
	FILE *f = o->no_huge ? NULL : fopen(HUGEPAGE_FREE, "r");

	if (f && fscanf(f, "%u", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * 2 >= need_mb(o);
}

static int start_eal(const struct options *o, uint32_t cpu, bool huge)
{
	char lcore[32], mb[16];
	char *argv[24], *given[24];
	const char *const words[] = {"sluice-bench", "--lcores", lcore, "--no-pci",
		"--no-telemetry", "--no-shconf", "--log-level=*:error", "--vdev=" DEVICE ",no-rx=1",
		"-m", mb, huge ? "--in-memory" : "--no-huge"};
	const int n = (int)(sizeof words / sizeof *words);
	int rc;

	snprintf(lcore, sizeof lcore, "0@%u", cpu);
	snprintf(mb, sizeof mb, "%u", need_mb(o));
	for (int i = 0; i < n; i++)
		given[i] = argv[i] = strdup(words[i]);
	rc = rte_eal_init(n, argv);
	for (int i = 0; i < n; i++)
		free(given[i]);
	return rc < 0 ? -rte_errno : 0;
}

static int start_device(struct rig *r, const char *name)
{
	const struct rte_eth_conf conf = {.txmode.offloads = 0};
	int rc = rte_eth_dev_get_port_by_name(name, &r->port);

	if (!rc)
		rc = rte_eth_dev_configure(r->port, 1, 1, &conf);
	if (!rc)
		rc = rte_eth_rx_queue_setup(r->port, 0, 512, SOCKET_ID_ANY, NULL, r->pool);
	if (!rc)
		rc = rte_eth_tx_queue_setup(r->port, 0, 512, SOCKET_ID_ANY, NULL);
	return rc ? rc : rte_eth_dev_start(r->port);
}

int rig_open(struct rig *r, const struct options *o, uint32_t *cpu, bool *huge, struct sl_err *err)
{
	uint32_t other = RIG_NO_CPU;
	int rc = choose_cpu(o, cpu, &other, err);

	*r = (struct rig){
		.other_cpu = other,
		.rounds = o->rounds  ? o->rounds
			  : o->quick ? ROUNDS_QUICK
				     : ROUNDS,
		.slice = o->slice   ? o->slice
			 : o->quick ? SLICE_QUICK
				    : SLICE,
		.ahead = o->ahead,
		.stages = o->stages,
		.latency = o->latency,
	};
	if (rc)
		return rc;
	*huge = have_hugepages(o);
	rc = start_eal(o, *cpu, *huge);
	if (rc)
		return sl_err_sys(err, rc, "DPDK does not start");
	r->pool = rte_pktmbuf_pool_create(
		"packets", mbufs(o), 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!r->pool)
		return sl_err_sys(err, rte_errno, "packet buffers");
	rc = start_device(r, DEVICE);
	return rc ? sl_err_sys(err, rc, "the device " DEVICE) : 0;
}

int rig_second(struct rig *r, struct sl_err *err)
{
	const uint32_t n = r->pool->size;
	int rc = rte_eal_hotplug_add("vdev", SECOND_DEVICE, "no-rx=1");

	if (rc)
		return sl_err_sys(err, rc, "the device " SECOND_DEVICE);
	r->pool = rte_pktmbuf_pool_create(
		"more packets", n, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!r->pool)
		return sl_err_sys(err, rte_errno, "packet buffers");
	rc = start_device(r, SECOND_DEVICE);
	return rc ? sl_err_sys(err, rc, "the device " SECOND_DEVICE) : 0;
}

void rig_close(struct rig *r)
{
	if (r->pool) {
		rte_eth_dev_stop(r->port);
		rte_mempool_free(r->pool);
	}
	rte_eal_cleanup();
}
