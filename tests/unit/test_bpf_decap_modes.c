/* SPDX-License-Identifier: BSD-3-Clause */

/* sluice-decap's program on GUE and on layer 3 DSR: what comes out, byte for byte, checksums
 * computed anew, and what stays as it came. */

#include "bpf_frame.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf/decap.skel.h"

#define VIP4    "203.0.113.10"
#define VIP6    "2001:db8::10"
#define OTHER4  "203.0.113.11"
#define HOST4   "10.0.0.2"
#define HOST6   "2001:db8:1::2"

#define IP4     0x0800
#define IP6     0x86dd
#define PORT    6080
#define DSCP    10
#define ECT0    2
#define PAYLOAD 24u

static struct decap_bpf *skel;

static uint32_t run(const struct frame *in, struct frame *out)
{
	return frame_run(bpf_program__fd(skel->progs.sluice_decap), in, out);
}

static void expect_same(const char *what, const struct frame *got, const struct frame *want)
{
	if (got->len != want->len || memcmp(got->b, want->b, want->len))
		fail_msg("%s: %u bytes for %u, or other bytes", what, got->len, want->len);
}

static void expect_untouched(const char *what, const struct frame *in)
{
	struct frame out;

	if (run(in, &out) != TC_PASS)
		fail_msg("%s: not passed", what);
	expect_same(what, &out, in);
}

struct gue {
	const char *what;
	uint16_t outer, inner; /* EtherTypes */
	uint8_t options;       /* words of an outer IPv4 header */
	uint8_t words;         /* of extensions */
	bool direct;           /* version 1 */
};

static const struct gue gues[] = {
	{"4 in GUE in 4", IP4, IP4, 0, 0, false},
	{"6 in GUE in 6", IP6, IP6, 0, 0, false},
	{"4 in GUE in 6", IP6, IP4, 0, 0, false},
	{"6 in GUE in 4", IP4, IP6, 0, 0, false},
	{"extensions", IP4, IP4, 0, 3, false},
	{"most extensions", IP6, IP4, 0, 31, false},
	{"options and extensions", IP4, IP6, 10, 15, false},
	{"version 1, 4 in 4", IP4, IP4, 0, 0, true},
	{"version 1, 6 in 4", IP4, IP6, 0, 0, true},
	{"version 1, 4 in 6", IP6, IP4, 0, 0, true},
	{"version 1, 6 in 6", IP6, IP6, 0, 0, true},
};
#define N_GUES (sizeof gues / sizeof *gues)

static void put_ip(struct frame *f, uint16_t type, const char *dst4, const char *dst6,
	uint8_t proto, uint8_t words, uint16_t payload)
{
	if (type == IP4)
		frame_put_ip4(f, dst4, proto, 0, words, payload);
	else
		frame_put_ip6(f, dst6, proto, 0, payload);
}

static void put_inner(struct frame *f, const struct gue *g, const char *vip4)
{
	uint8_t payload[PAYLOAD];

	memset(payload, 0xa5, sizeof payload);
	put_ip(f, g->inner, vip4, VIP6, 17, 0, PAYLOAD);
	frame_put(f, payload, PAYLOAD);
}

/* Returns where the UDP header is. */
static uint32_t build_gue(struct frame *f, const struct gue *g, const char *vip4)
{
	const uint8_t zero[124] = {0};
	const uint16_t inner = (g->inner == IP4 ? 20 : 40) + PAYLOAD;
	const uint16_t udp_len = 8 + (g->direct ? 0 : 4 + 4 * g->words) + inner;

	f->len = 0;
	frame_put_eth(f, g->outer);
	put_ip(f, g->outer, HOST4, HOST6, 17, g->options, udp_len);
	const uint32_t udp = f->len;

	frame_put16(f, 0xd431);
	frame_put16(f, PORT);
	frame_put16(f, udp_len);
	frame_put16(f, 0);
	if (!g->direct) {
		frame_put(f, (uint8_t[]){g->words, g->inner == IP4 ? 4 : 41, 0, 0}, 4);
		frame_put(f, zero, 4u * g->words);
	}
	put_inner(f, g, vip4);
	return udp;
}

static void gue_comes_off(void **state)
{
	struct frame in, out, want;

	for (size_t i = 0; i < N_GUES; i++) {
		build_gue(&in, &gues[i], VIP4);
		want.len = 0;
		frame_put_eth(&want, gues[i].inner);
		put_inner(&want, &gues[i], VIP4);
		assert_int_equal(run(&in, &out), TC_PASS);
		expect_same(gues[i].what, &out, &want);
	}
}

static void other_udp_is_untouched(void **state)
{
	static const struct {
		const char *what;
		uint32_t at; /* behind the UDP header's begin */
		uint8_t value;
	} rows[] = {
		{"port", 3, (PORT & 0xff) ^ 1},
		{"version 2", 8, 0x80},
		{"version 3", 8, 0xc0},
		{"control message", 8, 0x20},
		{"flags", 10, 0x80},
		{"more flags", 11, 0x01},
		{"no IP inside", 9, 17},
		{"the other family inside", 9, 41},
		{"extensions beyond the end", 8, 0x1f},
	};
	struct frame in;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const uint32_t udp = build_gue(&in, &gues[0], VIP4);

		in.b[udp + rows[i].at] = rows[i].value;
		expect_untouched(rows[i].what, &in);
	}
	build_gue(&in, &gues[0], OTHER4);
	expect_untouched("another destination inside", &in);
}

static void cut_gue_is_untouched(void **state)
{
	struct frame in;

	for (size_t i = 0; i < N_GUES; i++) {
		const uint32_t udp = build_gue(&in, &gues[i], VIP4);

		for (in.len -= PAYLOAD + 1; in.len > udp; in.len--)
			expect_untouched(gues[i].what, &in);
	}
}

/* What a packet of layer 3 DSR carries. */
struct packet {
	const char *what;
	uint16_t type;
	uint8_t ext[4]; /* IPv6: extension headers, 8 bytes each, in order; 0 = none */
	uint8_t proto;
	bool later;   /* IPv4: a later fragment */
	bool no_csum; /* UDP: not used */
};

static const struct packet packets[] = {
	{"TCP, 4", IP4, {0}, 6},
	{"UDP, 4", IP4, {0}, 17},
	{"UDP without checksum, 4", IP4, {0}, 17, false, true},
	{"ICMP", IP4, {0}, 1},
	{"later fragment, 4", IP4, {0}, 6, true},
	{"other protocol, 4", IP4, {0}, 132},
	{"TCP, 6", IP6, {0}, 6},
	{"UDP, 6", IP6, {0}, 17},
	{"ICMPv6", IP6, {0}, 58},
	{"other protocol, 6", IP6, {0}, 132},
	{"TCP behind headers, 6", IP6, {60, 43, 60}, 6},
	{"first fragment, 6", IP6, {44}, 17},
	{"later fragment, 6", IP6, {60, 44}, 17, true},
};
#define N_PACKETS (sizeof packets / sizeof *packets)

static uint32_t csum_at(uint8_t proto)
{
	return proto == 6 ? 16 : proto == 17 ? 6 : 2;
}

/* Sum over the addresses and the transport bytes, its checksum being zero there. */
static uint16_t l4_sum(const struct frame *f, const struct packet *p, uint32_t l4)
{
	const uint32_t n = p->type == IP4 ? 8 : 32, from = 14 + (p->type == IP4 ? 12 : 8);
	uint8_t b[160] = {0};

	if (p->proto != 1)
		memcpy(b, f->b + from, n);
	if (p->proto != 1) {
		b[n + 1] = (uint8_t)(f->len - l4);
		b[n + 3] = p->proto;
	}
	memcpy(b + n + 4, f->b + l4, f->len - l4);
	return frame_sum(b, n + 4 + f->len - l4);
}

static bool has_csum(const struct packet *p)
{
	return !p->later && !p->no_csum && p->proto != 132;
}

static void put_ext(struct frame *f, const struct packet *p)
{
	for (uint32_t i = 0; i < 4 && p->ext[i]; i++) {
		const uint8_t next = i < 3 && p->ext[i + 1] ? p->ext[i + 1] : p->proto;
		const bool frag = p->ext[i] == 44;

		frame_put(f, (uint8_t[8]){next, 0, 0, !frag ? 0 : p->later ? 8 : 1}, 8);
	}
}

static void build_packet(
	struct frame *f, const struct packet *p, const char *dst4, const char *dst6, uint8_t tos)
{
	uint8_t l4[PAYLOAD];
	uint16_t headers = 0;

	for (uint32_t i = 0; i < 4 && p->ext[i]; i++)
		headers += 8;
	for (uint8_t i = 0; i < PAYLOAD; i++)
		l4[i] = 0x31 + 7 * i;
	f->len = 0;
	frame_put_eth(f, p->type);
	if (p->type == IP4)
		frame_put_ip4(f, dst4, p->proto, tos, 0, PAYLOAD);
	else
		frame_put_ip6(f, dst6, p->ext[0] ? p->ext[0] : p->proto, tos, headers + PAYLOAD);
	if (p->type == IP4 && p->later) {
		f->b[14 + 7] = 5;
		memset(f->b + 14 + 10, 0, 2);
		const uint16_t sum = frame_sum(f->b + 14, 20);

		f->b[14 + 10] = sum >> 8;
		f->b[14 + 11] = sum & 0xff;
	}
	put_ext(f, p);
	const uint32_t at = f->len;

	if (has_csum(p) || p->no_csum)
		memset(l4 + csum_at(p->proto), 0, 2);
	frame_put(f, l4, PAYLOAD);
	if (has_csum(p)) {
		const uint16_t sum = l4_sum(f, p, at);

		f->b[at + csum_at(p->proto)] = sum >> 8;
		f->b[at + csum_at(p->proto) + 1] = sum & 0xff;
	}
}

static void dscp_becomes_the_vip(void **state)
{
	struct frame in, out, want;

	for (size_t i = 0; i < N_PACKETS; i++) {
		build_packet(&in, &packets[i], HOST4, HOST6, DSCP << 2 | ECT0);
		build_packet(&want, &packets[i], VIP4, VIP6, ECT0);
		assert_int_equal(run(&in, &out), TC_PASS);
		expect_same(packets[i].what, &out, &want);
	}
}

/* What was broken stays broken, so that the kernel sees it. */
static void dscp_keeps_what_is_broken(void **state)
{
	struct frame in, out, want;

	build_packet(&in, &packets[0], HOST4, HOST6, DSCP << 2);
	build_packet(&want, &packets[0], VIP4, VIP6, 0);
	in.b[in.len - 1] ^= 1;
	want.b[want.len - 1] ^= 1;
	assert_int_equal(run(&in, &out), TC_PASS);
	expect_same("broken payload", &out, &want);
}

static void other_dscp_is_untouched(void **state)
{
	struct frame in;

	for (size_t i = 0; i < N_PACKETS; i++) {
		build_packet(&in, &packets[i], HOST4, HOST6, (DSCP + 1) << 2);
		expect_untouched("another DSCP", &in);
		build_packet(&in, &packets[i], HOST4, HOST6, ECT0);
		expect_untouched("no DSCP", &in);
		build_packet(&in, &packets[i], VIP4, VIP6, DSCP << 2);
		expect_untouched("for a VIP already", &in);
		build_packet(&in, &packets[i], HOST4, HOST6, DSCP << 2);
		in.b[5] = 9;
		expect_untouched("frame for another host", &in);
	}
}

static void cut_dscp_is_untouched(void **state)
{
	static const size_t rows[] = {0, 1, 6, 7, 8, 10};
	struct frame in;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct packet *p = &packets[rows[i]];

		build_packet(&in, p, HOST4, HOST6, DSCP << 2);
		in.len -= PAYLOAD - (p->proto == 6 ? 17 : p->proto == 17 ? 7 : 3);
		expect_untouched(p->what, &in);
	}
}

static void sysctl_set(const char *path, const char *value)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(value, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* On a router a packet that goes on to somebody else keeps its DSCP and its destination. */
static void forwarded_dscp_is_untouched(void **state)
{
	struct frame in, out, want;

	if (system("ip link add far0 type veth peer name far1 && ip addr add 192.0.2.1/24 dev far0 "
		   "&& "
		   "ip link set far0 up && ip link set far1 up && "
		   "ip addr add " HOST4 "/32 dev lo"))
		skip();
	sysctl_set("/proc/sys/net/ipv4/ip_forward", "1");
	build_packet(&in, &packets[0], "192.0.2.9", HOST6, DSCP << 2);
	expect_untouched("for another host behind this one", &in);
	build_packet(&in, &packets[0], HOST4, HOST6, DSCP << 2);
	build_packet(&want, &packets[0], VIP4, VIP6, 0);
	assert_int_equal(run(&in, &out), TC_PASS);
	expect_same("for the router itself", &out, &want);
}

/* A namespace whose lo is up and which forwards nothing. */
static int make_host(void)
{
	struct ifreq ifr = {.ifr_name = "lo"};

	if (unshare(CLONE_NEWNET)) {
		printf("SKIP test_bpf_decap_modes: no network namespace: %s\n", strerror(errno));
		return SKIPPED;
	}
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr))
		return 1;
	ifr.ifr_flags |= IFF_UP;
	const int rc = ioctl(fd, SIOCSIFFLAGS, &ifr);

	close(fd);
	sysctl_set("/proc/sys/net/ipv4/ip_forward", "0");
	return rc ? 1 : 0;
}

static void put_dscp(uint32_t key, const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	assert_int_equal(
		bpf_map_update_elem(bpf_map__fd(skel->maps.decap_dscp), &key, &a, BPF_ANY), 0);
}

static int load(void **state)
{
	skel = decap_bpf__open_and_load();
	if (!skel)
		return -1;
	frame_vip(bpf_map__fd(skel->maps.decap_vips), VIP4, DECAP_VIP);
	frame_vip(bpf_map__fd(skel->maps.decap_vips), VIP6, DECAP_VIP);
	put_dscp(DSCP, VIP4);
	put_dscp(DSCP + DECAP_DSCP_VALUES, VIP6);
	return 0;
}

static int unload(void **state)
{
	decap_bpf__destroy(skel);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gue_comes_off),
		cmocka_unit_test(other_udp_is_untouched),
		cmocka_unit_test(cut_gue_is_untouched),
		cmocka_unit_test(dscp_becomes_the_vip),
		cmocka_unit_test(dscp_keeps_what_is_broken),
		cmocka_unit_test(other_dscp_is_untouched),
		cmocka_unit_test(cut_dscp_is_untouched),
		cmocka_unit_test(forwarded_dscp_is_untouched),
	};
	int skip_code = frame_skip("test_bpf_decap_modes");

	if (!skip_code)
		skip_code = make_host();
	return skip_code ? skip_code : cmocka_run_group_tests(tests, load, unload);
}
