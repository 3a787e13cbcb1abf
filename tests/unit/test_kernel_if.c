/* SPDX-License-Identifier: BSD-3-Clause */

/* Interfaces by name, and the TAP that owns the VIPs, in a namespace of its own. */

#include <errno.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "kernel/host_if.h"
#include "kernel/link.h"
#include "netns.h"

static const char *missing; /* why nothing can be tested here */

static int setup(void **state)
{
	static int ns;

	if (missing)
		return 0;
	ns = netns_new();
	netns_run(ns, "ip link set lo up");
	*state = &ns;
	return 0;
}

static int teardown(void **state)
{
	if (*state)
		close(*(int *)*state);
	return 0;
}

#define NEED_TUN()                                                \
	do {                                                      \
		NEED_NAMESPACE();                                 \
		if (access("/dev/net/tun", R_OK | W_OK) != 0) {   \
			print_message("SKIP: no /dev/net/tun\n"); \
			skip();                                   \
		}                                                 \
	} while (0)

static struct sl_prefix prefix(const char *text)
{
	struct sl_prefix a;

	assert_int_equal(sl_prefix_parse(text, &a), 0);
	return a;
}

/* Like `ethtool -L`. */
static void use_queues(const char *name, uint32_t rx, uint32_t tx)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq req = {.ifr_data = (void *)&channels};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(req.ifr_name, name);
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &req), 0);
	channels.cmd = ETHTOOL_SCHANNELS;
	channels.rx_count = rx;
	channels.tx_count = tx;
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &req), 0);
	close(fd);
}

static void link_is_found(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct link_info link;
	struct sl_ether mac;

	NEED_NAMESPACE();
	netns_run(*(int *)*state,
		"ip link add kt0 numrxqueues 4 numtxqueues 4 type veth peer name kt1 numrxqueues 2;"
		"ip link set kt0 address 02:00:00:00:01:02 mtu 1450 up");
	assert_int_equal(link_find("kt0", &link, &err), 0);
	assert_int_equal(sl_ether_parse("02:00:00:00:01:02", &mac), 0);
	assert_memory_equal(&link.mac, &mac, sizeof mac);
	assert_string_equal(link.name, "kt0");
	assert_int_equal(link.ifindex, if_nametoindex("kt0"));
	assert_int_equal(link.mtu, 1450);
	assert_true(link.up);
	assert_false(link.carrier);
	assert_int_equal(link.rx_queues, 4);
	assert_int_equal(link.tx_queues, 4);
	netns_run(*(int *)*state, "ip link set kt1 up");
	use_queues("kt0", 3, 2);
	assert_int_equal(link_find("kt0", &link, &err), 0);
	assert_true(link.carrier);
	assert_int_equal(link.rx_queues, 3);
	assert_int_equal(link.tx_queues, 2);
	assert_int_equal(link_find("lo", &link, &err), 0);
	assert_int_equal(link.rx_queues, 1);
	assert_int_equal(err.count, 0);
}

static void link_missing_names_the_others(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct link_info link;

	NEED_NAMESPACE();
	netns_run(*(int *)*state, "ip link add kt0 type veth peer name kt1");
	assert_int_equal(link_find("eth7", &link, &err), -ENODEV);
	assert_non_null(strstr(sl_err_first(&err), "no interface \"eth7\" here; there are: lo, "));
	assert_non_null(strstr(sl_err_first(&err), "kt0"));
	assert_non_null(strstr(sl_err_first(&err), "kt1"));
	sl_err_clear(&err);
	for (int i = 0; i < 10; i++)
		netns_run(*(int *)*state, "ip link add kv%d type veth peer name kw%d", i, i);
	assert_int_equal(link_find("eth7", &link, &err), -ENODEV);
	assert_non_null(strstr(sl_err_first(&err), ", ..."));
	sl_err_clear(&err);
	assert_int_equal(link_find("", &link, &err), -EINVAL);
	assert_int_equal(link_find("a-name-longer-than-15", &link, &err), -EINVAL);
	assert_int_equal(err.count, 2);
	sl_err_clear(&err);
}

static void tap_is_up_and_silent(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h;
	struct link_info link;
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	assert_int_equal(link_find("kvip", &link, &err), 0);
	assert_true(link.up);
	assert_true(link.carrier);
	netns_run(ns, "ip link show kvip | grep -q NOARP");
	netns_run(ns, "ip link show kvip | grep -q 'qlen 1$'");
	netns_run(ns, "test -z \"$(ip -6 addr show dev kvip)\"");
	host_if_close(h);
	assert_int_equal(link_find("kvip", &link, &err), -ENODEV);
	sl_err_clear(&err);
}

static void tap_addresses_follow(void **state)
{
	const struct sl_prefix first[] = {
		prefix("203.0.113.10"), prefix("2001:db8::10"), prefix("203.0.113.10")};
	const struct sl_prefix second[] = {prefix("2001:db8::11"), prefix("203.0.113.10")};
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h;
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	assert_int_equal(host_if_set_vips(h, first, 3, &err), 0);
	netns_run(ns, "ip -4 addr show dev kvip | grep -q 'inet 203.0.113.10/32 '");
	netns_run(ns, "ip -6 addr show dev kvip | grep -q 'inet6 2001:db8::10/128 scope global'");
	/* usable at once: a socket can be bound to a tentative address only after a second or more
	 */
	netns_run(ns, "! ip -6 addr show dev kvip | grep -Eq 'tentative|dadfailed|fe80'");
	netns_run(ns, "ip route get 203.0.113.10 | grep -q ^local");
	netns_run(ns, "ip route get 2001:db8::10 | grep -q ^local");
	assert_int_equal(host_if_set_vips(h, second, 2, &err), 0);
	netns_run(ns, "ip addr show dev kvip | grep -c inet | grep -qx 2");
	netns_run(ns, "ip -6 addr show dev kvip | grep -q 'inet6 2001:db8::11/128'");
	netns_run(ns, "ip -4 addr show dev kvip | grep -q 'inet 203.0.113.10/32'");
	/* somebody removed one behind our back */
	netns_run(ns, "ip addr del 203.0.113.10/32 dev kvip");
	assert_int_equal(host_if_set_vips(h, NULL, 0, &err), 0);
	netns_run(ns, "! ip addr show dev kvip | grep -q inet");
	assert_int_equal(err.count, 0);
	host_if_close(h);
}

/* The one refused is named; the others are there, and what was there stays. */
static void tap_address_refused(void **state)
{
	const struct sl_prefix first[] = {prefix("203.0.113.10"), prefix("203.0.113.11")};
	const struct sl_prefix second[] = {
		prefix("203.0.113.11"), prefix("2001:db8::10"), prefix("203.0.113.12")};
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h;
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	assert_int_equal(host_if_set_vips(h, first, 2, &err), 0);
	netns_run(ns, "echo 1 > /proc/sys/net/ipv6/conf/kvip/disable_ipv6");
	assert_int_equal(host_if_set_vips(h, second, 3, &err), -EACCES);
	assert_int_equal(err.count, 1);
	assert_non_null(strstr(sl_err_first(&err), "cannot add 2001:db8::10"));
	netns_run(ns, "ip addr show dev kvip | grep -c inet | grep -qx 3");
	sl_err_clear(&err);
	netns_run(ns, "echo 0 > /proc/sys/net/ipv6/conf/kvip/disable_ipv6");
	assert_int_equal(host_if_set_vips(h, second, 3, &err), 0);
	netns_run(ns, "ip addr show dev kvip | grep -c inet | grep -qx 3");
	netns_run(ns, "ip addr show dev kvip | grep -q 2001:db8::10/128");
	netns_run(ns, "! ip addr show dev kvip | grep -q 203.0.113.10/");
	assert_int_equal(err.count, 0);
	host_if_close(h);
}

/* A prefix is the host's own from its first address to its last, however many there are, and stands
 * in the main table. */
static void tap_prefixes_follow(void **state)
{
	const struct sl_prefix first[] = {prefix("203.0.113.16/28"), prefix("203.0.113.16"),
		prefix("2001:db8:1::/48"), prefix("2001:db8:1::/64"), prefix("203.0.113.16/28")};
	const struct sl_prefix second[] = {prefix("203.0.113.16"), prefix("2001:db8:1::/64")};
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h;
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	assert_int_equal(host_if_set_vips(h, first, 5, &err), 0);
	for (int i = 0; i < 2; i++) {
		netns_run(ns, "ip route get 203.0.113.16 | grep ^local >/dev/null");
		netns_run(ns, "ip route get 203.0.113.20 | grep ^local >/dev/null");
		netns_run(ns, "ip route get 203.0.113.31 | grep ^local >/dev/null");
		netns_run(ns, "! ip route get 203.0.113.32 | grep ^local >/dev/null");
		netns_run(ns, "ip route get 2001:db8:1:ffff:: | grep ^local >/dev/null");
		netns_run(ns, "! ip route get 2001:db8:2:: | grep ^local >/dev/null");
		netns_run(
			ns, "ip route | grep '^203.0.113.16/28 dev kvip proto static' >/dev/null");
		netns_run(ns,
			"ip -6 route | grep '^2001:db8:1::/48 dev kvip proto static' >/dev/null");
		netns_run(ns, "ip -6 route | grep '^2001:db8:1::/64 dev kvip' >/dev/null");
		/* the same again changes nothing */
		assert_int_equal(host_if_set_vips(h, first, 5, &err), 0);
	}
	netns_run(ns, "ip addr show dev kvip | grep -c inet | grep -x 1 >/dev/null");
	/* somebody removed one behind our back */
	netns_run(ns, "ip route del 203.0.113.16/28 dev kvip");
	assert_int_equal(host_if_set_vips(h, second, 2, &err), 0);
	netns_run(ns, "! ip route get 203.0.113.20 | grep ^local >/dev/null");
	netns_run(ns, "ip route get 203.0.113.16 | grep ^local >/dev/null");
	netns_run(ns, "! ip route get 2001:db8:1:ffff:: | grep ^local >/dev/null");
	netns_run(ns, "ip route get 2001:db8:1::9 | grep ^local >/dev/null");
	assert_int_equal(host_if_set_vips(h, NULL, 0, &err), 0);
	netns_run(ns, "! ip route get 2001:db8:1::9 | grep ^local >/dev/null");
	netns_run(ns, "! ip route show table all | grep '203.0.113\\|2001:db8:1' >/dev/null");
	assert_int_equal(err.count, 0);
	host_if_close(h);
}

static bool has_route(int ns, const char *table, const char *text)
{
	return netns_try(ns, "ip route show table %s | grep '%s dev kvip' >/dev/null", table,
		       text) == 0;
}

/* With the interface down the kernel takes the local route and refuses the one in the main table.
 * The half that is there is removed with the VIP, or completed when that can be done. */
static void tap_prefix_refused_in_half(void **state)
{
	const struct sl_prefix both[] = {prefix("203.0.113.16/28"), prefix("203.0.113.32/28")};
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h;
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	netns_run(ns, "ip link set kvip down");
	assert_int_equal(host_if_set_vips(h, both, 2, &err), -ENETDOWN);
	assert_int_equal(err.count, 2); /* a sentence each, not each route */
	assert_non_null(strstr(sl_err_first(&err), "cannot add 203.0.113.16/28"));
	sl_err_clear(&err);
	assert_true(has_route(ns, "local", "203.0.113.16/28"));
	assert_false(has_route(ns, "main", "203.0.113.16/28"));
	netns_run(ns, "ip link set kvip up");
	assert_int_equal(host_if_set_vips(h, both + 1, 1, &err), 0);
	assert_false(has_route(ns, "local", "203.0.113.16/28"));
	assert_true(has_route(ns, "local", "203.0.113.32/28"));
	assert_true(has_route(ns, "main", "203.0.113.32/28"));
	assert_int_equal(host_if_set_vips(h, NULL, 0, &err), 0);
	netns_run(ns, "! ip route show table all | grep '203.0.113' >/dev/null");
	assert_int_equal(err.count, 0);
	host_if_close(h);
}

/* May this thread change the network? Effective capabilities only, so it is given back. */
static void permit(bool network)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	assert_int_equal(syscall(SYS_capget, &head, sets), 0);
	if (network)
		sets[0].effective |= 1u << CAP_NET_ADMIN;
	else
		sets[0].effective &= ~(1u << CAP_NET_ADMIN);
	assert_int_equal(syscall(SYS_capset, &head, sets), 0);
}

/* What could not be removed is removed by the next call, or is simply there when it is wanted
 * again. */
static void tap_removal_refused(void **state)
{
	const struct sl_prefix all[] = {
		prefix("203.0.113.10"), prefix("203.0.113.16/28"), prefix("2001:db8:1::/48")};
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h;
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	assert_int_equal(host_if_set_vips(h, all, 3, &err), 0);
	permit(false);
	assert_int_equal(host_if_set_vips(h, all, 1, &err), -EPERM);
	permit(true);
	assert_int_equal(err.count, 2);
	assert_non_null(strstr(sl_err_first(&err), "cannot remove "));
	sl_err_clear(&err);
	assert_true(has_route(ns, "main", "203.0.113.16/28"));
	assert_int_equal(host_if_set_vips(h, all, 2, &err), 0);
	assert_true(has_route(ns, "local", "203.0.113.16/28"));
	assert_true(has_route(ns, "main", "203.0.113.16/28"));
	netns_run(ns, "! ip -6 route show table all | grep '2001:db8:1::' >/dev/null");
	assert_int_equal(host_if_set_vips(h, all, 1, &err), 0);
	netns_run(ns, "! ip route show table all | grep '203.0.113.16/28' >/dev/null");
	netns_run(ns, "ip addr show dev kvip | grep -c inet | grep -x 1 >/dev/null");
	assert_int_equal(err.count, 0);
	host_if_close(h);
}

static void tap_holds_many_addresses(void **state)
{
	static struct sl_prefix set[4096];
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h;
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	for (uint32_t i = 0; i < 4096; i++) {
		set[i] = prefix(i % 2 ? "2001:db8::" : "10.200.0.0");
		set[i].address.b[14] = (uint8_t)(i >> 8);
		set[i].address.b[15] = (uint8_t)i;
	}
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	assert_int_equal(host_if_set_vips(h, set, 4096, &err), 0);
	netns_run(ns, "ip addr show dev kvip | grep -c inet | grep -qx 4096");
	assert_int_equal(host_if_set_vips(h, set, 1, &err), 0);
	netns_run(ns, "ip addr show dev kvip | grep -c inet | grep -qx 1");
	assert_int_equal(err.count, 0);
	host_if_close(h);
}

/* What the kernel routes into the TAP is dropped, not kept. */
static void tap_keeps_no_frames(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h;
	const struct sl_prefix vip = prefix("203.0.113.10");
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	assert_int_equal(host_if_set_vips(h, &vip, 1, &err), 0);
	netns_run(ns,
		"ip route add 198.51.100.0/24 dev kvip;"
		"bash -c 'for i in 1 2 3 4 5 6 7 8; do echo x >/dev/udp/198.51.100.1/9; done'");
	netns_run(ns, "ip -s -j link show kvip | grep -Eq '\"tx\":.*\"dropped\":[678]'");
	host_if_close(h);
}

static void tap_refusals_say_how_to_mend(void **state)
{
	struct sl_err err = SL_ERR_INIT;
	struct host_if *h, *second;
	const int ns = *state ? *(int *)*state : -1;

	NEED_TUN();
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	assert_int_equal(host_if_open("kvip", &second, &err), -EBUSY);
	assert_null(second);
	assert_non_null(strstr(sl_err_first(&err), "take another name"));
	sl_err_clear(&err);
	netns_run(ns,
		"ip link add kother type veth peer name kpeer; ip tuntap add kpersist mode tap");
	assert_int_equal(host_if_open("kother", &second, &err), -EBUSY);
	assert_int_equal(host_if_open("kpersist", &second, &err), -EBUSY);
	assert_int_equal(host_if_open("", &second, &err), -EINVAL);
	assert_int_equal(host_if_open("vip%d", &second, &err), -EINVAL);
	assert_int_equal(host_if_open("longer-than-15-chars", &second, &err), -EINVAL);
	assert_int_equal(err.count, 5);
	sl_err_clear(&err);
	host_if_close(h);
	assert_int_equal(host_if_open("kvip", &h, &err), 0);
	host_if_close(h);
}

static void tap_needs_permission(void **state)
{
	int status;

	NEED_TUN();
	const pid_t child = fork();

	if (child == 0) {
		struct sl_err err = SL_ERR_INIT;
		struct host_if *h;

		if (setuid(65534) != 0)
			_exit(2);
		const int rc = host_if_open("kvip", &h, &err);

		_exit((rc != -EPERM && rc != -EACCES) ||
			!strstr(sl_err_first(&err), "run as root"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* SIGKILL leaves no time to clean up; the kernel does it, within a second. */
static void tap_dies_with_its_owner(void **state)
{
	const struct sl_prefix vip = prefix("203.0.113.10");
	struct sl_err err = SL_ERR_INIT;
	int ready[2], status;
	char byte;

	NEED_TUN();
	assert_int_equal(pipe(ready), 0);
	const pid_t child = fork();

	if (child == 0) {
		struct host_if *h;

		byte = host_if_open("kvip", &h, &err) == 0 &&
		       host_if_set_vips(h, &vip, 1, &err) == 0;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 1);
	assert_true(if_nametoindex("kvip") != 0);
	const uint64_t start_ms = netns_now_ms();

	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(if_nametoindex("kvip"), 0);
	assert_in_range(netns_now_ms() - start_ms, 0, 999);
	assert_int_not_equal(netns_try(*(int *)*state, "ip route get 203.0.113.10 2>/dev/null"), 0);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
#define IN_NAMESPACE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_NAMESPACE(link_is_found),
		IN_NAMESPACE(link_missing_names_the_others),
		IN_NAMESPACE(tap_is_up_and_silent),
		IN_NAMESPACE(tap_addresses_follow),
		IN_NAMESPACE(tap_address_refused),
		IN_NAMESPACE(tap_prefixes_follow),
		IN_NAMESPACE(tap_prefix_refused_in_half),
		IN_NAMESPACE(tap_removal_refused),
		IN_NAMESPACE(tap_holds_many_addresses),
		IN_NAMESPACE(tap_keeps_no_frames),
		IN_NAMESPACE(tap_refusals_say_how_to_mend),
		IN_NAMESPACE(tap_needs_permission),
		IN_NAMESPACE(tap_dies_with_its_owner),
	};

	missing = netns_missing();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
