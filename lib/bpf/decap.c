/* SPDX-License-Identifier: BSD-3-Clause */

#include <endian.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/decap.h"
#include "bpf/decap.skel.h"
#include "bpf/key_set.h"
#include "bpf/obj.h"
#include "bpf/prefix_set.h"
#include "bpf/tc_slot.h"

struct decap {
	char ifname[IFNAMSIZ];
	struct decap_bpf *skel;
	struct tc_slot slot;
	struct decap_state state;
};

/* The program looks for an Ethernet header. */
static int check_ethernet(const char *ifname, struct sl_err *err)
{
	struct ifreq ifr = {0};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return sl_err_sys(err, errno, "interface %s", ifname);
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", ifname);
	const int rc = ioctl(fd, SIOCGIFHWADDR, &ifr) ? -errno : 0;

	close(fd);
	if (rc)
		return sl_err_sys(err, rc, "interface %s", ifname);
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return sl_err_add(err, "interface %s is not an Ethernet interface", ifname);
	return 0;
}

/* The program does not use the state; bound to it, the map lives as long as the program and is
 * found by it. */
static int bind_state(const struct decap *d)
{
	const int prog_fd = bpf_program__fd(d->skel->progs.sluice_decap);
	const int map_fd = bpf_map__fd(d->skel->maps.decap_state);

	return bpf_prog_bind_map(prog_fd, map_fd, NULL) ? -errno : 0;
}

static int open_and_load(struct decap *d, uint16_t gue_port)
{
	d->skel = decap_bpf__open();
	if (!d->skel)
		return -errno;
	d->skel->rodata->gue_port = htobe16(gue_port);
	const int rc = decap_bpf__load(d->skel);

	return rc ? rc : bind_state(d);
}

static int load(struct decap *d, uint16_t gue_port, struct sl_err *err)
{
	obj_listen();
	const int rc = open_and_load(d, gue_port);
	obj_unlisten();
	return rc ? obj_err(err, rc, "cannot load %s", DECAP_PROG) : 0;
}

static int vips_fd(const struct decap *d)
{
	return bpf_map__fd(d->skel->maps.decap_vips);
}

static int nets_fd(const struct decap *d)
{
	return bpf_map__fd(d->skel->maps.decap_nets);
}

static int dscp_fd(const struct decap *d)
{
	return bpf_map__fd(d->skel->maps.decap_dscp);
}

static int copy_vips(struct decap *d, int from_fd)
{
	return key_set_copy(vips_fd(d), sizeof(struct bpf_addr), DECAP_VIPS_MAX, from_fd);
}

static int copy_nets(struct decap *d, int from_fd)
{
	return key_set_copy(nets_fd(d), sizeof(struct bpf_prefix), DECAP_VIPS_MAX, from_fd);
}

static int copy_dscp(struct decap *d, int from_fd)
{
	for (__u32 key = 0; key < DECAP_DSCP_MAX; key++) {
		struct bpf_addr vip;

		if (bpf_map_lookup_elem(from_fd, &key, &vip) ||
			bpf_map_update_elem(dscp_fd(d), &key, &vip, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int copy_state(struct decap *d, int from_fd)
{
	const __u32 zero = 0;

	return bpf_map_lookup_elem(from_fd, &zero, &d->state) ? -errno : 0;
}

/* What a successor takes over, by map. */
static const struct {
	const char *map;
	uint32_t key_size, value_size;
	int (*copy)(struct decap *d, int from_fd);
} heirlooms[] = {
	{DECAP_VIPS_MAP, sizeof(struct bpf_addr), sizeof(__u32), copy_vips},
	{DECAP_NETS_MAP, sizeof(struct bpf_prefix), sizeof(__u32), copy_nets},
	{DECAP_DSCP_MAP, sizeof(__u32), sizeof(struct bpf_addr), copy_dscp},
	{DECAP_STATE_MAP, sizeof(__u32), sizeof(struct decap_state), copy_state},
};

/* Maps of a version with other sizes of key or value cannot be read: its memory is lost, its filter
 * goes. */
static bool same_layout(int fd, uint32_t key_size, uint32_t value_size)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof info;

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.key_size == key_size &&
	       info.value_size == value_size;
}

static int inherit(struct decap *d, int prog_fd, struct sl_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof heirlooms / sizeof *heirlooms && rc == 0; i++) {
		const int fd = obj_map_open(prog_fd, heirlooms[i].map);

		if (fd == -ENOENT)
			continue;
		if (fd < 0) {
			rc = fd;
			break;
		}
		if (same_layout(fd, heirlooms[i].key_size, heirlooms[i].value_size))
			rc = heirlooms[i].copy(d, fd);
		close(fd);
	}
	if (rc)
		return obj_err(err, rc, "interface %s: cannot take over from the left-over %s",
			d->ifname, DECAP_PROG);
	return 0;
}

static int attach(struct decap *d, struct sl_err *err)
{
	const int left_fd = tc_slot_open(&d->slot, err);
	int rc = 0;

	if (left_fd < 0 && left_fd != -ENOENT)
		return left_fd;
	if (left_fd >= 0) {
		rc = inherit(d, left_fd, err);
		d->slot.made_qdisc |= d->state.made_qdisc;
	}
	d->state.made_qdisc = d->slot.made_qdisc;
	if (rc == 0)
		rc = decap_save(d, err);
	if (rc == 0)
		rc = tc_slot_attach(
			&d->slot, bpf_program__fd(d->skel->progs.sluice_decap), left_fd >= 0, err);
	if (left_fd >= 0)
		close(left_fd);
	if (rc)
		tc_slot_close(&d->slot);
	return rc;
}

int decap_open(const char *ifname, uint16_t gue_port, struct decap **out, struct sl_err *err)
{
	struct decap *d;
	const int ifindex = obj_ifindex(ifname, err);
	int rc = ifindex < 0 ? ifindex : check_ethernet(ifname, err);

	*out = NULL;
	if (rc)
		return rc;
	d = calloc(1, sizeof *d);
	if (!d)
		return sl_err_sys(err, ENOMEM, "interface %s", ifname);
	snprintf(d->ifname, sizeof d->ifname, "%s", ifname);
	d->slot = (struct tc_slot){.ifname = d->ifname,
		.ifindex = ifindex,
		.prog = DECAP_PROG,
		.priority = TC_SLOT_PRIORITY_DECAP};
	rc = load(d, gue_port, err);
	if (rc == 0)
		rc = attach(d, err);
	if (rc == 0) {
		*out = d;
		return 0;
	}
	decap_bpf__destroy(d->skel);
	free(d);
	return rc;
}

struct decap_state *decap_state(struct decap *d)
{
	return &d->state;
}

int decap_save(struct decap *d, struct sl_err *err)
{
	const __u32 zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(d->skel->maps.decap_state), &zero, &d->state, BPF_ANY))
		return sl_err_sys(
			err, errno, "interface %s: cannot write %s", d->ifname, DECAP_STATE_MAP);
	return 0;
}

int decap_vips(struct decap *d, struct sl_prefix **list, size_t *n)
{
	struct sl_addr *one = calloc(DECAP_VIPS_MAX, sizeof *one);
	ssize_t nets = -ENOMEM;
	size_t ones = 0;

	*list = calloc(2 * DECAP_VIPS_MAX, sizeof **list);
	if (one && *list) {
		ones = key_set_list(vips_fd(d), sizeof *one, one, DECAP_VIPS_MAX);
		nets = prefix_set_list(nets_fd(d), DECAP_VIPS_MAX, *list + ones);
	}
	for (size_t i = 0; i < ones; i++)
		(*list)[i] = sl_prefix_of(&one[i]);
	*n = nets < 0 ? 0 : ones + (size_t)nets;
	free(one);
	if (nets >= 0)
		return 0;
	free(*list);
	*list = NULL;
	return (int)nets;
}

uint32_t decap_vip_flags(struct decap *d, const struct sl_prefix *vip)
{
	__u32 flags;

	if (!sl_prefix_is_one(vip))
		return prefix_set_get(nets_fd(d), vip);
	return bpf_map_lookup_elem(vips_fd(d), &vip->address, &flags) ? 0 : flags;
}

int decap_vip_set(struct decap *d, const struct sl_prefix *vip, uint32_t flags, struct sl_err *err)
{
	const bool one = sl_prefix_is_one(vip);
	char text[SL_PREFIX_STRLEN];
	int rc;

	if (!one)
		rc = prefix_set_put(nets_fd(d), vip, flags);
	else if (flags)
		rc = bpf_map_update_elem(vips_fd(d), &vip->address, &flags, BPF_ANY) ? -errno : 0;
	else
		rc = bpf_map_delete_elem(vips_fd(d), &vip->address) && errno != ENOENT ? -errno : 0;
	if (rc)
		sl_err_sys(err, rc, "VIP %s in %s", sl_prefix_format_short(vip, text),
			one ? DECAP_VIPS_MAP : DECAP_NETS_MAP);
	return rc;
}

static __u32 dscp_key(uint8_t dscp, bool v6)
{
	return dscp + (v6 ? DECAP_DSCP_VALUES : 0u);
}

int decap_dscp_set(
	struct decap *d, uint8_t dscp, bool v6, const struct sl_addr *vip, struct sl_err *err)
{
	static const struct sl_addr none;
	const __u32 key = dscp_key(dscp, v6);

	if (bpf_map_update_elem(dscp_fd(d), &key, vip ? vip : &none, BPF_ANY))
		return sl_err_sys(err, errno, "DSCP %u in %s", dscp, DECAP_DSCP_MAP);
	return 0;
}

bool decap_dscp_get(struct decap *d, uint8_t dscp, bool v6, struct sl_addr *vip)
{
	static const struct sl_addr none;
	const __u32 key = dscp_key(dscp, v6);

	return bpf_map_lookup_elem(dscp_fd(d), &key, vip) == 0 && !sl_addr_eq(vip, &none);
}

void decap_close(struct decap *d)
{
	if (!d)
		return;
	tc_slot_close(&d->slot);
	decap_bpf__destroy(d->skel);
	free(d);
}
