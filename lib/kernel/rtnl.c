/* SPDX-License-Identifier: BSD-3-Clause */

#include <assert.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "kernel/rtnl.h"

/* Room for bursts of events: more than this and the kernel says ENOBUFS. */
#define RECEIVE_BYTES (4 << 20)

/* Not every process may go beyond net.core.rmem_max; what it gets then is only a smaller burst. */
static void widen(int fd)
{
	const int bytes = RECEIVE_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

int rtnl_open(struct rtnl *r, struct sl_err *err)
{
	*r = (struct rtnl){.socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK)};
	if (!r->socket)
		return sl_err_sys(err, errno, "netlink socket");
	if (mnl_socket_bind(r->socket, 0, MNL_SOCKET_AUTOPID) != 0) {
		const int code = errno;

		rtnl_close(r);
		return sl_err_sys(err, code, "netlink socket: bind");
	}
	widen(mnl_socket_get_fd(r->socket));
	r->port = mnl_socket_get_portid(r->socket);
	return 0;
}

void rtnl_close(struct rtnl *r)
{
	if (r->socket)
		mnl_socket_close(r->socket);
	r->socket = NULL;
}

void rtnl_batch_start(struct rtnl_batch *b, struct rtnl *r)
{
	b->rtnl = r;
	b->count = 0;
	b->used = 0;
}

/* The last question is complete when the next one begins. */
static void seal(struct rtnl_batch *b)
{
	if (b->count > 0)
		b->used += MNL_ALIGN(((struct nlmsghdr *)(b->bytes + b->used))->nlmsg_len);
}

struct nlmsghdr *rtnl_batch_add(
	struct rtnl_batch *b, uint16_t type, uint16_t flags, struct rtnl_tag tag)
{
	seal(b);
	if (b->count == 0)
		b->first_seq = b->rtnl->seq + 1;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(b->bytes + b->used);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++b->rtnl->seq;
	b->tag[b->count++] = tag;
	return nlh;
}

struct answers {
	const struct rtnl_batch *batch;
	rtnl_answer fn;
	void *ctx;
	uint64_t open; /* bit i: question i has no answer yet */
};

static_assert(RTNL_BATCH_MAX <= 64, "one bit a question");

static void answer(struct answers *a, const struct nlmsghdr *nlh)
{
	const uint32_t i = nlh->nlmsg_seq - a->batch->first_seq;

	if (i >= a->batch->count || !(a->open & 1ULL << i))
		return; /* left over from an earlier batch */
	a->open &= ~(1ULL << i);
	if (nlh->nlmsg_type != NLMSG_ERROR) {
		a->fn(a->ctx, a->batch->tag[i], nlh, 0);
		return;
	}
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const bool whole = mnl_nlmsg_get_payload_len(nlh) >= sizeof *e;

	a->fn(a->ctx, a->batch->tag[i], NULL, whole ? e->error : -EBADMSG);
}

static void read_answers(struct answers *a)
{
	_Alignas(8) char buf[RTNL_ANSWER_BYTES];

	while (a->open) {
		const ssize_t got = mnl_socket_recvfrom(a->batch->rtnl->socket, buf, sizeof buf);

		if (got < 0 && (errno == EINTR || errno == ENOBUFS || errno == ENOSPC))
			continue;
		if (got <= 0)
			return;
		int left = (int)got;

		for (const struct nlmsghdr *n = (void *)buf; mnl_nlmsg_ok(n, left);
			n = mnl_nlmsg_next(n, &left))
			answer(a, n);
	}
}

void rtnl_batch_run(struct rtnl_batch *b, rtnl_answer fn, void *ctx)
{
	if (b->count == 0)
		return;
	struct answers a = {
		.batch = b, .fn = fn, .ctx = ctx, .open = UINT64_MAX >> (64 - b->count)};

	seal(b);
	if (mnl_socket_sendto(b->rtnl->socket, b->bytes, b->used) >= 0)
		read_answers(&a);
	for (uint32_t i = 0; i < b->count; i++)
		if (a.open & 1ULL << i)
			fn(ctx, b->tag[i], NULL, -EAGAIN);
	rtnl_batch_start(b, b->rtnl);
}

static void keep_error(void *ctx, struct rtnl_tag tag, const struct nlmsghdr *nlh, int error)
{
	*(int *)ctx = error;
}

int rtnl_batch_run_one(struct rtnl_batch *b)
{
	int error = -EINVAL;

	rtnl_batch_run(b, keep_error, &error);
	return error;
}

/* One datagram of a dump. 1: more to come, 0: done, -errno. */
static int dump_part(struct rtnl *r, char *buf, ssize_t got, rtnl_message fn, void *ctx)
{
	int left = (int)got;

	for (const struct nlmsghdr *n = (void *)buf; mnl_nlmsg_ok(n, left);
		n = mnl_nlmsg_next(n, &left)) {
		if (n->nlmsg_seq != r->seq)
			continue;
		if (n->nlmsg_type == NLMSG_DONE)
			return 0;
		if (n->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(n))->error;
		fn(ctx, n);
	}
	return 1;
}

int rtnl_dump(struct rtnl *r, uint16_t type, rtnl_message fn, void *ctx)
{
	_Alignas(8) char buf[RTNL_ANSWER_BYTES];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int more = 1;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++r->seq;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (mnl_socket_sendto(r->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (more > 0) {
		const ssize_t got = mnl_socket_recvfrom(r->socket, buf, sizeof buf);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		more = dump_part(r, buf, got, fn, ctx);
	}
	return more;
}

uint8_t rtnl_family(const struct sl_addr *a)
{
	return sl_addr_is4(a) ? AF_INET : AF_INET6;
}

void rtnl_put_addr(struct nlmsghdr *nlh, uint16_t type, const struct sl_addr *a)
{
	mnl_attr_put(nlh, type, sl_addr_len(a), sl_addr_bytes(a));
}

bool rtnl_get_addr(uint8_t family, const void *bytes, size_t len, struct sl_addr *out)
{
	if (family == AF_INET && len == 4)
		*out = sl_addr_from4(bytes);
	else if (family == AF_INET6 && len == 16)
		*out = sl_addr_from16(bytes);
	else
		return false;
	return true;
}

static void keep_attr(const struct nlattr *a, const struct nlattr **attr, uint16_t max)
{
	if (mnl_attr_get_type(a) <= max)
		attr[mnl_attr_get_type(a)] = a;
}

void rtnl_attrs(const struct nlmsghdr *nlh, size_t header, const struct nlattr **attr, uint16_t max)
{
	const struct nlattr *a;

	memset(attr, 0, (max + 1u) * sizeof *attr);
	mnl_attr_for_each(a, nlh, header) keep_attr(a, attr, max);
}

void rtnl_attrs_nested(const struct nlattr *nest, const struct nlattr **attr, uint16_t max)
{
	const struct nlattr *a;

	memset(attr, 0, (max + 1u) * sizeof *attr);
	mnl_attr_for_each_nested(a, nest) keep_attr(a, attr, max);
}

uint32_t rtnl_u32(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 4 ? mnl_attr_get_u32(attr) : 0;
}

uint16_t rtnl_u16(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 2 ? mnl_attr_get_u16(attr) : 0;
}
