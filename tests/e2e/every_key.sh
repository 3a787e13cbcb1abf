#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every key of docs/config.md: a running daemon takes another value by command, and the same from a file, or says that
# it takes a restart. What is saved when all are other than they were is what a daemon has that starts from it.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1
workers=$(lab_cpu 1)
[ "$workers" != "$(lab_cpu 0)" ] || workers=
bpf=$LAB_BUILD/examples/sched/affinity.bpf.o
cp "$bpf" "$LAB_DIR/second.bpf.o"
{
	printf 'daemon = { control = { socket = "%s"; }; state_dir = "%s"; };\n' "$LAB_SOCKET" "$LAB_DIR/state"
	printf 'eal = { main_lcore = %s; workers = [ %s ]; huge = false; file_prefix = "%s"; };\n' "$(lab_cpu 0)" "$workers" "$LAB_PREFIX"
	cat <<-END
		ports = ( { name = "wan"; driver = "vdev"; device = "net_null0,no-rx=1"; next_hop_mac = "02:00:00:00:00:01"; } );
		checks = (
		  { name = "calm"; type = "none"; },
		  { name = "plain"; type = "tcp"; port = 80; },
		  { name = "web"; type = "http"; },
		  { name = "safe"; type = "https"; tls_verify = true; },
		  { name = "gram"; type = "udp"; send_hex = "70"; },
		  { name = "names"; type = "dns"; dns_name = "www.example"; }
		);
		pools = (
		  { name = "p1"; tunnel_source = [ "10.0.9.250", "fd00::250" ]; backends = (
		      { name = "b1"; address = "10.0.0.11"; }, { name = "b2"; address = "10.0.0.12"; } ); },
		  { name = "help"; forward = "l2"; backends = ( { name = "h1"; address = "10.0.2.11"; } ); },
		  { name = "dsr"; forward = "dscp"; backends = ( { name = "d1"; address = "10.0.1.11"; dscp = 10; } ); },
		  { name = "prog"; forward = "l2"; scheduler = "bpf"; program = "$bpf"; },
		  { name = "spare"; forward = "l2"; backends = ( { name = "s1"; address = "10.0.3.11"; } ); }
		);
		vips = (
		  { name = "v1"; address = "203.0.113.10"; port = 80; pool = "p1"; rules = (
		      { name = "gold"; sources = [ "192.0.2.0/24" ]; pool = "help"; } ); },
		  { name = "v2"; address = "203.0.113.11"; port = 80; pool = "help"; }
		);
	END
} >"$LAB_CONF"
lab_sluiced_start
"$LAB_TOP/tests/e2e/every_key.py" "$LAB_SOCKET" "$LAB_CONF" "$LAB_TOP/docs/config.md" "$bpf" "$LAB_DIR/second.bpf.o"

# The tables of all pools, and every key of every object.
whole() {
	local list name object
	lab_ctl config show
	lab_ctl -j table show | jq -cS 'map({pool, scheduler, shape, slots, backends, checksum})'
	lab_ctl -j backend list | jq -cS 'map({pool, backend, address, id, admin, weight, max_flows, slots, share})'
	for list in vip pool check port; do
		for name in $(lab_ctl -j $list list | jq -r ".[].$list"); do lab_ctl -j $list show "$name" | jq -cS .config; done
	done
	for object in $(lab_ctl -j backend list | jq -r '.[] | "\(.pool)/\(.backend)"'); do
		lab_ctl -j backend show "$object" | jq -cS .config
	done
}
whole >"$LAB_DIR/before"
lab_ctl config save >/dev/null
lab_sluiced_stop
cp "$LAB_DIR/state/running.conf" "$LAB_CONF"
lab_sluiced_start
whole >"$LAB_DIR/after"
diff "$LAB_DIR/before" "$LAB_DIR/after" || fail "not the same after a restart from what was saved"
[ "$(wc -l <"$LAB_DIR/before")" -gt 150 ] || fail "too little was compared: $(wc -l <"$LAB_DIR/before") lines"
expect_eq "difference" "$(lab_ctl config diff)" "no difference"
lab_sluiced_stop
