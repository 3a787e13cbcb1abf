/* SPDX-License-Identifier: BSD-3-Clause */

/* Frames for the tests of BPF programs, and a run of a program on one. */

#ifndef SLUICE_TESTS_BPF_FRAME_H
#define SLUICE_TESTS_BPF_FRAME_H

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/addr.h"
#include "bpf/shared.h"

#define SKIPPED       77 /* meson's exit code for it */

/* tc answers as bpf_prog_test_run_opts gives them, and frames shorter than this it does not
 * take. */
#define TC_PASS       0xffffffffu
#define TC_DROP       2u
#define FRAME_LEN_MIN 15u

/* Newer kernels refuse to run a tc program on an IP header cut short. */
#define REFUSED       0xfffffffeu

struct frame {
	uint8_t b[256];
	uint32_t len;
};

static inline void frame_put(struct frame *f, const void *bytes, uint32_t n)
{
	assert_true(f->len + n <= sizeof f->b);
	memcpy(f->b + f->len, bytes, n);
	f->len += n;
}

static inline void frame_put16(struct frame *f, uint16_t v)
{
	frame_put(f, (uint8_t[]){v >> 8, v & 0xff}, 2);
}

/* MAC addresses: destination 00:.. (that of lo, on which programs are run: "for this host"). */
static inline void frame_put_eth(struct frame *f, uint16_t type)
{
	frame_put(f, (uint8_t[12]){[6] = 2, [11] = 1}, 12);
	frame_put16(f, type);
}

static inline uint16_t frame_sum(const uint8_t *b, uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* IPv4 header with `words` words of NOP options; payload: bytes that follow it. */
static inline void frame_put_ip4(struct frame *f, const char *dst, uint8_t proto, uint8_t tos,
	uint8_t words, uint16_t payload)
{
	uint8_t h[60] = {0x45 + words, tos, 0, 0, 0, 1, 0x40, 0, 64, proto, 0, 0, 198, 51, 100, 7};
	const uint32_t len = 20 + 4u * words;
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(dst, &a), 0);
	memcpy(h + 16, sl_addr_bytes(&a), 4);
	memset(h + 20, 1, 4u * words);
	h[2] = (len + payload) >> 8;
	h[3] = (len + payload) & 0xff;
	const uint16_t sum = frame_sum(h, len);

	h[10] = sum >> 8;
	h[11] = sum & 0xff;
	frame_put(f, h, len);
}

static inline void frame_put_ip6(
	struct frame *f, const char *dst, uint8_t next, uint8_t tclass, uint16_t payload)
{
	uint8_t h[40] = {0x60 | tclass >> 4, (tclass & 0xf) << 4, 0, 0, payload >> 8,
		payload & 0xff, next, 64, 0x20, 0x01, 0x0d, 0xb8, [23] = 7};
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(dst, &a), 0);
	memcpy(h + 24, a.b, 16);
	frame_put(f, h, sizeof h);
}

/* Run a program. out may be NULL. Returns what the program returned, or REFUSED. */
static inline uint32_t frame_run(int prog_fd, const struct frame *in, struct frame *out)
{
	struct frame discard;
	struct frame *to = out ? out : &discard;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->b, .data_size_in = in->len,
		.data_out = to->b, .data_size_out = sizeof to->b, .repeat = 1);

	const int rc = bpf_prog_test_run_opts(prog_fd, &opts);

	if (rc == -EINVAL)
		return REFUSED;
	assert_int_equal(rc, 0);
	to->len = opts.data_size_out;
	return opts.retval;
}

static inline void frame_vip(int map_fd, const char *text, uint32_t value)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	assert_int_equal(bpf_map_update_elem(map_fd, &a, &value, BPF_ANY), 0);
}

/* Number of keys in the map of tunnel sources of a program. */
static inline uint32_t frame_sources(int prog_fd)
{
	uint32_t ids[8], n = 0, size;
	struct bpf_prog_info info = {.nr_map_ids = 8, .map_ids = (uintptr_t)ids};
	struct bpf_source key;

	size = sizeof info;
	assert_int_equal(bpf_obj_get_info_by_fd(prog_fd, &info, &size), 0);
	for (uint32_t i = 0; i < info.nr_map_ids; i++) {
		const int fd = bpf_map_get_fd_by_id(ids[i]);
		struct bpf_map_info map = {0};

		size = sizeof map;
		assert_int_equal(bpf_obj_get_info_by_fd(fd, &map, &size), 0);
		if (strcmp(map.name, STEER_SOURCES_MAP) == 0)
			for (n = 0; bpf_map_get_next_key(fd, n ? &key : NULL, &key) == 0; n++)
				;
		close(fd);
	}
	return n;
}

static inline int frame_no_print(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

/* 0 when programs may be loaded here, SKIPPED after saying why not. */
static inline int frame_skip(const char *test)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	const int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "probe", 4, 4, 1, &opts);

	if (fd < 0) {
		printf("SKIP %s: BPF is not permitted here: %s\n", test, strerror(errno));
		return SKIPPED;
	}
	close(fd);
	libbpf_set_print(frame_no_print);
	return 0;
}

#endif
