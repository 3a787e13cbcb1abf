/* SPDX-License-Identifier: BSD-3-Clause */

/* The words that keys may have, but those of health. For schema.c only. */

#ifndef SLUICE_CONF_WORDS_H
#define SLUICE_CONF_WORDS_H

#include <netinet/in.h>

#include "conf/conf.h"
#include "conf/schema.h"

static const struct conf_word log_levels[] = {
	{"error", CONF_LOG_ERROR, "what stops the daemon or loses traffic"},
	{"warn", CONF_LOG_WARN, "also what should be mended"},
	{"info", CONF_LOG_INFO, "also what changes"},
	{"debug", CONF_LOG_DEBUG, "also what explains it"},
	{NULL},
};

static const struct conf_word log_targets[] = {
	{"stderr", CONF_LOG_STDERR, "with time stamps"},
	{"journal", CONF_LOG_JOURNAL, "stderr with journald priorities"},
	{NULL},
};

static const struct conf_word idles[] = {
	{"poll", CONF_IDLE_POLL, "never sleep: shortest latency, a CPU each, always busy"},
	{"adaptive", CONF_IDLE_ADAPTIVE, "sleep up to 20 us at a time while nothing comes"},
	{NULL},
};

static const struct conf_word drivers[] = {
	{"af_xdp", CONF_DRIVER_AF_XDP, "shares a kernel interface, VIP traffic by AF_XDP"},
	{"af_packet", CONF_DRIVER_AF_PACKET, "shares a kernel interface by packet socket"},
	{"vdev", CONF_DRIVER_VDEV, "any DPDK virtual device, without a kernel side"},
	{NULL},
};

static const struct conf_word accept_macs[] = {
	{"own", CONF_ACCEPT_OWN, "other unicast frames are dropped as not_our_mac"},
	{"any", CONF_ACCEPT_ANY, "every frame is taken"},
	{NULL},
};

static const struct conf_word schedulers[] = {
#define X(ID, id, name, needs, help) {name, SCHEDULER_##ID, help},
	SCHEDULER_LIST(X)
#undef X
		{NULL},
};

static const struct conf_word hashes[] = {
	{"5-tuple", CONF_HASH_5TUPLE, "addresses, ports and protocol"},
	{"source", CONF_HASH_SOURCE, "the client's address"},
	{"source+dest", CONF_HASH_SOURCE_DEST, "the client's address and the VIP's"},
	{NULL},
};

static const struct conf_word forwards[] = {
	{"l2", CONF_FORWARD_L2, "new MAC addresses only, backends in the same network"},
	{"ipip", CONF_FORWARD_IPIP, "IP tunnel, outer family follows the backend's address"},
	{"gue", CONF_FORWARD_GUE, "the same in UDP, source port by flow"},
	{"dscp", CONF_FORWARD_DSCP, "layer 3 DSR: the backend's own address and DSCP"},
	{NULL},
};

static const struct conf_word admins[] = {
	{"ready", CONF_ADMIN_READY, "takes part"},
	{"drain", CONF_ADMIN_DRAIN, "no new connection, those it has go on for drain_timeout_s"},
	{"maint", CONF_ADMIN_MAINT, "no packet at all, its connections start over elsewhere"},
	{NULL},
};

static const struct conf_word oversizes[] = {
	{"fragment", CONF_OVERSIZE_FRAGMENT,
		"cut the client's packet, each piece travels by itself"},
	{"drop", CONF_OVERSIZE_DROP, "drop it as too_big"},
	{NULL},
};

static const struct conf_word tracks[] = {
	{"all", CONF_TRACK_ALL, "connections are remembered and keep their backend"},
	{"none", CONF_TRACK_NONE, "every packet goes by the table of the moment"},
	{NULL},
};

static const struct conf_word fragments[] = {
	{"track", CONF_FRAGMENTS_TRACK, "they go to the backend of their connection"},
	{"drop", CONF_FRAGMENTS_DROP, "they are dropped as frag"},
	{NULL},
};

static const struct conf_word echos[] = {
	{"answer", CONF_ECHO_ANSWER, "Sluice answers, at a limited rate"},
	{"backend", CONF_ECHO_BACKEND, "a backend of the pool answers, the same one for a client"},
	{"drop", CONF_ECHO_DROP, "nobody answers"},
	{NULL},
};

static const struct conf_word gue_checksums[] = {
	{"zero", CONF_GUE_CHECKSUM_ZERO, "none, as tunnels may (RFC 6935)"},
	{"full", CONF_GUE_CHECKSUM_FULL, "over the whole packet"},
	{NULL},
};

static const struct conf_word protocols[] = {
	{"tcp", IPPROTO_TCP, "TCP"},
	{"udp", IPPROTO_UDP, "UDP"},
	{NULL},
};

#endif
