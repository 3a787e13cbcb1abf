/* SPDX-License-Identifier: BSD-3-Clause */

/* The operands of the commands. Part of command.c, which alone includes it. */

#ifndef SLUICECTL_OPERANDS_H
#define SLUICECTL_OPERANDS_H

#include "command.h"

#define BACKEND                                                                                 \
	{                                                                                       \
		"BACKEND", "backend", "POOL/BACKEND, or BACKEND where one pool alone has such", \
			.required = true, .owner = "pool", .owner_known = true                  \
	}

static const struct operand wait_operands[] = {
	{"POOL", "pool", "name of the pool", .required = true},
	{"up=N", "condition", "or down=N: met when so many backends are up, or down, or more",
		.required = true},
};

static const struct operand freeze_operand[] = {
	{"SECONDS", "seconds", "0 to 3600, 30 where not said; 0 ends a freeze", .is_integer = true},
};

static const struct operand pool_operand[] = {
	{"POOL", "pool", "only the backends of this pool"},
};

static const struct operand table_operand[] = {
	{"POOL", "pool", "with the shares of its backends"},
};

static const struct operand table_keys[] = {
	{"POOL[/BACKEND]", "of", "what would change", .required = true},
	{"KEY=VALUE...", NULL, "keys of pools[] or pools[].backends[] in the configuration",
		.required = true, .is_settings = true},
};

static const struct operand session_operand[] = {
	{"POOL", "pool", "only clients of this pool"},
};

static const struct operand session_flush_operand[] = {
	{"CLIENT|POOL|all", "client", "address of a client, name of a pool, or the word all"},
};

static const struct operand lane_operands[] = {
	{"LANE", "lane", "number of the lane", .required = true, .is_integer = true},
	{"LCORE", "lcore", "worker that shall drive it", .required = true, .is_integer = true},
};

static const struct operand tuple_operands[] = {
	{"SRC:PORT", "client", "the client's end, as 192.0.2.1:40000 or [2001:db8::1]:40000",
		.required = true},
	{"VIP:PORT/PROTOCOL", "service", "as 203.0.113.10:443/tcp or [2001:db8::10]:53/udp",
		.required = true},
};

static const struct operand flush_operands[] = {
	{"SRC:PORT", "client", "with the next: one connection; the word all alone: every one"},
	{"VIP:PORT/PROTOCOL", "service", "as 203.0.113.10:443/tcp or [2001:db8::10]:53/udp"},
};

static const struct operand flow_operand[] = {
	{"POOL[/BACKEND]", "backend", "only the connections of this pool or backend"},
};

static const struct operand vip_keys[] = {
	{"VIP", "vip", "name of the VIP", .required = true},
	{"KEY=VALUE...", NULL, "keys of vips[] in the configuration; KEY= is back to the default",
		.required = true, .is_settings = true},
};

static const struct operand vip_operand[] = {
	{"VIP", "vip", "name of the VIP", .required = true},
};

static const struct operand one_pool[] = {
	{"POOL", "pool", "name of the pool", .required = true},
};

static const struct operand pool_keys[] = {
	{"POOL", "pool", "name of the pool", .required = true},
	{"KEY=VALUE...", NULL, "keys of pools[] in the configuration; KEY= is back to the default",
		.is_settings = true},
};

static const struct operand rules_operand[] = {
	{"VIP", "vip", "only the rules of this VIP"},
};

#define RULE                                                                              \
	{                                                                                 \
		"VIP/RULE", "rule", "name of the VIP, and of the rule", .required = true, \
									.owner = "vip"    \
	}

static const struct operand one_rule[] = {RULE};

static const struct operand rule_keys[] = {
	RULE,
	{"KEY=VALUE...", NULL,
		"keys of vips[].rules[] in the configuration; KEY= is back to the default",
		.required = true, .is_settings = true},
};

static const struct operand one_check[] = {
	{"CHECK", "check", "name of the check", .required = true},
};

static const struct operand check_keys[] = {
	{"CHECK", "check", "name of the check", .required = true},
	{"KEY=VALUE...", NULL, "keys of checks[] in the configuration; KEY= is back to the default",
		.required = true, .is_settings = true},
};

static const struct operand one_port[] = {
	{"PORT", "port", "name of the port", .required = true},
};

static const struct operand port_keys[] = {
	{"PORT", "port", "name of the port", .required = true},
	{"KEY=VALUE...", NULL, "keys of ports[] in the configuration; KEY= is back to the default",
		.required = true, .is_settings = true},
};

static const struct operand backend_keys[] = {
	BACKEND,
	{"KEY=VALUE...", NULL,
		"keys of pools[].backends[] in the configuration; KEY= is back to the default",
		.required = true, .is_settings = true},
};

static const struct operand backend_weight[] = {
	BACKEND,
	{"WEIGHT", "weight", "0 to 1000, or a share of the weight it has: 50%", .required = true},
};

static const struct operand pool_members[] = {
	{"POOL", "pool", "name of the pool", .required = true},
	{"NAME=ADDRESS[,WEIGHT]...", "backends", "the members: b1=10.0.0.1, b2=10.0.0.2,50",
		.required = true, .is_members = true},
};

static const struct operand check_operand[] = {
	{"FILE", "text", "this file, in place of the daemon's own"},
};

static const struct operand config_keys[] = {
	{"KEY=VALUE...", NULL,
		"keys of the configuration, daemon.log.level=debug; KEY= is back to the default",
		.required = true, .is_settings = true},
};

#endif
