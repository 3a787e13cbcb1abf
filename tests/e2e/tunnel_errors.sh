#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A router with a small MTU between Sluice and its backends tells us that our tunnel packets are too large. Sluice lowers
# the path MTU of that backend, tells clients, and uploads pass; what is unreachable is counted and told. By ipip and gue,
# both drivers.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# The backends are behind the router alone: the second port of lb is taken out.
LAB_ARMS=2
lab_up 2
LAB_ARMS=1
ip -n "$(lab_ns lb)" link del lan
lab_route lb 10.77.1.0/24 10.77.0.254
lab_route lb fd77:1::/64 fd77:0::254
lab_sysctl sw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
ip -n "$(lab_ns sw)" link set br1 mtu 1400
lab_backends_start
head -c 2000000 /dev/urandom >"$LAB_DIR/file"

# backend NAME KEY: of `backend show`, 0 where there is none
backend() {
	lab_ctl -j backend show "$1" | jq ".$2 // 0"
}

# sum KEY: over all backends
sum() {
	lab_ctl -j backend list | jq "map(.$1 // 0) | add"
}

upload() {
	lab_curl -m 60 -o "$LAB_DIR/said" --data-binary "@$LAB_DIR/file" "$(lab_url "$1")upload"
}

lowered() {
	[ "$(lab_ctl -j backend show "$1" | jq '.path_mtu // 0')" != 0 ]
}

counted() {
	[ "$(sum unreachable)" -gt 0 ]
}

for way in af_xdp/ipip af_packet/ipip af_xdp/gue af_packet/gue; do
	LAB_DRIVER=${way%/*} LAB_FORWARD=${way#*/}
	lab_conf
	lab_sluiced_start
	# What the client has learnt before is not to help it now.
	lab_exec client ip route flush cache
	lab_exec client ip -6 route flush cache
	lab_exec client ip tcp_metrics flush
	expect_eq "path MTUs lowered at the start" "$(sum path_mtu)" 0
	for vip in "$VIP4" "$VIP6"; do
		for _ in 1 2; do upload "$vip" || fail "$way: upload of 2 MB to $vip"; done
	done
	for pool in web4 web6; do
		for be in be1 be2; do
			lowered "$pool/$be" || continue # the router has had no large packet for it
			expect_eq "$way: path MTU of $pool/$be" "$(backend "$pool/$be" path_mtu)" 1400
		done
	done
	expect_between "$way: sum of path MTUs" "$(sum path_mtu)" 2800 5600
	lab_ctl events >"$LAB_DIR/events"
	grep -q 'path MTU 1400, says 10.77.0.254' "$LAB_DIR/events" || fail "no event of the path MTU: $(cat "$LAB_DIR/events")"
	grep -q 'path MTU 1400, says fd77:' "$LAB_DIR/events" || fail "no event of the path MTU of IPv6"
	expect_eq "unreachable so far" "$(sum unreachable)" 0
	for be in 11 12; do
		ip -n "$(lab_ns sw)" route add unreachable "10.77.1.$be/32"
		ip -n "$(lab_ns sw)" route add unreachable "fd77:1::$be/128"
	done
	lab_silent "$(lab_url "$VIP4")" || fail "a backend answers through a router that has no way to it"
	wait_for 20 counted || fail "$way: nothing counted as unreachable"
	lab_ctl events >"$LAB_DIR/events"
	grep -q 'unreachable, says 10.77.0.254: ICMP type 3 code 1' "$LAB_DIR/events" ||
		fail "no event of it: $(cat "$LAB_DIR/events")"
	for be in 11 12; do
		ip -n "$(lab_ns sw)" route del unreachable "10.77.1.$be/32"
		ip -n "$(lab_ns sw)" route del unreachable "fd77:1::$be/128"
	done
	# The host's own ICMP still comes to the host.
	lab_exec lb "$LAB_TOP/tests/e2e/ping.py" 10.77.0.254 56 2 || fail "$way: the host cannot ping"
	lab_exec client "$LAB_TOP/tests/e2e/ping.py" 10.77.0.2 56 2 || fail "$way: the host does not answer"
	lab_sluiced_stop
done
