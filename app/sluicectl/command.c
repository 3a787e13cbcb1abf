/* SPDX-License-Identifier: BSD-3-Clause */

#include <stdio.h>
#include <string.h>

#include "change.h"
#include "columns.h"
#include "command.h"
#include "config.h"
#include "drain.h"
#include "operands.h"
#include "show.h"
#include "show_object.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

const struct exit_row exit_rows[] = {
	{EXIT_OK, "done"},
	{EXIT_REFUSED, "the daemon said no, or the output could not be written"},
	{EXIT_USAGE, "wrong usage"},
	{EXIT_NO_DAEMON, "no connection to the daemon, or no answer in time"},
	{EXIT_PERMISSION, "no permission"},
	{EXIT_PRECONDITION, "a condition of the change does not hold: --if-rev, or it is in use"},
	{EXIT_NOT_FOUND, "what was asked for does not exist"},
	{EXIT_FALSE, "the condition asked about is false"},
};
const size_t n_exit_rows = COUNT(exit_rows);

static bool no_packets(const json_t *item)
{
	return json_number_value(json_object_get(item, "packets")) == 0;
}

static const struct operand backend_operand[] = {BACKEND};

#define LIST(c) .columns = c, .n_columns = COUNT(c), .run = show_list

/* A change of the configuration: done when it is in force. */
#define CHANGE(words, cmd, text, ops, needs)                                                    \
	{                                                                                       \
		.name = words, .help = text, .accepts = NEEDS_CHANGE | (needs), .request = cmd, \
		.operands = ops, .n_operands = COUNT(ops), .run = change_run                    \
	}

/* One object, a line a key. */
#define SHOW(words, cmd, text, ops)                                                   \
	{                                                                             \
		.name = words, .help = text, .accepts = NEEDS_DAEMON, .request = cmd, \
		.operands = ops, .n_operands = COUNT(ops), .run = show_object         \
	}

const struct command commands[] = {
	{
		.name = "status",
		.help = "one line about the daemon",
		.more = "Version, uptime, revision of the configuration, VIPs, pools with a usable "
			"backend, packets received a second and the share of them that is dropped. "
			"A second line tells when the last change of the configuration failed.",
		.accepts = NEEDS_DAEMON,
		.request = "status",
		.run = show_status,
	},
	{
		.name = "version",
		.help = "versions of sluicectl and of the daemon",
		.run = show_version,
	},
	{
		.name = "vip list",
		.help = "the VIPs with their pools and traffic",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "vip.list",
		.empty = "no VIPs",
		LIST(vip_columns),
	},
	{
		.name = "backend list",
		.help = "the backends with state, share of the table, next hop, flows and traffic",
		.more = "ADMIN is what the operator wants: ready, drain (no new connection) or "
			"maint (no packet). FLOWS are the connections that are remembered for the "
			"backend, NEW/S those that began in the last second. SLOTS and SHARE are "
			"the part of the pool's table that belongs to the "
			"backend. STATE is its health: INIT (no verdict yet), UP or DOWN, with the "
			"results in a row that speak against it, LAST since when. EFF is the "
			"weight that it has in the table now, CHECK the last result. "
			"NEXT-HOP is MAC@port, with VLANs behind the port, or why there is none.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "backend.list",
		.operands = pool_operand,
		.n_operands = COUNT(pool_operand),
		.empty = "no backends",
		LIST(backend_columns),
	},
	{
		.name = "backend show",
		.help = "one backend with the last results of its checks",
		.accepts = NEEDS_DAEMON,
		.request = "backend.show",
		.operands = backend_operand,
		.n_operands = COUNT(backend_operand),
		.run = show_backend,
	},
	CHANGE("backend add", "backend.add", "put a backend into a pool", backend_keys, 0),
	CHANGE("backend set", "backend.set", "change keys of a backend", backend_keys, NEEDS_FORCE),
	CHANGE("backend del", "backend.del", "take a backend out; refused while it has connections",
		backend_operand, NEEDS_FORCE),
	CHANGE("backend weight", "backend.weight", "change the weight of a backend", backend_weight,
		NEEDS_FORCE),
	{
		.name = "backend drain",
		.help = "no new connections to a backend, those it has go on",
		.more = "For drain_timeout_s of its pool at most. With --wait the command ends "
			"when it has no connection left, and tells until then how many it has; "
			"the exit status is 7 when the time of -t is over before that.",
		.accepts = NEEDS_CHANGE | NEEDS_FORCE | NEEDS_WAIT,
		.streams = true,
		.request = "backend.drain",
		.operands = backend_operand,
		.n_operands = COUNT(backend_operand),
		.run = drain_run,
	},
	CHANGE("backend maint", "backend.maint", "no packets to a backend at all", backend_operand,
		NEEDS_FORCE),
	CHANGE("backend ready", "backend.ready", "end drain or maint of a backend", backend_operand,
		0),
	CHANGE("vip add", "vip.add", "add a VIP", vip_keys, 0),
	CHANGE("vip set", "vip.set", "change keys of a VIP", vip_keys, NEEDS_FORCE),
	CHANGE("vip del", "vip.del", "take a VIP off; refused while it may have connections",
		vip_operand, NEEDS_FORCE),
	{
		.name = "pool list",
		.help = "the pools, what was decided on them and why",
		.more = "DECISION says who gets new connections, REASON in words, LAST since when. "
			"HEALTHY is the part of the ready backends' WEIGHT that counts as healthy. "
			"Nodes with equal CHECKSUM have equal tables.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "pool.list",
		.empty = "no pools",
		LIST(pool_columns),
	},
	{
		.name = "pool show",
		.help = "one pool: the decision with its reason, its table, its backends",
		.accepts = NEEDS_DAEMON,
		.request = "pool.show",
		.operands = one_pool,
		.n_operands = COUNT(one_pool),
		.run = show_pool,
	},
	CHANGE("pool add", "pool.add", "add an empty pool", pool_keys, 0),
	CHANGE("pool set", "pool.set", "change keys of a pool", pool_keys, 0),
	CHANGE("pool del", "pool.del",
		"take a pool out; refused while it serves a VIP or has connections", one_pool,
		NEEDS_FORCE),
	CHANGE("pool replace", "pool.replace",
		"give a pool these members and no others, in one step", pool_members, NEEDS_FORCE),
	{
		.name = "check list",
		.help = "the checks: what they ask and when, who uses them, what they say",
		.more = "PORT is - where the check takes the port of the pool's VIPs. INTER and "
			"TIMEOUT are in ms. UP, DOWN and INIT (no verdict yet) are backends by "
			"what this check alone says of them; health list has each.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "check.list",
		.empty = "no checks",
		LIST(check_columns),
	},
	SHOW("check show", "check.show", "one check: its keys, who uses it, what it says",
		one_check),
	CHANGE("check add", "check.add", "add a check; pool set POOL checks=CHECK uses it",
		check_keys, 0),
	CHANGE("check set", "check.set", "change keys of a check", check_keys, 0),
	CHANGE("check del", "check.del", "take a check out; refused while pools use it", one_check,
		0),
	SHOW("vip show", "vip.show", "one VIP: its keys, rules and traffic", vip_operand),
	{
		.name = "rule list",
		.help = "the rules of VIPs: which clients another pool serves",
		.more = "The longest prefix of SOURCES that holds the client decides; without one, "
			"the DSCP of its packet; without that, the VIP's own pool serves. The "
			"order of rules does not count.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "rule.list",
		.operands = rules_operand,
		.n_operands = COUNT(rules_operand),
		.empty = "no rules",
		LIST(rule_columns),
	},
	CHANGE("rule add", "rule.add", "new connections of some clients of a VIP to another pool",
		rule_keys, 0),
	CHANGE("rule set", "rule.set", "change keys of a rule", rule_keys, 0),
	CHANGE("rule del", "rule.del", "take a rule out; connections that are there stay", one_rule,
		0),
	{
		.name = "config check",
		.help = "prove the daemon's file, or another one",
		.more = "Mistakes are printed as FILE:LINE: MESSAGE, all of them. Also says which "
			"changes the running daemon could not take.",
		.accepts = NEEDS_DAEMON,
		.request = "config.check",
		.operands = check_operand,
		.n_operands = COUNT(check_operand),
		.run = config_check,
	},
	{
		.name = "config diff",
		.help = "what was changed since, or besides, the file",
		.more = "From the file to what the daemon has: a line a key, with both values.",
		.accepts = NEEDS_DAEMON,
		.request = "config.diff",
		.run = config_diff,
	},
	{
		.name = "config show",
		.help = "the configuration as a file would have it",
		.accepts = NEEDS_DAEMON,
		.request = "config.show",
		.run = config_show,
	},
	{
		.name = "config apply",
		.help = "read the daemon's file again and bring it into force",
		.more = "All or nothing. What was changed by command and is not in the file goes. "
			"With --confirm it is taken back by itself; changes that came in "
			"between are kept where they still make sense. What was not confirmed does "
			"not come into force by a restart either, while the file says the same.",
		.accepts = NEEDS_CHANGE | NEEDS_TRIAL,
		.request = "config.apply",
		.run = config_apply,
	},
	{
		.name = "config confirm",
		.help = "keep what was applied with --confirm",
		.request = "config.confirm",
		.run = config_confirm,
	},
	{
		.name = "config undo",
		.help = "go back to the configuration before the last change",
		.more = "Once more: one change further back. The last 16 are kept.",
		.request = "config.undo",
		.run = config_undo,
	},
	{
		.name = "config save",
		.help = "write the configuration to daemon.state_dir/running.conf",
		.more = "Complete or not at all, and not while something waits for its "
			"confirmation. With --to, sluicectl writes that file itself, with the "
			"rights of whoever calls it.",
		.accepts = NEEDS_FILE,
		.request = "config.save",
		.run = config_save,
	},
	CHANGE("config set", "config.set", "change keys that belong to no object of a list",
		config_keys, 0),
	{
		.name = "port list",
		.help = "the ports with what their devices count and do",
		.more = "OFFLOADS is what the device does to frames instead of the CPU: "
			"rx-ip-checksum (it says of received IPv4 headers whether they are whole), "
			"rx-vlan (it takes the outer VLAN tag off), tx-udp-checksum (it fills in "
			"the UDP checksum of GUE), tx-vlan (it puts a VLAN tag in). RX, TX and "
			"MISSED are the driver's own counters.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "port.list",
		.empty = "no ports",
		LIST(port_columns),
	},
	SHOW("port show", "port.show",
		"one port: its device, what that does and what is left to the CPU", one_port),
	CHANGE("port set", "port.set", "change keys of a port", port_keys, 0),
	{
		.name = "flow list",
		.help = "the connections that are remembered",
		.more = "IDLE is seconds since the last packet from the client. To ask for one "
			"connection by its addresses, see lookup.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.streams = true,
		.request = "flow.list",
		.operands = flow_operand,
		.n_operands = COUNT(flow_operand),
		.empty = "no connections",
		.columns = flow_columns,
		.n_columns = COUNT(flow_columns),
		.run = show_stream,
	},
	{
		.name = "flow stats",
		.help = "the flow table of each lane: use, room, what came and went",
		.more = "EVICTED were given up for new ones: unconfirmed or closing. BYPASS counts "
			"packets whose connection found no place and goes by the pool's table.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "flow.stats",
		.empty = "connections are not remembered: flows.per_lane is 0",
		LIST(flow_stats_columns),
	},
	{
		.name = "flow flush",
		.help = "forget connections: their next packet is chosen for anew",
		.more = "One connection, those of one backend (--backend), or all (the word all). "
			"A connection that is forgotten and then goes to another backend breaks.",
		.accepts = NEEDS_FLOWS | NEEDS_ASSENT,
		.request = "flow.flush",
		.operands = flush_operands,
		.n_operands = COUNT(flush_operands),
		.run = show_flush,
	},
	{
		.name = "lcore list",
		.help = "the workers and the lanes they drive",
		.more = "A lane is queue number LANE of every port, with all that is remembered of "
			"its connections. BUSY is the share of the last second that went into "
			"packets.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "lcore.list",
		.empty = "no workers",
		LIST(lcore_columns),
	},
	{
		.name = "lane move",
		.help = "have another worker drive a lane",
		.more = "It takes its queues, connections and counters along; no packet is lost "
			"and no connection moves. Not kept over a restart.",
		.accepts = NEEDS_NOTHING,
		.request = "lane.move",
		.operands = lane_operands,
		.n_operands = COUNT(lane_operands),
		.run = show_lane_move,
	},
	{
		.name = "table show",
		.help = "the tables of the pools: slots, shares, deviation, checksum",
		.more = "DEVIATION of a pool is the greatest one of a backend's share from what "
			"its weight means. CHECKSUM is equal on every node whose table decides "
			"alike. SLOTS are entries of the table, or turns of rr and wrr. With a "
			"scheduler that goes by load, shares are what is meant.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "table.show",
		.operands = table_operand,
		.n_operands = COUNT(table_operand),
		.empty = "no pools",
		LIST(table_columns),
	},
	{
		.name = "table diff",
		.help = "what a change would move, before it is made",
		.more = "Builds the table that the pool would have with these keys and compares it "
			"with the one in force. Nothing is changed.",
		.accepts = NEEDS_DAEMON,
		.request = "table.diff",
		.operands = table_keys,
		.n_operands = COUNT(table_keys),
		.run = show_table_diff,
	},
	{
		.name = "session list",
		.help = "the clients that pools with persist_s remember",
		.more = "IDLE and LEFT are seconds since the client's last new connection (or the "
			"end of one), and until it is forgotten.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "session.list",
		.operands = session_operand,
		.n_operands = COUNT(session_operand),
		.empty = "no sessions",
		.streams = true,
		.columns = session_columns,
		.n_columns = COUNT(session_columns),
		.run = show_stream,
	},
	{
		.name = "session stats",
		.help = "how many clients are remembered, and what became of them",
		.more = "HITS are new connections that went where their client was, CHANGED those "
			"whose backend took none any more, EVICTED clients that made room for "
			"others before their time: raise flows.sessions then.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "session.stats",
		.empty = "no sessions",
		LIST(session_stats_columns),
	},
	{
		.name = "session flush",
		.help = "forget clients: their next connection is chosen for anew",
		.more = "A client, those of a pool, those of one backend (--backend), or all (the "
			"word all). Connections that are there go on.",
		.accepts = NEEDS_FLOWS | NEEDS_ASSENT,
		.request = "session.flush",
		.operands = session_flush_operand,
		.n_operands = COUNT(session_flush_operand),
		.run = show_session_flush,
	},
	{
		.name = "lookup",
		.help = "where a connection goes, and why",
		.more = "The backend, whether a remembered flow or the pool's table decides, which "
			"lanes and lcores hold the flow, hash and slot in the table.",
		.accepts = NEEDS_DAEMON,
		.request = "lookup",
		.operands = tuple_operands,
		.n_operands = COUNT(tuple_operands),
		.run = show_lookup,
	},
	{
		.name = "health list",
		.help = "every check of every backend: state, last result, reason",
		.more = "AGO is the age of the last result, LAST how long the state has been what "
			"it is.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "health.list",
		.operands = pool_operand,
		.n_operands = COUNT(pool_operand),
		.empty = "no checks",
		LIST(health_columns),
	},
	{
		.name = "health run",
		.help = "probe a backend now, by each of its checks",
		.more = "The results count as those of any other probe. The exit status is 7 when "
			"one fails.",
		.request = "health.run",
		.operands = backend_operand,
		.n_operands = COUNT(backend_operand),
		.run = show_health_run,
	},
	{
		.name = "health freeze",
		.help = "leave all tables as they are for a while; probes go on",
		.more = "For work on the network between here and the backends. Changes of the "
			"configuration are followed all the same.",
		.request = "health.freeze",
		.operands = freeze_operand,
		.n_operands = COUNT(freeze_operand),
		.run = show_freeze,
	},
	{
		.name = "events",
		.help = "what happened to backends and pools",
		.more = "The daemon keeps the last 2048 events. With -j each line is a JSON "
			"object.",
		.accepts = NEEDS_EVENTS,
		.streams = true,
		.request = "events",
		.run = show_events,
	},
	{
		.name = "wait pool",
		.help = "wait until so many backends of a pool are up, or down",
		.more = "Waits as long as -t says. The exit status is 7 when it was in vain.",
		.request = "pool.wait",
		.operands = wait_operands,
		.n_operands = COUNT(wait_operands),
		.run = show_wait,
	},
	{
		.name = "drops",
		.help = "dropped packets by reason",
		.more = "Reasons without a packet are shown with --all and with -j.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST | NEEDS_ZEROS,
		.request = "drops",
		.hidden = no_packets,
		.empty = "no drops",
		LIST(drop_columns),
	},
	{
		.name = "schema",
		.help = "the requests that the control socket understands",
		.more = "For programs that talk to it themselves; see docs/control-protocol.md. "
			"An argument in brackets may be left out. With -j also which can be tried "
			"with dry_run.",
		.accepts = NEEDS_DAEMON | NEEDS_LIST,
		.request = "schema",
		.empty = "nothing",
		LIST(schema_columns),
	},
};
const size_t n_commands = COUNT(commands);
_Static_assert(COUNT(commands) <= COMMANDS_MAX, "command_find.c has room for all");
