/* SPDX-License-Identifier: BSD-3-Clause */

#include "conf/conf.h"
#include "conf/schema.h"
#include "conf/words.h"
#include "conf/words_health.h"

#define AT(type, field)    .offset = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define COUNT(type, field) .count_offset = offsetof(type, field)
#define LIST_OF(owner, field, element)                                                     \
	.type = CONF_TYPE_LIST, .offset = offsetof(owner, field), .size = sizeof(element), \
	.count_offset = offsetof(owner, n_##field), .place_offset = offsetof(element, place)

const struct conf_row conf_rows[] = {
	{"daemon", CONF_TYPE_GROUP, .help = "The process."},
	{"daemon.control", CONF_TYPE_GROUP, .help = "The UNIX socket that sluicectl talks to."},
	{"daemon.control.socket", CONF_TYPE_TEXT, AT(struct conf, daemon.control_socket), .min = 1,
		.max = 107, .value = "/run/sluice/control.sock", .start = true,
		.help = "Path of the socket."},
	{"daemon.control.group", CONF_TYPE_TEXT, AT(struct conf, daemon.control_group), .max = 32,
		.value = "", .start = true,
		.help = "Group that may connect; empty: only root may."},
	{"daemon.control.operator_group", CONF_TYPE_TEXT, AT(struct conf, daemon.operator_group),
		.max = 32, .value = "", .start = true,
		.help = "Group whose members may drain and weigh backends; empty: none. They must "
			"also be let in by group."},
	{"daemon.control.admin_group", CONF_TYPE_TEXT, AT(struct conf, daemon.admin_group),
		.max = 32, .value = "", .start = true,
		.help = "Group whose members may do what root may; empty: none. They must also be "
			"let in by group."},
	{"daemon.state_dir", CONF_TYPE_TEXT, AT(struct conf, daemon.state_dir), .min = 1,
		.max = 200, .value = "/var/lib/sluice",
		.help = "Directory for what outlives a restart; it is made if it is missing."},
	{"daemon.log", CONF_TYPE_GROUP, .help = "The daemon's messages."},
	{"daemon.log.level", CONF_TYPE_WORD, AT(struct conf, daemon.log_level), .words = log_levels,
		.value = "info", .help = "Least important message that is written."},
	{"daemon.log.target", CONF_TYPE_WORD, AT(struct conf, daemon.log_target),
		.words = log_targets, .value = "stderr", .help = "Where messages go."},

	{"cluster", CONF_TYPE_GROUP, .help = "What every node of a cluster must have in common."},
	{"cluster.hash_key", CONF_TYPE_KEY, AT(struct conf, cluster.hash_key), .value = "",
		.help = "Key of the hash that picks a backend, the same on every node. Empty: the "
			"built-in key, the 16 ASCII bytes " CONF_BUILTIN_HASH_KEY "."},

	{"eal", CONF_TYPE_GROUP, .help = "DPDK's environment: CPUs and memory."},
	{"eal.main_lcore", CONF_TYPE_UINT, AT(struct conf, eal.main_lcore), .max = 1023,
		.value = "0", .start = true,
		.help = "CPU of the control thread, which sleeps when there is nothing to do."},
	{"eal.workers", CONF_TYPE_UINTS, AT(struct conf, eal.workers),
		COUNT(struct conf, eal.n_workers), .max = 1023, .most = 128, .value = "",
		.start = true,
		.help = "CPUs that move packets, one worker each. Empty: every allowed CPU but "
			"main_lcore."},
	{"eal.lanes", CONF_TYPE_UINT, AT(struct conf, eal.lanes), .min = 1, .max = 128,
		.zero = "one per worker", .value = "0", .start = true,
		.help = "Receive queues per port, spread over the workers."},
	{"eal.huge", CONF_TYPE_BOOL, AT(struct conf, eal.huge), .value = "true", .start = true,
		.help = "Use hugepages; without any the daemon says so and goes on without."},
	{"eal.idle", CONF_TYPE_WORD, AT(struct conf, eal.idle), .words = idles, .value = "poll",
		.start = true, .help = "What workers do when no packet has come for 200 us."},
	{"eal.file_prefix", CONF_TYPE_TEXT, AT(struct conf, eal.file_prefix), .min = 1, .max = 64,
		.value = "sluice", .start = true,
		.help = "Names DPDK's run-time files; one per daemon."},
	{"eal.args", CONF_TYPE_TEXTS, AT(struct conf, eal.args), COUNT(struct conf, eal.n_args),
		.min = 1, .max = 255, .most = 64, .value = "", .start = true,
		.help = "More arguments for DPDK; those on the command line come last and win."},

	{"flows", CONF_TYPE_GROUP, .help = "The memory of which backend a connection has."},
	{"flows.per_lane", CONF_TYPE_UINT, AT(struct conf, flows.per_lane), .min = 64,
		.max = 67108864, .zero = "connections are not remembered", .value = "1048576",
		.unit = "flows", .start = true,
		.help = "Most flows that each lane remembers, 8 to 10 bytes each; memory is taken "
			"as they come."},
	{"flows.exact_keys", CONF_TYPE_BOOL, AT(struct conf, flows.exact_keys), .value = "false",
		.start = true,
		.help = "Keep the whole 5-tuple of each flow, for lists of flows and for an "
			"identity without any doubt; 48 bytes more a flow, and slower."},
	{"flows.tcp_syn_s", CONF_TYPE_UINT, AT(struct conf, flows.tcp_syn_s), .min = 1,
		.max = 32000, .value = "10", .unit = "seconds",
		.help = "How long a connection is remembered that a SYN began and nothing "
			"followed."},
	{"flows.tcp_established_s", CONF_TYPE_UINT, AT(struct conf, flows.tcp_established_s),
		.min = 1, .max = 32000, .value = "900", .unit = "seconds",
		.help = "How long a silent TCP connection is remembered."},
	{"flows.tcp_closing_s", CONF_TYPE_UINT, AT(struct conf, flows.tcp_closing_s), .min = 1,
		.max = 32000, .value = "30", .unit = "seconds",
		.help = "The same after the client's FIN or RST."},
	{"flows.udp_s", CONF_TYPE_UINT, AT(struct conf, flows.udp_s), .min = 1, .max = 32000,
		.value = "60", .unit = "seconds", .help = "The same for UDP."},
	{"flows.sessions", CONF_TYPE_UINT, AT(struct conf, flows.sessions), .min = 64,
		.max = 4194304, .value = "262144", .unit = "clients", .start = true,
		.help = "Most clients that pools with persist_s remember, 32 bytes each; memory is "
			"taken as they come. Better twice as many as there will be."},

	{"ports", LIST_OF(struct conf, ports, struct conf_port), .min = 1, .max = CONF_MAX_PORTS,
		.unit = "port", .start = true, .help = "The interfaces that Sluice drives."},
	{"ports[].name", CONF_TYPE_NAME, AT(struct conf_port, name), .example = "wan",
		.start = true, .help = "Name of the port."},
	{"ports[].driver", CONF_TYPE_WORD, AT(struct conf_port, driver), .words = drivers,
		.example = "af_xdp", .start = true, .help = "How the port is driven."},
	{"ports[].interface", CONF_TYPE_TEXT, AT(struct conf_port, interface), .min = 1, .max = 15,
		.absent = "none; required for af_xdp and af_packet", .example = "eth1",
		.shown = true, .start = true, .help = "Kernel interface; not for vdev."},
	{"ports[].device", CONF_TYPE_TEXT, AT(struct conf_port, device), .min = 1, .max = 255,
		.absent = "none; required for vdev",
		.example = "net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap", .start = true,
		.help = "DPDK device with its arguments; only for vdev."},
	{"ports[].next_hop_mac", CONF_TYPE_MAC, AT(struct conf_port, next_hop_mac),
		COUNT(struct conf_port, has_next_hop_mac),
		.absent = "the kernel's routes and neighbours decide; required for vdev",
		.example = "02:00:00:00:00:02",
		.help = "Where every packet that leaves this port goes next."},
	{"ports[].vlan", CONF_TYPE_VLANS, AT(struct conf_port, vlans), .absent = "no tag",
		.example = "200.100",
		.help = "VLAN tags of what goes to next_hop_mac, the outer one first. Without "
			"next_hop_mac the VLAN interface of the kernel's route says them."},
	{"ports[].accept_mac", CONF_TYPE_WORD, AT(struct conf_port, accept_mac_given),
		.words = accept_macs, .absent = "own, any for vdev", .example = "own",
		.help = "Which unicast destination MAC addresses are taken."},
	{"ports[].offloads", CONF_TYPE_BOOL, AT(struct conf_port, offloads), .value = "true",
		.start = true,
		.help = "Leave to the device what it can do: checksums, VLAN tags. port list shows "
			"what that is."},
	{"ports[].mbufs", CONF_TYPE_UINT, AT(struct conf_port, mbufs), .min = 512, .max = 16777215,
		.zero = "computed from queues and descriptors", .value = "0", .unit = "buffers",
		.start = true,
		.help = "Packet buffers. net_pcap with infinite_rx needs at least the packets of "
			"its file."},
	{"ports[].mtu", CONF_TYPE_UINT, AT(struct conf_port, mtu), .min = 576, .max = 9728,
		.zero = "the device's", .value = "0", .unit = "bytes", .start = true,
		.help = "Largest IP packet that may leave."},

	{"health", CONF_TYPE_GROUP, .help = "All checks together."},
	{"health.max_inflight", CONF_TYPE_UINT, AT(struct conf, health.max_inflight), .min = 1,
		.max = 16384, .value = "1024", .unit = "probes",
		.help = "Probes under way at the same time; more have to wait."},
	{"health.max_rate", CONF_TYPE_UINT, AT(struct conf, health.max_rate), .min = 1,
		.max = 1000000, .value = "10000", .unit = "probes a second",
		.help = "Probes started in a second; more have to wait."},

	{"checks", LIST_OF(struct conf, checks, struct conf_check), .max = CONF_MAX_CHECKS,
		.unit = "check", .help = "How backends are asked whether they work."},
	{"checks[].name", CONF_TYPE_NAME, AT(struct conf_check, name), .example = "web-http",
		.help = "Name of the check."},
	{"checks[].type", CONF_TYPE_WORD, AT(struct conf_check, type), .words = check_types,
		.example = "http", .help = "What is sent and what must come back."},
	{"checks[].via", CONF_TYPE_WORD, AT(struct conf_check, via), .words = vias,
		.value = "direct", .help = "The way of the probe."},
	{"checks[].port", CONF_TYPE_UINT, AT(struct conf_check, port), .min = 1, .max = 65535,
		.absent = "the port of the pool's VIPs", .example = "8080", .shown = true,
		.help = "Port on the backend; not for icmp and none. Required where the VIPs of a "
			"pool have several ports, every port, or where there is no VIP."},
	{"checks[].path", CONF_TYPE_TEXT, AT(struct conf_check, path), .min = 1, .max = 255,
		.absent = "/", .example = "/health",
		.help = "Path and query that http and https ask for."},
	{"checks[].host", CONF_TYPE_TEXT, AT(struct conf_check, host), .min = 1, .max = 253,
		.absent = "the backend's address", .example = "web.example",
		.help = "Host header of http and https; also the name that TLS asks for and a "
			"certificate is held against."},
	{"checks[].method", CONF_TYPE_WORD, AT(struct conf_check, method), .words = methods,
		.absent = "GET", .example = "HEAD", .help = "Method of http and https."},
	{"checks[].status", CONF_TYPE_TEXT, AT(struct conf_check, status), .min = 1, .max = 127,
		.absent = "200-299", .example = "200-299,301",
		.help = "HTTP status codes that are good: numbers and ranges. Redirects are not "
			"followed."},
	{"checks[].body", CONF_TYPE_TEXT, AT(struct conf_check, body), .min = 1, .max = 255,
		.absent = "anything", .example = "ready",
		.help = "Text that must be in the first 16 KiB of the HTTP body."},
	{"checks[].tls_verify", CONF_TYPE_BOOL, AT(struct conf_check, tls_verify), .value = "false",
		.help = "https: the certificate must be valid, and for host, or the backend's "
			"address without host."},
	{"checks[].ca_file", CONF_TYPE_TEXT, AT(struct conf_check, ca_file), .min = 1, .max = 255,
		.absent = "the system's", .example = "/etc/sluice/ca.pem",
		.help = "Certificates (PEM) that tls_verify trusts."},
	{"checks[].send_hex", CONF_TYPE_TEXT, AT(struct conf_check, send_hex), .min = 2, .max = 510,
		.absent = "none; required for udp", .example = "70696e67",
		.help = "Datagram that udp sends, in hexadecimal digits."},
	{"checks[].expect_hex", CONF_TYPE_TEXT, AT(struct conf_check, expect_hex), .min = 2,
		.max = 510, .absent = "any answer", .example = "706fXX67",
		.help = "How udp's answer must begin, in hexadecimal digits; X stands for any "
			"digit."},
	{"checks[].dns_name", CONF_TYPE_TEXT, AT(struct conf_check, dns_name), .min = 1, .max = 253,
		.absent = "none; required for dns", .example = "www.example",
		.help = "Name that dns asks for."},
	{"checks[].dns_type", CONF_TYPE_WORD, AT(struct conf_check, dns_type), .words = dns_types,
		.absent = "A", .example = "AAAA", .help = "Record type that dns asks for."},
	{"checks[].inter_ms", CONF_TYPE_UINT, AT(struct conf_check, inter_ms), .min = 20,
		.max = 3600000, .value = "2000", .unit = "ms",
		.help = "Time from probe to probe of a backend whose state is settled and up."},
	{"checks[].fastinter_ms", CONF_TYPE_UINT, AT(struct conf_check, fastinter_ms), .min = 20,
		.max = 3600000, .value = "500", .unit = "ms",
		.help = "The same while the state is about to change; at most inter_ms."},
	{"checks[].downinter_ms", CONF_TYPE_UINT, AT(struct conf_check, downinter_ms), .min = 20,
		.max = 3600000, .value = "2000", .unit = "ms",
		.help = "The same while the backend is down."},
	{"checks[].timeout_ms", CONF_TYPE_UINT, AT(struct conf_check, timeout_ms), .min = 10,
		.max = 60000, .value = "1000", .unit = "ms",
		.help = "What a probe may take in all; at most inter_ms. A connection or datagram "
			"that is not answered within 300 ms is tried once more."},
	{"checks[].rise", CONF_TYPE_UINT, AT(struct conf_check, rise), .min = 1, .max = 100,
		.value = "2", .unit = "probes",
		.help = "Successes in a row that bring a backend up."},
	{"checks[].fall", CONF_TYPE_UINT, AT(struct conf_check, fall), .min = 1, .max = 100,
		.value = "3", .unit = "probes",
		.help = "Failures in a row that take a backend down."},
	{"checks[].jitter_pct", CONF_TYPE_UINT, AT(struct conf_check, jitter_pct), .max = 50,
		.value = "10", .unit = "percent",
		.help = "How much an interval may vary up and down, so that probes spread."},
	{"checks[].reuse", CONF_TYPE_GROUP,
		.help = "Live connections that probes of http and https take turns on; without it "
			"each probe opens a new one, which tests accepting too. Checks with the "
			"same port, TLS and reuse keys share the connections of a backend."},
	{"checks[].reuse.min", CONF_TYPE_UINT, AT(struct conf_check, reuse.min), .max = 64,
		.value = "0", .unit = "connections",
		.help = "Connections per backend that are kept open."},
	{"checks[].reuse.max", CONF_TYPE_UINT, AT(struct conf_check, reuse.max), .min = 1,
		.max = 64, .zero = "a new connection for each probe", .value = "0",
		.unit = "connections", .help = "Most connections per backend."},
	{"checks[].reuse.idle_s", CONF_TYPE_UINT, AT(struct conf_check, reuse.idle_s), .min = 1,
		.max = 3600, .value = "60", .unit = "seconds",
		.help = "A connection that no probe used for so long is closed; it is opened anew "
			"if min needs it."},
	{"checks[].reuse.wait_ms", CONF_TYPE_UINT, AT(struct conf_check, reuse.wait_ms),
		.max = 60000, .value = "100", .unit = "ms",
		.help = "How long a probe waits for a connection while max are in use; below "
			"timeout_ms."},

	{"pools", LIST_OF(struct conf, pools, struct conf_pool), .max = CONF_MAX_POOLS,
		.unit = "pool", .help = "Groups of backends that serve the same thing."},
	{"pools[].name", CONF_TYPE_NAME, AT(struct conf_pool, name), .example = "web",
		.help = "Name of the pool."},
	{"pools[].scheduler", CONF_TYPE_WORD, AT(struct conf_pool, scheduler), .words = schedulers,
		.value = "maglev", .help = "How a backend is picked."},
	{"pools[].hash", CONF_TYPE_WORD, AT(struct conf_pool, hash_given), .words = hashes,
		.absent = "5-tuple, source with scheduler source-hash", .example = "5-tuple",
		.help = "What of a packet picks the backend, where the scheduler goes by a hash."},
	{"pools[].virtual_nodes", CONF_TYPE_UINT, AT(struct conf_pool, virtual_nodes), .min = 1,
		.max = 10000, .value = "150", .unit = "points",
		.help = "For scheduler ring: points on the ring of a backend of weight 100."},
	{"pools[].p2c", CONF_TYPE_GROUP,
		.help = "For scheduler p2c: what counts when two backends are compared."},
	{"pools[].p2c.flows", CONF_TYPE_UINT, AT(struct conf_pool, p2c_flows), .max = 100,
		.value = "40", .help = "Flows for the weight."},
	{"pools[].p2c.latency", CONF_TYPE_UINT, AT(struct conf_pool, p2c_latency), .max = 100,
		.value = "40", .help = "Latency of probes."},
	{"pools[].p2c.errors", CONF_TYPE_UINT, AT(struct conf_pool, p2c_errors), .max = 100,
		.value = "20", .help = "Share of probes and new connections that fail."},
	{"pools[].max_latency_ms", CONF_TYPE_UINT, AT(struct conf_pool, max_latency_ms), .min = 1,
		.max = 60000, .zero = "no limit", .value = "0", .unit = "milliseconds",
		.help = "A backend whose probes take longer in the mean counts as degraded, and "
			"comes last with scheduler least-latency."},
	{"pools[].program", CONF_TYPE_TEXT, AT(struct conf_pool, program), .min = 1, .max = 255,
		.absent = "none", .example = "/usr/share/sluice/sched/affinity.bpf.o",
		.help = "For scheduler bpf: absolute path of an eBPF object. It is read when the "
			"configuration is, or when a command names it, and refused if it does not "
			"verify."},
	{"pools[].table_size", CONF_TYPE_UINT, AT(struct conf_pool, table_size_given), .min = 3,
		.max = 4194301, .absent = "65537, above 650 backends 655373", .example = "65537",
		.unit = "slots",
		.help = "A prime, at least 100 times the number of backends for even shares."},
	{"pools[].forward", CONF_TYPE_WORD, AT(struct conf_pool, forward), .words = forwards,
		.value = "ipip", .help = "How packets travel to the backend."},
	{"pools[].tunnel_source", CONF_TYPE_ADDRESSES, AT(struct conf_pool, tunnel_source),
		COUNT(struct conf_pool, has_tunnel_source), .absent = "address of the port",
		.example = "10.0.0.250",
		.help = "Outer source address of ipip and gue, one per family. Required where only "
			"a vdev port can send."},
	{"pools[].tunnel_source_prefix", CONF_TYPE_PREFIXES, AT(struct conf_pool, source_prefixes),
		COUNT(struct conf_pool, n_source_prefixes), .most = 2,
		.absent = "one source address", .example = "10.9.0.0/16",
		.help = "With ipip, instead of tunnel_source: the outer source varies by flow "
			"inside this prefix, one per family, so that the NICs of backends spread "
			"packets over their queues. /8 to /31, over IPv6 /64 to /127. No VIP and "
			"no backend may be inside."},
	{"pools[].gue_port", CONF_TYPE_UINT, AT(struct conf_pool, gue_port), .min = 1, .max = 65535,
		.value = "6080", .help = "UDP port that backends take gue on."},
	{"pools[].gue_checksum", CONF_TYPE_WORD, AT(struct conf_pool, gue_checksum),
		.words = gue_checksums, .value = "zero", .help = "Checksum of gue's UDP header."},
	{"pools[].decrement_ttl", CONF_TYPE_BOOL, AT(struct conf_pool, decrement_ttl),
		.value = "false",
		.help = "Take a hop off TTL or hop limit, as a router does; a packet without one "
			"left is answered with ICMP time exceeded."},
	{"pools[].mss_clamp", CONF_TYPE_UINT, AT(struct conf_pool, mss_clamp), .min = -1,
		.max = 9000, .value = "0", .unit = "bytes",
		.help = "Most that a client's SYN may announce as its MSS. 0: not changed; -1: "
			"what fits the MTU towards the backend."},
	{"pools[].egress", CONF_TYPE_NAME, AT(struct conf_pool, egress),
		.absent = "the port of the route", .example = "wan",
		.help = "Name of the port that packets to the backends leave by."},
	{"pools[].track", CONF_TYPE_WORD, AT(struct conf_pool, track), .words = tracks,
		.value = "all", .help = "Which connections are remembered."},
	{"pools[].persist_s", CONF_TYPE_UINT, AT(struct conf_pool, persist_s), .min = 1,
		.max = 86400, .zero = "off", .value = "0", .unit = "seconds",
		.help = "How long a client without a new connection is remembered: until then all "
			"its new ones, to every VIP of the pool, go to the same backend, as long "
			"as that takes new ones."},
	{"pools[].drain_timeout_s", CONF_TYPE_UINT, AT(struct conf_pool, drain_timeout_s),
		.max = 86400, .value = "3600", .unit = "seconds",
		.help = "How long connections of a backend in drain, or of one that was taken out, "
			"may go on."},
	{"pools[].fragments", CONF_TYPE_WORD, AT(struct conf_pool, fragments), .words = fragments,
		.value = "track", .help = "What becomes of IP fragments."},
	{"pools[].oversize", CONF_TYPE_WORD, AT(struct conf_pool, oversize), .words = oversizes,
		.value = "fragment",
		.help = "IPv4 packets without DF that do not fit the way to the backend. With DF, "
			"and over IPv6, the client is told the MTU."},
	{"pools[].checks", CONF_TYPE_TEXTS, AT(struct conf_pool, checks),
		COUNT(struct conf_pool, n_checks), .min = 1, .max = 63,
		.most = CONF_MAX_POOL_CHECKS, .value = "",
		.help = "Names of the checks of its backends. Empty: they count as up."},
	{"pools[].require", CONF_TYPE_WORD, AT(struct conf_pool, require), .words = requires,
		.value = "all", .help = "How many of the checks a backend must pass to be up."},
	{"pools[].panic_pct", CONF_TYPE_UINT, AT(struct conf_pool, panic_pct), .min = 1, .max = 100,
		.zero = "never", .value = "30", .unit = "percent of the weight",
		.help = "With less of the ready backends' weight healthy, all ready ones get "
			"traffic: so many failures at once are more likely a mistake of the "
			"checks, and the few left would be swamped."},
	{"pools[].backup_pool", CONF_TYPE_NAME, AT(struct conf_pool, backup_pool), .absent = "none",
		.example = "sorry", .help = "Name of the pool that helps when backends are down."},
	{"pools[].backup_mode", CONF_TYPE_WORD, AT(struct conf_pool, backup_mode),
		.words = backup_modes, .value = "spill", .help = "Who serves while it helps."},
	{"pools[].backup_below", CONF_TYPE_UINT, AT(struct conf_pool, backup_below), .min = 1,
		.max = 16383000, .value = "1", .unit = "weight",
		.help = "The backup pool helps when the healthy backends weigh less than this "
			"together; 1: when none is left."},
	{"pools[].on_all_down", CONF_TYPE_WORD, AT(struct conf_pool, on_all_down),
		.words = all_downs, .value = "failopen",
		.help = "What happens to new connections when no backend is healthy and no backup "
			"helps."},
	{"pools[].on_marked_down", CONF_TYPE_WORD, AT(struct conf_pool, on_marked_down),
		.words = marked_downs, .value = "keep",
		.help = "What happens to the connections of a backend that went down."},
	{"pools[].slow_start_s", CONF_TYPE_UINT, AT(struct conf_pool, slow_start_s), .min = 1,
		.max = 3600, .zero = "full weight at once", .value = "30", .unit = "seconds",
		.help = "How long a backend that came up, or is new in a pool that serves, takes "
			"to its full weight."},
	{"pools[].slow_start_steps", CONF_TYPE_UINT, AT(struct conf_pool, slow_start_steps),
		.min = 1, .max = 100, .value = "5", .unit = "steps",
		.help = "In how many even steps. Each one moves table entries, so few are better."},
	{"pools[].flap", CONF_TYPE_GROUP,
		.help = "Backends that go up and down are held out for a while. Each fall costs "
			"1000 points, which halve with time."},
	{"pools[].flap.suppress", CONF_TYPE_UINT, AT(struct conf_pool, flap.suppress), .min = 1000,
		.max = 100000, .zero = "nobody is held out", .value = "2500", .unit = "points",
		.help = "From so many points on a backend is held out."},
	{"pools[].flap.reuse", CONF_TYPE_UINT, AT(struct conf_pool, flap.reuse), .min = 1,
		.max = 100000, .value = "1250", .unit = "points",
		.help = "Below so many it comes back; less than suppress."},
	{"pools[].flap.half_life_s", CONF_TYPE_UINT, AT(struct conf_pool, flap.half_life_s),
		.min = 1, .max = 3600, .value = "60", .unit = "seconds",
		.help = "In this time points halve."},
	{"pools[].flap.max_s", CONF_TYPE_UINT, AT(struct conf_pool, flap.max_s), .min = 1,
		.max = 86400, .value = "300", .unit = "seconds",
		.help = "Nobody is held out for longer."},
	{"pools[].outlier", CONF_TYPE_GROUP,
		.help = "Backends whose checks pass, but whose traffic fails, are held out for a "
			"while (ejected). New connections fail where the client has to send its "
			"SYN again, or an ICMP error says that the tunnel leads nowhere."},
	{"pools[].outlier.error_pct", CONF_TYPE_UINT, AT(struct conf_pool, outlier.error_pct),
		.min = 1, .max = 100, .zero = "nobody is ejected", .value = "0",
		.unit = "percent of the new connections",
		.help = "From so many failures in an interval on a backend is ejected."},
	{"pools[].outlier.min_flows", CONF_TYPE_UINT, AT(struct conf_pool, outlier.min_flows),
		.min = 1, .max = 1000000, .value = "100", .unit = "new connections",
		.help = "A backend with fewer in an interval is not judged."},
	{"pools[].outlier.interval_s", CONF_TYPE_UINT, AT(struct conf_pool, outlier.interval_s),
		.min = 1, .max = 3600, .value = "10", .unit = "seconds",
		.help = "How often backends are judged."},
	{"pools[].outlier.eject_s", CONF_TYPE_UINT, AT(struct conf_pool, outlier.eject_s), .min = 1,
		.max = 86400, .value = "30", .unit = "seconds",
		.help = "How long a backend is held out; each further time twice as long."},
	{"pools[].outlier.max_eject_s", CONF_TYPE_UINT, AT(struct conf_pool, outlier.max_eject_s),
		.min = 1, .max = 86400, .value = "300", .unit = "seconds",
		.help = "But not longer than this; at least eject_s."},
	{"pools[].outlier.max_eject_pct", CONF_TYPE_UINT,
		AT(struct conf_pool, outlier.max_eject_pct), .min = 1, .max = 100, .value = "50",
		.unit = "percent of the backends",
		.help = "No more of the ready backends are held out at once, the worst first."},
	{"pools[].backends", LIST_OF(struct conf_pool, backends, struct conf_backend),
		.max = CONF_MAX_BACKENDS, .unit = "backend", .help = "The servers of the pool."},
	{"pools[].backends[].name", CONF_TYPE_NAME, AT(struct conf_backend, name), .example = "b1",
		.help = "Name of the backend, unique in its pool."},
	{"pools[].backends[].address", CONF_TYPE_ADDRESS, AT(struct conf_backend, address),
		.example = "10.0.0.11", .help = "Address of the backend, either family."},
	{"pools[].backends[].weight", CONF_TYPE_UINT, AT(struct conf_backend, weight), .max = 1000,
		.value = "100", .alone = true,
		.help = "Share of the traffic relative to the other backends; 0: none."},
	{"pools[].backends[].admin", CONF_TYPE_WORD, AT(struct conf_backend, admin),
		.words = admins, .value = "ready", .alone = true,
		.help = "What the operator wants of the backend."},
	{"pools[].backends[].max_flows", CONF_TYPE_UINT, AT(struct conf_backend, max_flows),
		.min = 1, .max = 1000000000, .zero = "no limit", .value = "0", .unit = "flows",
		.alone = true,
		.help = "With more connections than this a backend gets new ones only when the "
			"others of its pool that are tried have no room either."},
	{"pools[].backends[].id", CONF_TYPE_UINT, AT(struct conf_backend, id), .min = 1,
		.max = 16777215, .absent = "the address is the identity", .example = "1",
		.help = "Stable identity across nodes and renumbering, unique in its pool."},
	{"pools[].backends[].dscp", CONF_TYPE_UINT, AT(struct conf_backend, dscp), .min = 1,
		.max = 63, .absent = "none; required with forward dscp", .example = "10",
		.help = "DSCP by which the backend knows the VIP."},

	{"vips", LIST_OF(struct conf, vips, struct conf_vip), .max = CONF_MAX_VIPS, .unit = "VIP",
		.help = "The addresses that clients connect to."},
	{"vips[].name", CONF_TYPE_NAME, AT(struct conf_vip, name), .example = "web4",
		.help = "Name of the VIP."},
	{"vips[].address", CONF_TYPE_PREFIX, AT(struct conf_vip, prefix), .example = "203.0.113.10",
		.help = "Address of the VIP, either family, or a prefix as 203.0.113.16/28: every "
			"address in it. The longest prefix that serves a packet's port wins."},
	{"vips[].port", CONF_TYPE_PORTS, AT(struct conf_vip, ports), .example = "80",
		.help = "Ports of the VIP. Where several VIPs of an address hold a port, the "
			"narrowest range serves it; two ranges of one width must not overlap."},
	{"vips[].protocol", CONF_TYPE_WORD, AT(struct conf_vip, protocol), .words = protocols,
		.value = "tcp", .help = "Protocol of the VIP."},
	{"vips[].pool", CONF_TYPE_NAME, AT(struct conf_vip, pool), .example = "web",
		.help = "Name of the pool that serves the VIP."},
	{"vips[].rules", LIST_OF(struct conf_vip, rules, struct conf_rule), .max = CONF_MAX_RULES,
		.unit = "rule",
		.help = "New connections that another pool serves. The longest prefix that holds "
			"the client decides; without one, the DSCP of its packet; without that, "
			"the VIP's pool serves."},
	{"vips[].rules[].name", CONF_TYPE_NAME, AT(struct conf_rule, name), .example = "gold",
		.help = "Name of the rule, unique in its VIP."},
	{"vips[].rules[].sources", CONF_TYPE_PREFIXES, AT(struct conf_rule, sources),
		COUNT(struct conf_rule, n_sources), .most = CONF_MAX_PREFIXES, .absent = "none",
		.example = "192.0.2.0/24", .shown = true, .help = "Clients that the rule is for."},
	{"vips[].rules[].dscp", CONF_TYPE_UINTS, AT(struct conf_rule, dscp),
		COUNT(struct conf_rule, n_dscp), .max = 63, .most = 64, .value = "",
		.help = "DSCP values that the rule is for."},
	{"vips[].rules[].pool", CONF_TYPE_NAME, AT(struct conf_rule, pool), .example = "web",
		.help = "Name of the pool that serves them."},
	{"vips[].echo", CONF_TYPE_WORD, AT(struct conf_vip, echo), .words = echos,
		.value = "answer",
		.help = "Who answers ping, the same for all VIPs of an address."},
};

const size_t conf_n_rows = sizeof conf_rows / sizeof *conf_rows;

static const char *word_name(const struct conf_word *words, uint32_t value)
{
	while (words->name && words->value != value)
		words++;
	return words->name;
}

const char *conf_forward_name(enum conf_forward forward)
{
	return word_name(forwards, forward);
}

const char *conf_driver_name(enum conf_driver driver)
{
	return word_name(drivers, driver);
}

const char *conf_admin_name(enum conf_admin admin)
{
	return word_name(admins, admin);
}

const char *conf_check_type_name(enum conf_check_type type)
{
	return word_name(check_types, type);
}

const char *conf_via_name(enum conf_via via)
{
	return word_name(vias, via);
}

const char *conf_require_name(uint32_t require)
{
	return word_name(requires, require);
}
