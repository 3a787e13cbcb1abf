# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034
#
# For tests of several lanes, sourced by them behind netlab.sh: UDP flows and who got their datagrams, ICMP errors about
# them and who was told.

# relay_backends: decapsulation and a receiver of datagrams for every VIP, on every backend.
relay_backends() {
	local i vip
	relay_lost_before=$(lab_kernel_lost)
	for i in $(seq "$LAB_N"); do
		lab_decap_start "$i"
		for vip in $(lab_vip_addresses); do
			lab_spawn "got-be$i-$vip" "be$i" python3 "$LAB_TOP/tests/e2e/datagrams.py" receive "$vip" 80 "$LAB_DIR/got-be$i-$vip"
			lab_ready "got-be$i-$vip" '^ready$' 30
		done
	done
}

# relay_conf SED-COMMAND...: as lab_conf, with VIPs of UDP.
relay_conf() {
	lab_conf
	sed -i 's/port = 80;/port = 80; protocol = "udp";/' "$LAB_CONF"
	[ $# = 0 ] || sed -i "$@" "$LAB_CONF"
}

# relayed KEY
relayed() {
	lab_ctl -j status | jq ".relay.$1"
}

# relay_weight WEIGHT: of be1, in both pools.
relay_weight() {
	lab_ctl backend weight web4/be1 "$1" >/dev/null
	lab_ctl backend weight web6/be1 "$1" >/dev/null
}

# relay_flows BACKEND VIP: source ports of the flows that the backend has had datagrams of
relay_flows() {
	awk '{ print $1 }' "$LAB_DIR/got-be$1-$2" | sort -un
}

relay_flows_each=100 relay_datagrams=1600 relay_large=400

# Every flow to a VIP has had its backend.
relay_begun() {
	[ "$(for i in $(seq "$LAB_N"); do relay_flows "$i" "$1"; done | sort -u | wc -l)" = $relay_flows_each ]
}

# relay_arrived VIP N: of all datagrams
relay_arrived() {
	[ "$(cat "$LAB_DIR"/got-be?-"$1" | wc -l)" = "$2" ]
}

# Packets that kernels had no room for, since relay_backends: nobody else may lose one.
relay_lost() {
	echo $(($(lab_kernel_lost) - relay_lost_before))
}

# relay_asked N: so many fragments asked, or fewer by those lost
relay_asked() {
	expect_between "fragments that asked" "$(relayed asked)" $(($1 - $(relay_lost))) "$1"
}

# relay_one_backend_a_flow VIP SIZE SIZE: 100 flows of 16 datagrams, all small ones for a second, then of these sizes in
# turn, relay_large of the first. In that second be1 loses nearly all of its share; then its weight goes up and down.
relay_one_backend_a_flow() {
	local vip=$1 weight i all arrived sizes=()
	for i in {1..8}; do sizes[i]=50 sizes[8 + i]=${*:$((2 + i % 2)):1}; done
	relay_weight 100
	lab_spawn "send-$vip" client python3 "$LAB_TOP/tests/e2e/datagrams.py" send "$vip" 80 $relay_flows_each \
		$relay_datagrams 800 "${sizes[@]}"
	wait_for 20 relay_begun "$vip" || fail "not all flows to $vip have begun"
	while lab_alive "send-$vip"; do
		for weight in 1 2; do relay_weight "$weight"; done
	done
	lab_stop "send-$vip"
	expect_match "what was sent to $vip" "$(lab_log "send-$vip")" "^sent $relay_datagrams\$"
	wait_for 10 relay_arrived "$vip" $relay_datagrams || echo "kernels have lost $(relay_lost) packets so far"
	arrived=$(cat "$LAB_DIR"/got-be?-"$vip" | wc -l)
	expect_between "datagrams to $vip that have arrived ($(lab_ctl drops))" "$arrived" $((relay_datagrams - $(relay_lost))) \
		$relay_datagrams
	all=$(for i in $(seq "$LAB_N"); do relay_flows "$i" "$vip"; done)
	expect_eq "flows to $vip that several backends had" "$(sort -n <<<"$all" | uniq -d | wc -l)" 0
	expect_eq "flows to $vip" "$(wc -l <<<"$all")" $relay_flows_each
	# A third of them began there: fewer than 8 once in 10^9. By its weight of now it would have none or one.
	[ "$(relay_flows 1 "$vip" | wc -l)" -ge 8 ] || fail "be1 has $(relay_flows 1 "$vip" | wc -l) flows to $vip"
}

# relay_told BACKEND COUNTER: ICMP errors that have come to a backend's kernel
relay_told() {
	lab_exec "be$1" nstat -azs "$2" | awk -v name="$2" '$1 == name { print $2 }'
}

# relay_told_more BACKEND COUNTER BEFORE N
relay_told_more() {
	[ $(($(relay_told "$1" "$2") - $3)) = "$4" ]
}

# relay_errors_follow VIP CLIENT COUNTER: two errors about each flow
relay_errors_follow() {
	local i n before=()
	for i in $(seq "$LAB_N"); do before[i]=$(relay_told "$i" "$3"); done
	for i in $(seq "$LAB_N"); do
		# shellcheck disable=SC2046
		lab_exec client "$LAB_TOP/tests/e2e/icmp_error.py" "$1" 80 "$2" 2 $(relay_flows "$i" "$1")
	done
	for i in $(seq "$LAB_N"); do
		n=$((2 * $(relay_flows "$i" "$1" | wc -l)))
		wait_for 20 relay_told_more "$i" "$3" "${before[i]}" "$n" ||
			fail "errors to $1 at be$i: $(($(relay_told "$i" "$3") - before[i])), not $n"
	done
}

relay_none_held() {
	[ "$(lab_ctl -j status | jq .held_packets)" = 0 ]
}

# relay_clean REASON...: nothing waits, nothing was refused or dropped but for these reasons; where kernels have lost a
# fragment, the others of its datagram end as `frag`.
relay_clean() {
	expect_eq "packets that could not be sent off" "$(relayed refused)" 0
	wait_for 20 relay_none_held || fail "packets are held for ever: $(lab_ctl status)"
	[ "$(relay_lost)" = 0 ] || set -- "$@" frag
	expect_eq "drops" "$(lab_ctl -j --all drops | jq -r '.[] | select(.packets > 0) | .reason' | grep -vxE "$(IFS='|' && echo "$*")")" ''
}
