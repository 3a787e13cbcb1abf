/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <bpf/libbpf.h>

#include "bpf/obj.h"
#include "bpf/tc_slot.h"

#define HANDLE 1

/* Ask the kernel for the filters below one parent. True when there is one, and when it cannot be
 * known. */
static bool dump_has_filter(int fd, int ifindex, uint32_t parent)
{
	struct {
		struct nlmsghdr nlh;
		struct tcmsg tcm;
	} ask = {
		.nlh = {.nlmsg_len = sizeof ask,
			.nlmsg_type = RTM_GETTFILTER,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.tcm = {.tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex, .tcm_parent = parent},
	};
	struct nlmsghdr first = {0};

	if (send(fd, &ask, sizeof ask, 0) < 0 || recv(fd, &first, sizeof first, 0) <= 0)
		return true;
	return first.nlmsg_type != NLMSG_DONE;
}

static bool qdisc_has_filter(int ifindex)
{
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool found = true;

	if (fd < 0)
		return true;
	found = dump_has_filter(fd, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) ||
		dump_has_filter(fd, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
	close(fd);
	return found;
}

static void qdisc_remove(struct tc_slot *slot)
{
	LIBBPF_OPTS(bpf_tc_hook, both, .ifindex = slot->ifindex,
		.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (slot->made_qdisc && !qdisc_has_filter(slot->ifindex)) {
		obj_listen();
		bpf_tc_hook_destroy(&both);
		obj_unlisten();
	}
	slot->made_qdisc = false;
}

/* Id of the BPF program in the slot, 0 when it is free. The kernel says EINVAL while a fresh qdisc
 * has no filter at all; if it means anything else, attaching says so again. */
static int slot_query(const struct tc_slot *slot, uint32_t *id)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = slot->ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = slot->priority);

	obj_listen();
	const int rc = bpf_tc_query(&hook, &opts);
	obj_unlisten();
	*id = rc ? 0 : opts.prog_id;
	return rc == -ENOENT || rc == -EINVAL ? 0 : rc;
}

static int refuse_foreign(
	const struct tc_slot *slot, uint32_t id, const char *name, struct sl_err *err)
{
	sl_err_add(err,
		"interface %s: a filter that is not ours (program \"%s\", id %u) stands in tc "
		"ingress at priority %u; take it off with: tc filter del dev %s ingress pref %u",
		slot->ifname, name, id, slot->priority, slot->ifname, slot->priority);
	return -EEXIST;
}

/* File descriptor of the left-over program, -ENOENT when the slot is free. */
static int slot_look(const struct tc_slot *slot, struct sl_err *err)
{
	char name[OBJ_NAME_LEN];
	uint32_t id;
	const int rc = slot_query(slot, &id);

	if (rc)
		return obj_err(
			err, rc, "interface %s: cannot read tc ingress filters", slot->ifname);
	if (!id)
		return -ENOENT;
	const int fd = obj_prog_open(id, name);

	if (fd < 0)
		return obj_err(err, fd,
			"interface %s: cannot look at the tc ingress filter at priority %u",
			slot->ifname, slot->priority);
	if (strcmp(name, slot->prog) == 0)
		return fd;
	close(fd);
	return refuse_foreign(slot, id, name, err);
}

int tc_slot_open(struct tc_slot *slot, struct sl_err *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = slot->ifindex, .attach_point = BPF_TC_INGRESS);

	slot->prog_id = 0;
	obj_listen();
	int rc = bpf_tc_hook_create(&hook);
	obj_unlisten();
	if (rc && rc != -EEXIST)
		return obj_err(
			err, rc, "interface %s: cannot create the clsact qdisc", slot->ifname);
	slot->made_qdisc = rc == 0;
	rc = slot_look(slot, err);
	if (rc < 0 && rc != -ENOENT)
		qdisc_remove(slot);
	return rc;
}

int tc_slot_attach(struct tc_slot *slot, int prog_fd, bool replace, struct sl_err *err)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = slot->ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = slot->priority,
		.prog_fd = prog_fd, .flags = replace ? BPF_TC_F_REPLACE : 0);

	obj_listen();
	const int rc = bpf_tc_attach(&hook, &opts);
	obj_unlisten();
	if (rc)
		return obj_err(err, rc,
			"interface %s: cannot attach %s to tc ingress at priority %u", slot->ifname,
			slot->prog, slot->priority);
	slot->prog_id = opts.prog_id;
	return 0;
}

void tc_slot_close(struct tc_slot *slot)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = slot->ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = slot->priority);
	uint32_t id;

	if (slot->prog_id && slot_query(slot, &id) == 0 && id == slot->prog_id) {
		obj_listen();
		bpf_tc_detach(&hook, &opts);
		obj_unlisten();
	}
	slot->prog_id = 0;
	qdisc_remove(slot);
}

void tc_slot_clear(struct tc_slot *slot)
{
	const int left_fd = tc_slot_open(slot, NULL);

	if (left_fd < 0 && left_fd != -ENOENT)
		return;
	if (left_fd >= 0) {
		slot_query(slot, &slot->prog_id);
		close(left_fd);
	}
	tc_slot_close(slot);
}
