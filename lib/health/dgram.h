/* SPDX-License-Identifier: BSD-3-Clause */

/* One datagram out, its answer in: what udp, dns and icmp have in common. Each run has a connected
 * socket of its own, so the kernel sorts answers and ICMP errors. */

#ifndef SLUICE_HEALTH_DGRAM_H
#define SLUICE_HEALTH_DGRAM_H

#include "health/probe_type.h"

struct dgram {
	struct probe *probe;
	const uint8_t *payload; /* outlives the run */
	size_t len;
	/* Look at an answer: call probe_finish, or leave it if it answers something else. */
	void (*judge)(struct probe *p, void *state, const uint8_t *data, size_t len);
	int fd;
	bool open;
	unsigned int strangers; /* answers that judge left */
	struct event event;
};

/* An open non-blocking socket, or -errno in fd. Connects and sends the payload; the run may be
 * finished when it returns. Fields of d but payload, len and judge are filled. */
void dgram_begin(struct dgram *d, struct probe *p, int fd, uint16_t port);

/* The payload once more, if the run is not over. */
void dgram_again(struct dgram *d);

/* The timeout is over. code: of silence. */
void dgram_expire(struct dgram *d, enum health_code code);

/* Close. Safe where nothing was opened. */
void dgram_end(struct dgram *d);

/* A non-blocking datagram socket for the family of an address, or -errno. */
int dgram_socket(const struct sl_addr *address);

#endif
