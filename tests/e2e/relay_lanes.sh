#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two lanes: fragments and ICMP errors come in by another one than the whole packets of their flow. While weights change,
# all datagrams of a flow, small ones and ones of 3,000 bytes, go to one backend, and so do errors about it.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# The kernel spreads over packet sockets as RSS does: whole UDP by ports too, fragments and ICMP by addresses alone. IPv4
# fragments it puts together first (PACKET_FANOUT_FLAG_DEFRAG, which DPDK's driver asks for): those are IPv6 here.
LAB_DRIVER=af_packet LAB_QUEUES=2 LAB_VIPS="$VIP4=4 $VIP6=6"
lab_up 3
for i in 1 2 3; do
	lab_decap_start "$i"
	for vip in "$VIP4" "$VIP6"; do
		lab_spawn "got-be$i-$vip" "be$i" python3 "$LAB_TOP/tests/e2e/datagrams.py" receive "$vip" 80 "$LAB_DIR/got-be$i-$vip"
		lab_ready "got-be$i-$vip" '^ready$' 5
	done
done
lab_conf
sed -i 's/port = 80;/port = 80; protocol = "udp";/' "$LAB_CONF"
lab_sluiced_start

# relayed KEY
relayed() {
	lab_ctl -j status | jq ".relay.$1"
}

# table_moves WEIGHT: of be1, in both pools.
table_moves() {
	lab_ctl backend weight web4/be1 "$1" >/dev/null
	lab_ctl backend weight web6/be1 "$1" >/dev/null
}

# flows BACKEND VIP: source ports of the flows that the backend has had datagrams of
flows() {
	awk '{ print $1 }' "$LAB_DIR/got-be$1-$2" | sort -un
}

# unreachable BACKEND COUNTER: ICMP errors that have come to a backend's kernel
unreachable() {
	lab_exec "be$1" nstat -az "$2" | awk -v name="$2" '$1 == name { print $2 }'
}

# arrived VIP N: of all datagrams
arrived() {
	[ "$(cat "$LAB_DIR"/got-be?-"$1" | wc -l)" = "$2" ]
}

# begun VIP: every flow has had its backend
begun() {
	[ "$(for i in 1 2 3; do flows "$i" "$1"; done | sort -u | wc -l)" = 40 ]
}

# one_backend_a_flow VIP SIZE...: 40 flows, 1600 datagrams of these sizes in turn, while be1's weight goes up and down
one_backend_a_flow() {
	local vip=$1 weight i all
	table_moves 100
	lab_spawn "send-$vip" client python3 "$LAB_TOP/tests/e2e/datagrams.py" send "$vip" 80 40 1600 800 "${@:2}"
	wait_for 5 begun "$vip" || fail "not all flows to $vip have begun"
	while lab_alive "send-$vip"; do
		for weight in 1 100; do table_moves "$weight"; done
	done
	lab_stop "send-$vip"
	expect_match "what was sent to $vip" "$(lab_log "send-$vip")" '^sent 1600$'
	table_moves 1
	wait_for 5 arrived "$vip" 1600 || fail "$(cat "$LAB_DIR"/got-be?-"$vip" | wc -l) of 1600 datagrams to $vip have arrived"
	all=$(for i in 1 2 3; do flows "$i" "$vip"; done)
	expect_eq "flows of $vip that several backends had" "$(sort -n <<<"$all" | uniq -d | wc -l)" 0
	expect_eq "flows of $vip" "$(wc -l <<<"$all")" 40
	# By its weight of now it would have none or one.
	[ "$(flows 1 "$vip" | wc -l)" -ge 4 ] || fail "be1 has $(flows 1 "$vip" | wc -l) flows of $vip"
}

# errors_follow VIP CLIENT COUNTER: five errors about each flow
errors_follow() {
	local i before=()
	for i in 1 2 3; do before[i]=$(unreachable "$i" "$3"); done
	for i in 1 2 3; do
		# shellcheck disable=SC2046
		lab_exec client "$LAB_TOP/tests/e2e/icmp_error.py" "$1" 80 "$2" 5 $(flows "$i" "$1")
	done
	for i in 1 2 3; do
		told() { [ $(($(unreachable "$1" "$2") - $3)) = "$4" ]; }
		wait_for 5 told "$i" "$3" "${before[i]}" $((5 * $(flows "$i" "$1" | wc -l))) ||
			fail "errors to $1 at be$i: $(unreachable "$i" "$3"), before ${before[i]}, flows: $(flows "$i" "$1" | wc -l)"
	done
}

one_backend_a_flow "$VIP6" 50 3000
# Each of 800 asked; about half of the flows had their whole packets on the other lane.
expect_eq "fragments that asked" "$(relayed asked)" 800
expect_eq "fragments that could not" "$(relayed refused)" 0
taken=$(relayed taken)
expect_between "fragments that the other lane took" "$taken" 100 700
errors_follow "$VIP6" fd77:0::1 Icmp6InDestUnreachs
[ "$(relayed taken)" -gt "$taken" ] || fail "no error was the other lane's"

one_backend_a_flow "$VIP4" 50
taken=$(relayed taken)
errors_follow "$VIP4" 10.77.0.1 IcmpInDestUnreachs
[ "$(relayed taken)" -gt "$taken" ] || fail "no error was the other lane's"
expect_eq "held packets" "$(lab_ctl -j status | jq .held_packets)" 0
expect_eq "drops" "$(lab_ctl -j --all drops | jq -c 'map(select(.packets > 0 and .reason != "eth_type")) | map(.reason)')" '[]'
lab_sluiced_stop
