/* SPDX-License-Identifier: BSD-3-Clause */

/* A port while it runs: its DPDK device, what the kernel knows of it, and its steering program. */

#ifndef SLUICED_PORT_H
#define SLUICED_PORT_H

#include <rte_mempool.h>

#include "bpf/steer.h"
#include "conf/conf.h"

/* What became of the kernel's interface. */
enum port_link { PORT_LINK_UP, PORT_LINK_DOWN, PORT_LINK_GONE };

struct port {
	const struct conf_port *conf;
	uint16_t dpdk_port;
	uint16_t n_rx_queues;
	bool started;
	int object_fd;    /* XDP object while the driver may read it, -1 = none */
	uint32_t ifindex; /* of the kernel's interface, 0 = none */
	uint32_t mtu;
	uint32_t offloads; /* of enum offload: what the device is asked to do */
	struct sl_ether mac;
	enum port_link link;
	struct steer *steer; /* NULL for a port without a kernel interface */
};

/* Before EAL, with the interface locked: does the kernel interface exist, and is its XDP hook free?
 * 0, or -errno with a message. */
int port_prepare(const struct conf_port *conf, struct sl_err *err);

/* mbufs that all ports of a configuration need, and the MiB they take. */
uint32_t port_mbufs(const struct conf *conf, uint32_t lanes);
uint32_t port_memory_mb(uint32_t mbufs);

/* Create the device, set up `lanes` queues on buffers from `pool`, start it, and load the steering
 * program. 0, or -errno with a message; port_stop() is due in any case. */
int port_start(struct port *p, const struct conf_port *conf, uint32_t index, uint32_t lanes,
	struct rte_mempool *pool, struct sl_err *err);

/* Look at the kernel's interface again: log what became of it, and take over a new MAC address or
 * MTU. True when the backends' headers have to be made anew. Once a second, control thread. */
bool port_follow(struct port *p);

/* Take the steering program off the interface: from now on the kernel gets every packet. */
void port_unsteer(struct port *p);

/* Close the device (capture files are complete after that) and take the program off the interface.
 * Fine for a port that never started. */
void port_stop(struct port *p);

#endif
