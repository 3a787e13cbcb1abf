/* SPDX-License-Identifier: BSD-3-Clause */

/* A thin layer over libmnl for the files of this module: sockets, and questions asked in batches.
 *
 * The kernel answers a rtnetlink request inside send(): when send() returns, every answer already
 * waits in the socket. So a batch is one send and a few reads that never block.
 */

#ifndef SLUICE_KERNEL_RTNL_H
#define SLUICE_KERNEL_RTNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libmnl/libmnl.h>

#include "base/addr.h"
#include "base/err.h"

struct rtnl {
	struct mnl_socket *socket; /* NULL: closed */
	uint32_t port;             /* our netlink address: nlmsg_pid of what we caused */
	uint32_t seq;
};

/* Questions in one batch; few enough that all answers fit the smallest receive buffer. */
#define RTNL_BATCH_MAX      64

/* A question of ours must stay below this many bytes. */
#define RTNL_QUESTION_BYTES 192

/* One datagram of the kernel is never larger. */
#define RTNL_ANSWER_BYTES   65536

/* What the asker knows a question by. */
struct rtnl_tag {
	void *who;
	int what;
};

struct rtnl_batch {
	struct rtnl *rtnl;
	uint32_t count;
	uint32_t first_seq;
	size_t used;
	struct rtnl_tag tag[RTNL_BATCH_MAX];
	_Alignas(8) char bytes[RTNL_BATCH_MAX * RTNL_QUESTION_BYTES];
};

/* One answer: a message, or NULL and an error: 0 (acknowledged), or -errno. -EAGAIN: the answer was
 * lost, ask again. Called exactly once a question. */
typedef void (*rtnl_answer)(
	void *ctx, struct rtnl_tag tag, const struct nlmsghdr *answer, int error);

/* One message of a dump, or of the event socket. */
typedef void (*rtnl_message)(void *ctx, const struct nlmsghdr *nlh);

/* 0, or -errno with a message. */
int rtnl_open(struct rtnl *r, struct sl_err *err);

void rtnl_close(struct rtnl *r);

/* An empty batch on r, which must outlive it. */
void rtnl_batch_start(struct rtnl_batch *b, struct rtnl *r);

static inline bool rtnl_batch_full(const struct rtnl_batch *b)
{
	return b->count == RTNL_BATCH_MAX;
}

/* The next question; the batch must not be full. NLM_F_REQUEST is added to flags; a request that
 * changes something must have NLM_F_ACK, one that gets something must not: each then has exactly
 * one answer. The caller appends header and attributes to what is returned. */
struct nlmsghdr *rtnl_batch_add(
	struct rtnl_batch *b, uint16_t type, uint16_t flags, struct rtnl_tag tag);

/* Send what is there, give each answer to fn, leave the batch empty. fn must not touch the batch.
 */
void rtnl_batch_run(struct rtnl_batch *b, rtnl_answer fn, void *ctx);

/* One question with one answer, of which only the error matters: 0, or -errno. */
int rtnl_batch_run_one(struct rtnl_batch *b);

/* Every object of a kind (RTM_GETLINK) to fn. 0, or -errno: the list may be incomplete. */
int rtnl_dump(struct rtnl *r, uint16_t type, rtnl_message fn, void *ctx);

/* Family of an address as the kernel counts: AF_INET or AF_INET6. */
uint8_t rtnl_family(const struct sl_addr *a);

/* Append an address as the kernel writes it, 4 or 16 bytes. */
void rtnl_put_addr(struct nlmsghdr *nlh, uint16_t type, const struct sl_addr *a);

/* The address in an attribute's payload. False: not of the length that the family has. */
bool rtnl_get_addr(uint8_t family, const void *bytes, size_t len, struct sl_addr *out);

/* The attributes behind a header of `header` bytes, by number, up to max; others are left out. */
void rtnl_attrs(
	const struct nlmsghdr *nlh, size_t header, const struct nlattr **attr, uint16_t max);

/* The same for the attributes inside one. */
void rtnl_attrs_nested(const struct nlattr *nest, const struct nlattr **attr, uint16_t max);

/* A 32-bit attribute, or 0 where it is missing or of another length. */
uint32_t rtnl_u32(const struct nlattr *attr);

/* The same of 16 bits. */
uint16_t rtnl_u16(const struct nlattr *attr);

#endif
