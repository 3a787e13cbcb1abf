/* SPDX-License-Identifier: BSD-3-Clause */

/* The words that keys about health take. Part of schema.c, which alone includes it. */

#ifndef SLUICE_CONF_WORDS_HEALTH_H
#define SLUICE_CONF_WORDS_HEALTH_H

#include "conf/conf.h"
#include "conf/schema.h"

static const struct conf_word requires[] = {
	{"all", 0, "all of them"},
	{"any", 1, "one of them"},
	{"2", 2, "so many"},
	{"3", 3, "so many"},
	{"4", 4, "so many"},
	{"5", 5, "so many"},
	{"6", 6, "so many"},
	{"7", 7, "so many"},
	{"8", CONF_MAX_POOL_CHECKS, "so many"},
	{NULL},
};

static const struct conf_word backup_modes[] = {
	{"spill", CONF_BACKUP_SPILL, "the healthy backends that are left, and the backup's"},
	{"replace", CONF_BACKUP_REPLACE, "the backup's backends alone"},
	{NULL},
};

static const struct conf_word all_downs[] = {
	{"failopen", CONF_ALL_DOWN_FAILOPEN, "all ready backends, at their configured weights"},
	{"reject", CONF_ALL_DOWN_REJECT, "TCP RST or ICMP unreachable"},
	{"drop", CONF_ALL_DOWN_DROP, "no answer"},
	{NULL},
};

static const struct conf_word marked_downs[] = {
	{"keep", CONF_MARKED_DOWN_KEEP, "its connections go on: a wrong verdict cuts none"},
	{"rehash", CONF_MARKED_DOWN_REHASH, "their next packet goes to another backend"},
	{NULL},
};

static const struct conf_word check_types[] = {
	{"none", CONF_CHECK_NONE, "nothing is sent, the backend counts as up"},
	{"tcp", CONF_CHECK_TCP, "a connection is accepted"},
	{"http", CONF_CHECK_HTTP, "an HTTP request is answered with an allowed status"},
	{"https", CONF_CHECK_HTTPS, "the same over TLS"},
	{"udp", CONF_CHECK_UDP, "a datagram is answered"},
	{"dns", CONF_CHECK_DNS, "a DNS query is answered with NOERROR"},
	{"icmp", CONF_CHECK_ICMP, "an echo request is answered"},
	{NULL},
};

static const struct conf_word vias[] = {
	{"direct", CONF_VIA_DIRECT, "to the backend's own address, by the kernel's routes"},
	{NULL},
};

static const struct conf_word methods[] = {
	{"GET", CONF_METHOD_GET, "with a body"},
	{"HEAD", CONF_METHOD_HEAD, "headers only"},
	{NULL},
};

/* RFC 1035 3.2.2, RFC 3596 2.1, RFC 2782, RFC 9460 14.1 */
static const struct conf_word dns_types[] = {
	{"A", 1, "IPv4 address"},
	{"NS", 2, "name servers"},
	{"CNAME", 5, "alias"},
	{"SOA", 6, "start of the zone"},
	{"PTR", 12, "name of an address"},
	{"MX", 15, "mail servers"},
	{"TXT", 16, "text"},
	{"AAAA", 28, "IPv6 address"},
	{"SRV", 33, "service"},
	{"HTTPS", 65, "HTTPS service"},
	{NULL},
};

#endif
