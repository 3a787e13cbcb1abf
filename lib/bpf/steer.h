/* SPDX-License-Identifier: BSD-3-Clause */

/* Steering of one interface: which frames the load balancer takes and which the kernel keeps.
 *
 *   af_xdp:    steer_prepare, steer_object_open -> the driver's xdp_prog= -> port started,
 *              steer_object_close, steer_open_xdp
 *   af_packet: steer_prepare, steer_open_tc
 *   both:      steer_set_vips on every change of the configuration, steer_close at the end
 *
 * What is steered is told in steer_classify.h. One thread at a time, in the network namespace
 * of the interface. steer_prepare, steer_open_* need CAP_NET_ADMIN and
 * CAP_SYS_ADMIN (programs and maps are found by id; it includes CAP_BPF and CAP_PERFMON);
 * steer_set_vips needs none on kernels from 5.19 on; steer_close CAP_NET_ADMIN. */

#ifndef SLUICE_BPF_STEER_H
#define SLUICE_BPF_STEER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"

struct steer;

/* Enough for every path that steer_object_open writes. */
#define STEER_PATH_LEN 32

/* Before EAL init: what a killed daemon left of ours on the interface is taken off;
 * the caller has made sure that no daemon drives the interface. Any other XDP program stays, and is
 * refused with its name, id and the command that takes it off if the place is `needed` for ours
 * (af_xdp). 0, or -errno: -ENODEV no such interface, -EEXIST foreign program. */
int steer_prepare(const char *ifname, bool needed, struct sl_err *err);

/* The XDP object as a file for the driver's xdp_prog=. path is valid until steer_object_close.
 * Returns a file descriptor, or -errno. */
int steer_object_open(char *path, size_t size, struct sl_err *err);

/* After the ports were started. A negative fd is fine. */
void steer_object_close(int fd);

/* After the port was started: take hold of the program that the driver attached. 0 and *out, or
 * -errno: -ENOENT when no program of ours is on the interface. */
int steer_open_xdp(const char *ifname, struct steer **out, struct sl_err *err);

/* af_packet: attach the tc twin to ingress, creating clsact if it is missing. A twin that a killed
 * daemon left is replaced; filters of others stay. 0 and *out, or -errno. */
int steer_open_tc(const char *ifname, struct steer **out, struct sl_err *err);

/* Make the set of VIPs equal to `vips` (duplicates are fine). Those that are new are added before
 * others are removed, so one that stays is never missing. 0, or -errno: -E2BIG or -ENOSPC when old
 * and new addresses together are more than 8192, or old and new prefixes are; all of that kind stay
 * then. */
int steer_set_vips(struct steer *s, const struct sl_prefix *vips, size_t n, struct sl_err *err);

/* Where tunnels of ours come from. */
struct steer_source {
	struct sl_addr address;
	uint8_t len;       /* bits of it, of 128, that do not vary by flow */
	uint16_t gue_port; /* 0: IP in IP */
};

/* Make ICMP errors about these tunnels come to the load balancer, and about no others (duplicates
 * are fine; one address may have tunnels of several kinds). 0, or -errno: -E2BIG when there are
 * more than 8192. */
int steer_set_sources(
	struct steer *s, const struct steer_source *sources, size_t n, struct sl_err *err);

/* Take the program off the interface if it is still the one that was opened, and free. NULL is
 * fine, and so is an interface that is gone. */
void steer_close(struct steer *s);

#endif
