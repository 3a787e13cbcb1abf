/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "base/log.h"
#include "datapath/burst.h"
#include "datapath/relay.h"
#include "datapath/slow.h"
#include "kernel/link.h"
#include "port.h"
#include "port_offload.h"
#include "rss.h"

#define RX_DESCRIPTORS         1024
#define TX_DESCRIPTORS         1024
/* The AF_XDP driver keeps a fill ring and a completion ring of its own for each queue. */
#define AF_XDP_MBUFS_PER_QUEUE 8192
#define OTHER_MBUFS_PER_QUEUE  (RX_DESCRIPTORS + TX_DESCRIPTORS)
/* Frames of af_xdp and af_packet have 2048 bytes, their own headers and headroom included. */
#define PORT_MTU_MAX           1700
/* One buffer with its headers, in bytes. */
#define MBUF_FOOTPRINT         2560

static bool has_interface(const struct conf_port *conf)
{
	return conf->interface != NULL;
}

int port_prepare(const struct conf_port *conf, struct sl_err *err)
{
	struct link_info link;
	int rc;

	if (!has_interface(conf))
		return 0;
	rc = link_find(conf->interface, &link, err);
	if (rc)
		return rc;
	if (!link.up)
		return sl_err_add(err, "port \"%s\": interface %s is down: ip link set %s up",
			conf->name, conf->interface, conf->interface);
	if (link.mtu > PORT_MTU_MAX)
		return sl_err_add(err,
			"port \"%s\": MTU %u of interface %s is above %u, the most that one buffer "
			"holds: ip link set %s mtu %u",
			conf->name, link.mtu, conf->interface, PORT_MTU_MAX, conf->interface,
			PORT_MTU_MAX);
	return steer_prepare(conf->interface, conf->driver == CONF_DRIVER_AF_XDP, err);
}

/* With AF_XDP a queue that no lane polls would hand VIP packets to the kernel. */
static int check_queues(const struct conf_port *conf, uint32_t lanes, struct sl_err *err)
{
	struct link_info link;
	const int rc = link_find(conf->interface, &link, err);

	if (rc || link.rx_queues == lanes)
		return rc;
	return sl_err_add(err,
		"port \"%s\": interface %s has %u RX queues for %u lanes, and a queue without a "
		"lane would "
		"lose its packets: ethtool -L %s %s %u, or eal.lanes = %u",
		conf->name, conf->interface, link.rx_queues, lanes, conf->interface,
		link.rx_queues == link.tx_queues ? "combined" : "rx", lanes, link.rx_queues);
}

uint32_t port_mbufs(const struct conf *conf, uint32_t lanes)
{
	uint32_t sum = lanes * (2 * BURST_MAX + SLOW_OUT_MAX + FRAG_HELD_MAX + RELAY_OPEN_MAX);

	for (size_t i = 0; i < conf->n_ports; i++) {
		const struct conf_port *p = &conf->ports[i];
		const uint32_t per_queue = p->driver == CONF_DRIVER_AF_XDP ? AF_XDP_MBUFS_PER_QUEUE
									   : OTHER_MBUFS_PER_QUEUE;

		sum += p->mbufs ? p->mbufs : lanes * per_queue;
	}
	return sum;
}

uint32_t port_memory_mb(uint32_t mbufs)
{
	const uint64_t mb = ((uint64_t)mbufs * MBUF_FOOTPRINT >> 20) + 128;

	return mb < 512 ? 512 : (uint32_t)mb;
}

/* Create a virtual device from "name,arguments". */
static int create_vdev(struct port *p, const char *device, struct sl_err *err)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	const char *comma = strchr(device, ',');
	const size_t len = comma ? (size_t)(comma - device) : strlen(device);
	int rc;

	if (len >= sizeof name)
		return sl_err_add(err, "port \"%s\": device name longer than %zu", p->conf->name,
			sizeof name - 1);
	snprintf(name, sizeof name, "%.*s", (int)len, device);
	rc = rte_eal_hotplug_add("vdev", name, comma ? comma + 1 : "");
	if (rc == 0)
		rc = rte_eth_dev_get_port_by_name(name, &p->dpdk_port);
	if (rc) /* its number says less than its log */
		sl_err_add(err,
			"port \"%s\": DPDK cannot create the device \"%s\"; its lines above say "
			"why",
			p->conf->name, device);
	return rc;
}

static int create_af_xdp(struct port *p, uint32_t index, uint32_t lanes, struct sl_err *err)
{
	char object[STEER_PATH_LEN], device[256];
	int rc = check_queues(p->conf, lanes, err);
	int fd;

	if (rc)
		return rc;
	fd = steer_object_open(object, sizeof object, err);
	if (fd < 0)
		return fd;
	snprintf(device, sizeof device,
		"net_af_xdp%u,iface=%s,start_queue=0,queue_count=%u,xdp_prog=%s", index,
		p->conf->interface, lanes, object);
	p->object_fd = fd; /* the driver reads it when it sets up its first queue */
	rc = create_vdev(p, device, err);
	if (rc && lanes > 1)
		sl_err_add(err,
			"port \"%s\": the driver needs as many combined channels as there are "
			"lanes, "
			"and some interfaces (veth) have none: see ethtool -l %s, or set eal.lanes "
			"= 1",
			p->conf->name, p->conf->interface);
	return rc;
}

static int create_af_packet(struct port *p, uint32_t index, uint32_t lanes, struct sl_err *err)
{
	char device[256];

	snprintf(device, sizeof device,
		"net_af_packet%u,iface=%s,qpairs=%u,blocksz=65536,framesz=2048,framecnt=2048",
		index, p->conf->interface, lanes);
	return create_vdev(p, device, err);
}

static int create(struct port *p, uint32_t index, uint32_t lanes, struct sl_err *err)
{
	switch (p->conf->driver) {
	case CONF_DRIVER_AF_XDP:
		return create_af_xdp(p, index, lanes, err);
	case CONF_DRIVER_AF_PACKET:
		return create_af_packet(p, index, lanes, err);
	default:
		return create_vdev(p, p->conf->device, err);
	}
}

/* How many queues the device gets; each lane needs a TX queue of its own. */
static int plan_queues(
	struct port *p, const struct rte_eth_dev_info *info, uint32_t lanes, struct sl_err *err)
{
	if (info->max_tx_queues < lanes)
		return sl_err_add(err,
			"port \"%s\": the device has %u TX queues for %u lanes: set eal.lanes = "
			"%u, or "
			"give the device more queues",
			p->conf->name, info->max_tx_queues, lanes, info->max_tx_queues);
	p->n_rx_queues = (uint16_t)(lanes < info->max_rx_queues ? lanes : info->max_rx_queues);
	return 0;
}

static struct rte_eth_conf device_conf(
	const struct rte_eth_dev_info *info, uint32_t rx_queues, uint32_t offloads)
{
	struct rte_eth_conf c = {0};

	rss_ask(info, rx_queues, &c);
	/* All mbufs come from one pool and none is shared. */
	c.txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	port_offload_ask(&c, offloads);
	return c;
}

static int set_up_queues(struct port *p, const struct rte_eth_dev_info *info, uint32_t lanes,
	struct rte_mempool *pool)
{
	const int socket = rte_eth_dev_socket_id(p->dpdk_port);
	struct rte_eth_conf c = device_conf(info, p->n_rx_queues, p->offloads);
	struct rte_eth_txconf tx = info->default_txconf;
	struct rte_eth_rxconf rx = info->default_rxconf;
	uint16_t n_rx = RX_DESCRIPTORS, n_tx = TX_DESCRIPTORS;
	int rc = rte_eth_dev_configure(p->dpdk_port, p->n_rx_queues, (uint16_t)lanes, &c);

	if (rc && rss_take_back_key(&c))
		rc = rte_eth_dev_configure(p->dpdk_port, p->n_rx_queues, (uint16_t)lanes, &c);
	tx.offloads = c.txmode.offloads;
	rx.offloads = c.rxmode.offloads;
	if (!rc)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->dpdk_port, &n_rx, &n_tx);
	for (uint16_t q = 0; q < p->n_rx_queues && !rc; q++)
		rc = rte_eth_rx_queue_setup(p->dpdk_port, q, n_rx, (unsigned int)socket, &rx, pool);
	for (uint16_t q = 0; q < lanes && !rc; q++)
		rc = rte_eth_tx_queue_setup(p->dpdk_port, q, n_tx, (unsigned int)socket, &tx);
	return rc;
}

/* MAC, MTU and interface number, from the kernel where it owns the interface. */
static int learn(struct port *p, struct sl_err *err)
{
	struct rte_ether_addr mac;
	struct link_info link;
	uint16_t mtu = RTE_ETHER_MTU;

	if (has_interface(p->conf)) {
		const int rc = link_find(p->conf->interface, &link, err);

		if (rc)
			return rc;
		p->ifindex = link.ifindex;
		p->mac = link.mac;
		p->mtu = link.mtu;
	} else {
		if (rte_eth_macaddr_get(p->dpdk_port, &mac) == 0)
			memcpy(p->mac.b, mac.addr_bytes, sizeof p->mac.b);
		rte_eth_dev_get_mtu(p->dpdk_port, &mtu);
		p->mtu = mtu;
	}
	if (p->conf->mtu)
		p->mtu = p->conf->mtu;
	return 0;
}

static int open_steering(struct port *p, struct sl_err *err)
{
	switch (p->conf->driver) {
	case CONF_DRIVER_AF_XDP:
		return steer_open_xdp(p->conf->interface, &p->steer, err);
	case CONF_DRIVER_AF_PACKET:
		return steer_open_tc(p->conf->interface, &p->steer, err);
	default:
		return 0;
	}
}

int port_start(struct port *p, const struct conf_port *conf, uint32_t index, uint32_t lanes,
	struct rte_mempool *pool, struct sl_err *err)
{
	struct rte_eth_dev_info info;
	int rc;

	*p = (struct port){.conf = conf, .dpdk_port = RTE_MAX_ETHPORTS, .object_fd = -1};
	rc = create(p, index, lanes, err);
	if (rc)
		return rc;
	rc = rte_eth_dev_info_get(p->dpdk_port, &info);
	if (rc)
		return sl_err_sys(
			err, rc, "port \"%s\": the device does not say what it can do", conf->name);
	rc = plan_queues(p, &info, lanes, err);
	if (rc)
		return rc;
	p->offloads = conf->offloads ? port_offloads(&info) : 0;
	rc = set_up_queues(p, &info, lanes, pool);
	if (!rc)
		rc = rte_eth_dev_start(p->dpdk_port);
	if (rc)
		return sl_err_sys(err, rc, "port \"%s\": the device does not start", conf->name);
	p->started = true;
	rc = learn(p, err);
	return rc ? rc : open_steering(p, err);
}

static void say_link(const struct port *p)
{
	static const char *const became[] = {
		[PORT_LINK_UP] = "is up again",
		[PORT_LINK_DOWN] = "has lost its link: no packet comes or goes",
		[PORT_LINK_GONE] = "is gone: restart sluiced when it is back",
	};

	log_warn(
		"port \"%s\": interface %s %s", p->conf->name, p->conf->interface, became[p->link]);
}

/* The interface that the port was started on is known by its number: one of the same name is
 * another. */
static enum port_link link_state(const struct port *p, struct link_info *link)
{
	if (link_find(p->conf->interface, link, NULL) != 0 || link->ifindex != p->ifindex)
		return PORT_LINK_GONE;
	return link->up && link->carrier ? PORT_LINK_UP : PORT_LINK_DOWN;
}

bool port_follow(struct port *p)
{
	struct link_info link;

	if (!p->ifindex)
		return false;
	const enum port_link was = p->link;

	p->link = link_state(p, &link);
	if (p->link != was)
		say_link(p);
	if (p->link == PORT_LINK_GONE)
		return false;
	const uint32_t mtu = p->conf->mtu ? p->conf->mtu : link.mtu;

	if (mtu == p->mtu && memcmp(&link.mac, &p->mac, sizeof p->mac) == 0)
		return false;
	log_warn("port \"%s\": interface %s has another MAC address or MTU: following",
		p->conf->name, p->conf->interface);
	p->mac = link.mac;
	p->mtu = mtu;
	return true;
}

void port_unsteer(struct port *p)
{
	steer_close(p->steer);
	p->steer = NULL;
}

void port_stop(struct port *p)
{
	port_unsteer(p);
	if (p->started)
		rte_eth_dev_stop(p->dpdk_port);
	if (p->conf && p->dpdk_port != RTE_MAX_ETHPORTS)
		rte_eth_dev_close(p->dpdk_port);
	if (p->conf)
		steer_object_close(p->object_fd);
	p->conf = NULL;
	p->started = false;
}
