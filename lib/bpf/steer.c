/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <linux/if_link.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/key_set.h"
#include "bpf/obj.h"
#include "bpf/prefix_set.h"
#include "bpf/shared.h"
#include "bpf/steer.h"
#include "bpf/steer.skel.h"
#include "bpf/steer_tc.skel.h"
#include "bpf/tc_slot.h"

struct steer {
	char *ifname;
	int ifindex;
	int vips_fd, nets_fd, sources_fd; /* tc: the object's */
	/* What the maps hold of the VIPs, so that a change asks the kernel for no more than it
	 * changes: as it was given, and its single addresses, sorted. vips NULL: not known. */
	struct sl_prefix *vips;
	struct sl_addr *single;
	size_t n_vips, n_single;
	/* XDP */
	int prog_fd;
	uint32_t xdp_mode; /* XDP_FLAGS_*_MODE it is attached in */
	/* tc */
	struct steer_tc_bpf *tc;
	struct tc_slot slot;
};

/* An XDP program on an interface, and how iproute2 names the mode it is attached in. */
struct xdp_place {
	uint32_t id;
	uint32_t flags;
	const char *keyword;
};

#define XDP_PLACES 3

static int xdp_places(const char *ifname, int ifindex, struct xdp_place *places, struct sl_err *err)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);

	obj_listen();
	const int rc = bpf_xdp_query(ifindex, 0, &opts);
	obj_unlisten();
	if (rc)
		return obj_err(err, rc, "interface %s: cannot ask for its XDP program", ifname);
	places[0] = (struct xdp_place){opts.drv_prog_id, XDP_FLAGS_DRV_MODE, "xdp"};
	places[1] = (struct xdp_place){opts.skb_prog_id, XDP_FLAGS_SKB_MODE, "xdpgeneric"};
	places[2] = (struct xdp_place){opts.hw_prog_id, XDP_FLAGS_HW_MODE, "xdpoffload"};
	return 0;
}

/* By name and by the map that only our program has. vips_fd: the map, to be closed by the
 * caller. */
static bool is_ours(int prog_fd, const char *name, int *vips_fd)
{
	*vips_fd = -1;
	if (strcmp(name, STEER_PROG) != 0)
		return false;
	*vips_fd = obj_map_open(prog_fd, STEER_VIPS_MAP);
	return *vips_fd >= 0;
}

/* Take the program off, but only if it is this one. -ENOENT, -EEXIST: another one is there by now,
 * or none. */
static int xdp_detach(int ifindex, uint32_t mode, int prog_fd)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = prog_fd);

	obj_listen();
	const int rc = bpf_xdp_detach(ifindex, mode, &opts);
	obj_unlisten();
	return rc;
}

/* Clear one place of a program of ours; refuse a foreign one if the place is needed. */
static int xdp_clear(
	const char *ifname, int ifindex, const struct xdp_place *p, bool needed, struct sl_err *err)
{
	char name[OBJ_NAME_LEN];
	int vips_fd;
	const int prog_fd = obj_prog_open(p->id, name);

	if (prog_fd < 0)
		return obj_err(err, prog_fd, "interface %s: cannot look at its XDP program (id %u)",
			ifname, p->id);
	const bool ours = is_ours(prog_fd, name, &vips_fd);
	int rc = ours || !needed ? 0 : -EEXIST;

	if (rc)
		sl_err_add(err,
			"interface %s: XDP program \"%s\" (id %u) is attached and is not ours; "
			"take it off with: ip link set dev %s %s off",
			ifname, name, p->id, ifname, p->keyword);
	else if (ours && (rc = xdp_detach(ifindex, p->flags, prog_fd)))
		obj_err(err, rc, "interface %s: cannot take off the left-over XDP program (id %u)",
			ifname, p->id);
	if (vips_fd >= 0)
		close(vips_fd);
	close(prog_fd);
	return rc;
}

static struct tc_slot steer_slot(const char *ifname, int ifindex)
{
	return (struct tc_slot){
		.ifname = ifname,
		.ifindex = ifindex,
		.prog = STEER_TC_PROG,
		.priority = TC_SLOT_PRIORITY_STEER,
	};
}

int steer_prepare(const char *ifname, bool needed, struct sl_err *err)
{
	struct xdp_place places[XDP_PLACES];
	const int ifindex = obj_ifindex(ifname, err);

	if (ifindex < 0)
		return ifindex;
	struct tc_slot slot = steer_slot(ifname, ifindex);
	int rc = xdp_places(ifname, ifindex, places, err);

	if (needed)
		tc_slot_clear(&slot); /* steer_open_tc replaces it without a gap */
	for (int i = 0; i < XDP_PLACES && rc == 0; i++) {
		if (places[i].id)
			rc = xdp_clear(ifname, ifindex, &places[i], needed, err);
	}
	return rc;
}

static int write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		const ssize_t wrote = write(fd, bytes, n);

		if (wrote < 0)
			return -errno;
		bytes += wrote;
		n -= (size_t)wrote;
	}
	return 0;
}

int steer_object_open(char *path, size_t size, struct sl_err *err)
{
	size_t n;
	const void *elf = steer_bpf__elf_bytes(&n);
	const int fd = memfd_create("sluice_steer.bpf.o", MFD_CLOEXEC);

	if (fd < 0)
		return sl_err_sys(err, errno, "memory file for the XDP object");
	int rc = write_all(fd, elf, n);

	if (rc == 0 && (size_t)snprintf(path, size, "/proc/self/fd/%d", fd) >= size)
		rc = -ENAMETOOLONG;
	if (rc == 0)
		return fd;
	close(fd);
	return sl_err_sys(err, rc, "memory file for the XDP object");
}

void steer_object_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

static struct steer *steer_new(const char *ifname, int ifindex)
{
	struct steer *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->ifindex = ifindex;
	s->vips_fd = s->nets_fd = s->sources_fd = s->prog_fd = -1;
	s->ifname = strdup(ifname);
	if (s->ifname)
		return s;
	free(s);
	return NULL;
}

static void steer_free(struct steer *s)
{
	const int own[] = {s->vips_fd, s->nets_fd, s->sources_fd, s->prog_fd};

	for (size_t i = 0; i < sizeof own / sizeof *own && !s->tc; i++)
		if (own[i] >= 0)
			close(own[i]);
	if (s->tc)
		steer_tc_bpf__destroy(s->tc);
	free(s->vips);
	free(s->single);
	free(s->ifname);
	free(s);
}

/* Fill s from this place if our program is there. 0, -ENOENT for a foreign one, or other -errno. */
static int xdp_take(struct steer *s, const struct xdp_place *p)
{
	char name[OBJ_NAME_LEN];
	const int fd = obj_prog_open(p->id, name);

	if (fd < 0)
		return fd;
	if (!is_ours(fd, name, &s->vips_fd)) {
		close(fd);
		return -ENOENT;
	}
	s->prog_fd = fd;
	s->sources_fd = obj_map_open(fd, STEER_SOURCES_MAP);
	if (s->sources_fd < 0)
		return s->sources_fd;
	s->xdp_mode = p->flags;
	s->nets_fd = obj_map_open(fd, STEER_NETS_MAP);
	return s->nets_fd < 0 ? s->nets_fd : 0;
}

int steer_open_xdp(const char *ifname, struct steer **out, struct sl_err *err)
{
	struct xdp_place places[XDP_PLACES];
	const int ifindex = obj_ifindex(ifname, err);

	*out = NULL;
	if (ifindex < 0)
		return ifindex;
	int rc = xdp_places(ifname, ifindex, places, err);

	if (rc)
		return rc;
	struct steer *s = steer_new(ifname, ifindex);

	if (!s)
		return sl_err_sys(err, ENOMEM, "interface %s", ifname);
	rc = -ENOENT;
	for (int i = 0; i < XDP_PLACES && rc == -ENOENT; i++)
		rc = places[i].id ? xdp_take(s, &places[i]) : -ENOENT;
	if (rc == 0) {
		*out = s;
		return 0;
	}
	steer_free(s);
	if (rc == -ENOENT)
		sl_err_add(err, "interface %s: the driver did not attach %s", ifname, STEER_PROG);
	else
		obj_err(err, rc, "interface %s: cannot open its XDP program", ifname);
	return rc;
}

static int tc_load(struct steer *s, struct sl_err *err)
{
	obj_listen();
	s->tc = steer_tc_bpf__open_and_load();
	const int rc = s->tc ? 0 : -errno;
	obj_unlisten();
	if (rc)
		return obj_err(err, rc, "interface %s: cannot load %s", s->ifname, STEER_TC_PROG);
	s->vips_fd = bpf_map__fd(s->tc->maps.sluice_vips);
	s->nets_fd = bpf_map__fd(s->tc->maps.sluice_nets);
	s->sources_fd = bpf_map__fd(s->tc->maps.sluice_sources);
	return 0;
}

static int tc_attach(struct steer *s, struct sl_err *err)
{
	s->slot = steer_slot(s->ifname, s->ifindex);
	const int left_fd = tc_slot_open(&s->slot, err);

	if (left_fd < 0 && left_fd != -ENOENT)
		return left_fd;
	const int rc = tc_slot_attach(
		&s->slot, bpf_program__fd(s->tc->progs.sluice_steer_tc), left_fd >= 0, err);

	if (left_fd >= 0)
		close(left_fd);
	if (rc)
		tc_slot_close(&s->slot);
	return rc;
}

int steer_open_tc(const char *ifname, struct steer **out, struct sl_err *err)
{
	const int ifindex = obj_ifindex(ifname, err);

	*out = NULL;
	if (ifindex < 0)
		return ifindex;
	struct steer *s = steer_new(ifname, ifindex);

	if (!s)
		return sl_err_sys(err, ENOMEM, "interface %s", ifname);
	int rc = tc_load(s, err);

	if (rc == 0)
		rc = tc_attach(s, err);
	if (rc)
		steer_free(s);
	else
		*out = s;
	return rc;
}

/* Addresses to the front, prefixes behind them. */
static size_t split(
	const struct sl_prefix *vips, size_t n, struct sl_addr *one, struct sl_prefix *net)
{
	size_t ones = 0;

	for (size_t i = 0; i < n; i++) {
		if (sl_prefix_is_one(&vips[i]))
			one[ones++] = vips[i].address;
		else
			net[i - ones] = vips[i];
	}
	return ones;
}

static void forget_vips(struct steer *s)
{
	free(s->vips);
	free(s->single);
	s->vips = NULL;
	s->single = NULL;
	s->n_vips = s->n_single = 0;
}

static int set_maps(
	struct steer *s, struct sl_addr *one, size_t ones, const struct sl_prefix *net, size_t nets)
{
	if (ones > STEER_VIPS_MAX)
		return -E2BIG;
	int rc = s->vips ? key_set_change(s->vips_fd, sizeof *one, STEER_VIP, s->single,
				   s->n_single, one, ones)
			 : key_set_make_equal(
				   s->vips_fd, sizeof *one, STEER_VIPS_MAX, STEER_VIP, one, ones);

	if (rc == 0)
		rc = prefix_set_make_equal(s->nets_fd, STEER_VIPS_MAX, STEER_VIP, net, nets);
	return rc;
}

int steer_set_vips(struct steer *s, const struct sl_prefix *vips, size_t n, struct sl_err *err)
{
	if (s->vips && n == s->n_vips && (!n || memcmp(vips, s->vips, n * sizeof *vips) == 0))
		return 0;
	struct sl_addr *one = calloc(n + 1, sizeof *one);
	struct sl_prefix *net = calloc(n + 1, sizeof *net), *all = calloc(n + 1, sizeof *all);
	int rc = one && net && all ? 0 : -ENOMEM;
	const size_t ones = rc ? 0 : split(vips, n, one, net);
	const size_t unique = key_set_sort(one, sizeof *one, ones);

	if (rc == 0)
		rc = set_maps(s, one, unique, net, n - ones);
	forget_vips(s);
	free(net);
	if (rc == 0) {
		if (n)
			memcpy(all, vips, n * sizeof *all);
		s->vips = all;
		s->n_vips = n;
		s->single = one;
		s->n_single = unique;
		return 0;
	}
	free(one);
	free(all);
	return sl_err_sys(
		err, rc, "interface %s: cannot set the VIPs in %s", s->ifname, STEER_VIPS_MAP);
}

static int write_sources(
	int fd, struct bpf_source *keys, const struct steer_source *sources, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		keys[i].len = STEER_PORT_BITS + sources[i].len;
		keys[i].port[0] = (uint8_t)(sources[i].gue_port >> 8);
		keys[i].port[1] = (uint8_t)sources[i].gue_port;
		memcpy(keys[i].addr.b, &sources[i].address, sizeof keys[i].addr.b);
	}
	const int rc = key_set_make_equal(fd, sizeof *keys, STEER_SOURCES_MAX, 1, keys, n);

	return rc == -ENOSPC ? -E2BIG : rc;
}

int steer_set_sources(
	struct steer *s, const struct steer_source *sources, size_t n, struct sl_err *err)
{
	struct bpf_source *keys = calloc(n + 1, sizeof *keys);
	const int rc = keys ? write_sources(s->sources_fd, keys, sources, n) : -ENOMEM;

	free(keys);
	if (rc)
		sl_err_sys(err, rc, "interface %s: cannot set the tunnel sources in %s", s->ifname,
			STEER_SOURCES_MAP);
	return rc;
}

void steer_close(struct steer *s)
{
	if (!s)
		return;
	if (s->tc)
		tc_slot_close(&s->slot);
	else
		xdp_detach(s->ifindex, s->xdp_mode, s->prog_fd);
	steer_free(s);
}
