/* SPDX-License-Identifier: BSD-3-Clause */

/* A network namespace of a test's own with a TAP in it, for the tests of the loaders. */

#ifndef SLUICE_TESTS_BPF_HOST_H
#define SLUICE_TESTS_BPF_HOST_H

#include "bpf_frame.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <linux/if_tun.h>

#include "base/addr.h"
#include "base/err.h"

#define IF "sltap0"

static struct sl_err err;
static int ifindex;
static struct sl_addr a, b, c;

/* Id of the program at tc ingress, 0 for none, -EINVAL without a qdisc or any filter. */
static inline int64_t tc_id(uint32_t priority)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = priority);
	const int rc = bpf_tc_query(&hook, &opts);

	return rc == -ENOENT ? 0 : rc ? rc : (int64_t)opts.prog_id;
}

static inline void parse_prefixes(struct sl_prefix *out, const char *const *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(sl_prefix_parse(text[i], &out[i]), 0);
}

static inline bool has_clsact(void)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_hook, both, .ifindex = ifindex,
		.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	const int rc = bpf_tc_hook_create(&hook);

	if (rc == 0)
		bpf_tc_hook_destroy(&both);
	return rc == -EEXIST;
}

/* A namespace with a TAP in it. The TAP is gone with the process. */
static inline int make_host(const char *test)
{
	struct ifreq ifr = {.ifr_name = IF, .ifr_flags = IFF_TAP | IFF_NO_PI};

	if (unshare(CLONE_NEWNET)) {
		printf("SKIP %s: no network namespace: %s\n", test, strerror(errno));
		return SKIPPED;
	}
	const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr)) {
		printf("SKIP %s: no TAP: %s\n", test, strerror(errno));
		return SKIPPED;
	}
	ifindex = (int)if_nametoindex(IF);
	sl_addr_parse("203.0.113.1", &a);
	sl_addr_parse("2001:db8::1", &b);
	sl_addr_parse("203.0.113.3", &c);
	return 0;
}

static inline int forget_messages(void **state)
{
	sl_err_clear(&err);
	return 0;
}

#endif
