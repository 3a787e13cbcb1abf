/* SPDX-License-Identifier: BSD-3-Clause */

/* The packets of a case: which flow comes next, and its frame. */

#ifndef SLUICE_BENCH_FRAME_H
#define SLUICE_BENCH_FRAME_H

#include "world.h"

/* Bytes of a frame that are ever written: Ethernet, IPv6, TCP, rounded up. */
#define FRAME_HEAD   80
#define FRAME_STRATA 1024

/* A frame but for addresses and port of the client, and the number of the VIP. */
struct frame_kind {
	uint8_t head[FRAME_HEAD];
	uint32_t len; /* of the whole frame, without the checksum of Ethernet */
	uint32_t sum; /* of the IPv4 header, not folded */
	bool is6;
};

struct frame_source {
	struct frame_kind kind[WORLD_KINDS];
	uint64_t random; /* state of the generator */
	uint64_t fresh;  /* flows that are new from here on, each once */
	uint32_t walk;   /* next flow, while all are gone through in turn */
	bool walking;
	uint32_t flows, hit;
	uint64_t new_below; /* a random number of 32 bits below it begins a new flow */
	bool zipf;
	/* Flows of 1/FRAME_STRATA of the packets each, the first and how many; only for zipf. */
	struct {
		uint32_t first, n;
	} strata[FRAME_STRATA];
};

/* Lay out the packets of a case. `seed` chooses the tuples. */
void frame_source_init(struct frame_source *s, const struct bench_case *c, uint64_t seed);

/* Write the head of the next frame (FRAME_HEAD bytes). Returns the length of the frame. */
uint32_t frame_next(struct frame_source *s, uint8_t *at);

/* Write `packets` of them to a pcap file. 0 or -errno with a message. */
int frame_write_pcap(
	struct frame_source *s, uint32_t packets, const char *path, struct sl_err *err);

#endif
