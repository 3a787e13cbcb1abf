/* SPDX-License-Identifier: BSD-3-Clause */

/* The columns of the lists: shown ones first. Part of command.c, which alone includes it. */

#ifndef SLUICECTL_COLUMNS_H
#define SLUICECTL_COLUMNS_H

#include "rows.h"

static const struct column vip_columns[] = {
	{"vip", "VIP", cell_text, false},
	{"address", "SERVICE", cell_service, false},
	{"pool", "POOL", cell_text, false},
	{"forward", "FORWARD", cell_text, false},
	{"packets", "PKTS", cell_count, true},
	{"pps", "PPS", cell_count, true},
	{"bps", "BIT/S", cell_count, true},
	{"port", NULL, NULL, true},
	{"protocol", NULL, NULL, false},
	{"rules", NULL, NULL, true},
	{"bytes", NULL, NULL, true},
};

static const struct column backend_columns[] = {
	{"pool", "POOL", cell_text, false},
	{"backend", "BACKEND", cell_text, false},
	{"address", "ADDR", cell_text, false},
	{"admin", "ADMIN", cell_admin, false},
	{"health", "STATE", cell_health, false},
	{"weight", "WGHT", cell_integer, true},
	{"effective", "EFF", cell_integer, true},
	{"slots", "SLOTS", cell_integer, true},
	{"share", "SHARE", cell_share, true},
	{"check", "CHECK", cell_check, false},
	{"since_s", "LAST", cell_seconds, true},
	{"next_hop.state", "NEXT-HOP", cell_next_hop, false},
	{"flows", "FLOWS", cell_count, true},
	{"new_flows_ps", "NEW/S", cell_count, true},
	{"packets", "PKTS", cell_count, true},
	{"pps", "PPS", cell_count, true},
	{"id", NULL, NULL, true},
	{"new_flows", NULL, NULL, true},
	{"over_flows", NULL, NULL, true},
	{"max_flows", NULL, NULL, true},
	{"bytes", NULL, NULL, true},
	{"state", NULL, NULL, false},
	{"modifiers", NULL, NULL, false},
	{"code", NULL, NULL, false},
	{"reason", NULL, NULL, false},
	{"latency_ms", NULL, NULL, true},
	{"error_pct", NULL, NULL, true},
	{"transitions", NULL, NULL, true},
	{"path_mtu", NULL, NULL, true},
	{"unreachable", NULL, NULL, true},
	{"next_hop.mac", NULL, NULL, false},
	{"next_hop.port", NULL, NULL, false},
	{"next_hop.vlan", NULL, NULL, false},
};

static const struct column pool_columns[] = {
	{"pool", "POOL", cell_text, false},
	{"decision", "DECISION", cell_decision, false},
	{"up", "UP", cell_integer, true},
	{"down", "DOWN", cell_integer, true},
	{"backends", "BACKENDS", cell_integer, true},
	{"weight_ok", "HEALTHY", cell_integer, true},
	{"weight_all", "WEIGHT", cell_integer, true},
	{"table_size", "TABLE", cell_integer, true},
	{"checksum", "CHECKSUM", cell_text, false},
	{"since_s", "LAST", cell_seconds, true},
	{"reason", "REASON", cell_text, false},
	{"init", NULL, NULL, true},
	{"ready", NULL, NULL, true},
	{"ejected", NULL, NULL, true},
	{"standing", NULL, NULL, false},
	{"frozen", NULL, NULL, false},
	{"backup", NULL, NULL, false},
	{"generation", NULL, NULL, true},
	{"generation_s", NULL, NULL, true},
};

static const struct column health_columns[] = {
	{"pool", "POOL", cell_text, false},
	{"backend", "BACKEND", cell_text, false},
	{"check", "CHECK", cell_text, false},
	{"via", "VIA", cell_text, false},
	{"state", "STATE", cell_health, false},
	{"code", "CODE", cell_text, false},
	{"ms", "MS", cell_ms, true},
	{"age_s", "AGO", cell_seconds, true},
	{"since_s", "LAST", cell_seconds, true},
	{"reason", "REASON", cell_text, false},
	{"ok", NULL, NULL, true},
	{"failed", NULL, NULL, true},
	{"neutral", NULL, NULL, true},
};

static const struct column rule_columns[] = {
	{"vip", "VIP", cell_text, false},
	{"rule", "RULE", cell_text, false},
	{"pool", "POOL", cell_text, false},
	{"dscp", "DSCP", cell_words, false},
	{"sources", "SOURCES", cell_words, false},
};

static const struct column check_columns[] = {
	{"check", "CHECK", cell_text, false},
	{"type", "TYPE", cell_text, false},
	{"via", "VIA", cell_text, false},
	{"port", "PORT", cell_integer, true},
	{"inter_ms", "INTER", cell_integer, true},
	{"timeout_ms", "TIMEOUT", cell_integer, true},
	{"rise", "RISE", cell_integer, true},
	{"fall", "FALL", cell_integer, true},
	{"backends", "BACKENDS", cell_integer, true},
	{"up", "UP", cell_integer, true},
	{"down", "DOWN", cell_integer, true},
	{"init", "INIT", cell_integer, true},
	{"pools", "POOLS", cell_words, false},
};

static const struct column drop_columns[] = {
	{"reason", "REASON", cell_text, false},
	{"packets", "PKTS", cell_integer, true},
	{"pps", "PPS", cell_count, true},
	{"help", "MEANING", cell_text, false},
};

static const struct column flow_columns[] = {
	{"lane", "LANE", cell_integer, true},
	{"pool", "POOL", cell_text, false},
	{"backend", "BACKEND", cell_text, false},
	{"state", "STATE", cell_text, false},
	{"idle_s", "IDLE", cell_integer, true},
	{"client", "CLIENT", cell_text, false},
	{"vip", "VIP", cell_text, false},
	{"protocol", "PROTO", cell_text, false},
};

static const struct column flow_stats_columns[] = {
	{"lane", "LANE", cell_integer, true},
	{"lcore", "LCORE", cell_integer, true},
	{"entries", "FLOWS", cell_integer, true},
	{"capacity", "ROOM", cell_integer, true},
	{"inserts", "INSERTED", cell_count, true},
	{"expired", "EXPIRED", cell_count, true},
	{"evicted", "EVICTED", cell_count, true},
	{"bypass", "BYPASS", cell_count, true},
};

static const struct column session_columns[] = {
	{"pool", "POOL", cell_text, false},
	{"client", "CLIENT", cell_text, false},
	{"backend", "BACKEND", cell_text, false},
	{"idle_s", "IDLE", cell_integer, true},
	{"left_s", "LEFT", cell_integer, true},
};

static const struct column session_stats_columns[] = {
	{"entries", "CLIENTS", cell_integer, true},
	{"capacity", "ROOM", cell_integer, true},
	{"hits", "HITS", cell_count, true},
	{"began", "BEGAN", cell_count, true},
	{"changed", "CHANGED", cell_count, true},
	{"evicted", "EVICTED", cell_count, true},
	{"expired", "EXPIRED", cell_count, true},
};

static const struct column port_columns[] = {
	{"port", "PORT", cell_text, false},
	{"driver", "DRIVER", cell_text, false},
	{"device", "DEVICE", cell_text, false},
	{"link", "LINK", cell_link, false},
	{"mac", "MAC", cell_text, false},
	{"mtu", "MTU", cell_integer, true},
	{"rx_packets", "RX", cell_count, true},
	{"rx_missed", "MISSED", cell_count, true},
	{"tx_packets", "TX", cell_count, true},
	{"offloads", "OFFLOADS", cell_words, false},
	{"rx_queues", NULL, NULL, true},
	{"rx_errors", NULL, NULL, true},
	{"rx_no_mbuf", NULL, NULL, true},
	{"tx_errors", NULL, NULL, true},
};

static const struct column lcore_columns[] = {
	{"lcore", "LCORE", cell_integer, true},
	{"lanes", "LANES", cell_words, false},
	{"rx_packets", "PKTS", cell_count, true},
	{"rx_pps", "PPS", cell_count, true},
	{"busy", "BUSY", cell_share, true},
	{"forwarded_packets", NULL, NULL, true},
	{"heartbeat_age_us", NULL, NULL, true},
};

static const struct column schema_columns[] = {
	{"command", "COMMAND", cell_text, false},
	{"role", "ROLE", cell_text, false},
	{"kind", "KIND", cell_text, false},
	{"args", "ARGUMENTS", cell_args, false},
};

static const struct column table_columns[] = {
	{"pool", "POOL", cell_text, false},
	{"backend", "BACKEND", cell_text, false},
	{"scheduler", "SCHEDULER", cell_text, false},
	{"weight", "WGHT", cell_integer, true},
	{"slots", "SLOTS", cell_integer, true},
	{"share", "SHARE", cell_share, true},
	{"meant", "MEANT", cell_share, true},
	{"deviation", "DEVIATION", cell_share, true},
	{"checksum", "CHECKSUM", cell_text, false},
	{"shape", NULL, NULL, false},
	{"backends", NULL, NULL, true},
	{"strays", NULL, NULL, true},
};

#endif
