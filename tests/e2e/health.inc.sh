# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034
#
# For the health_*.sh tests, sourced by them behind netlab.sh: a check at a twentieth of the default times, a
# background flow that nothing may touch, and questions to sluicectl.

# inter 2000, fastinter 500, downinter 2000, timeout 1000 ms, divided by 20. Worst cases at full length are
# 3.3 s (refused) and 5.2 s (silent), and 0.1 s for the build.
health_times="inter_ms = 100; fastinter_ms = 25; downinter_ms = 100; timeout_ms = 50;"
health_http="{ name = \"http\"; type = \"http\"; port = 80; $health_times }"
health_tcp="{ name = \"tcp\"; type = \"tcp\"; port = 80; $health_times }"
refused_ms=$((3300 / 20 + 100)) silent_ms=$((5200 / 20 + 100))
# On a machine with other work a probe may be late; what is asserted is this many times the worst case.
slack=4

# A pool and a VIP of their own for the background flow, on the last backend alone, so that no other is in its way.
health_bg_vip=203.0.113.99
health_bg_pool() {
	printf ', { name = "bg"; forward = "%s"; backends = ( { name = "be%s"; address = "%s"; } ); }' \
		"$LAB_FORWARD" "$LAB_N" "$(lab_backend_address "$LAB_N" 4)"
}

# lab_conf with the background pool and its VIP.
health_conf() {
	local more=$LAB_MORE_POOLS
	LAB_MORE_POOLS="$more$(health_bg_pool)"
	lab_conf
	LAB_MORE_POOLS=$more
	sed -i "s/^vips = ($/vips = (\n  { name = \"bg\"; address = \"$health_bg_vip\"; port = 9; protocol = \"udp\"; pool = \"bg\"; },/" "$LAB_CONF"
}

# Backends with one more VIP, for the background flow.
health_backends_start() {
	local vips=$LAB_VIPS
	LAB_VIPS="$vips $health_bg_vip=4"
	lab_backends_start
	LAB_VIPS=$vips
	lab_spawn bg-server "be$LAB_N" "$LAB_TOP/tests/e2e/udp_seq.py" serve 9 "$health_bg_vip"
	lab_ready bg-server ready 10
}

health_bg_start() {
	lab_spawn bg client "$LAB_TOP/tests/e2e/udp_seq.py" send "$health_bg_vip" 9 200
	lab_ready bg began 10
}

# Nothing was lost, nothing went elsewhere.
health_bg_end() {
	lab_stop bg
	expect_match "background flow" "$(lab_log bg)" 'sent [1-9][0-9]+ lost 0 other 0'
	expect_eq "exit status of the background flow" "$LAB_STATUS" 0
}

# pool KEY [POOL]; member N KEY [POOL]
pool() {
	lab_ctl -j pool show "${2:-web4}" | jq -r ".$1"
}

member() {
	lab_ctl -j --filter "backend=be$1" backend list "${3:-web4}" | jq -r ".[0].$2"
}

member_is() {
	[ "$(member "$1" "$2" "${4:-web4}")" = "$3" ]
}

pool_is() {
	[ "$(pool "$1" "${3:-web4}")" = "$2" ]
}

# wait_pool POOL CONDITION SECONDS
wait_pool() {
	lab_ctl -t "$3" wait pool "$1" "$2" || fail "pool $1: $2 did not come about: $(lab_ctl pool show "$1")"
}

now_ms() {
	local t=${EPOCHREALTIME//[.,]/}
	echo $((t / 1000))
}

# event_ms OBJECT TEXT: when that event was last, in ms since the epoch; fails if it never was.
event_ms() {
	local at
	at=$(lab_ctl -j events | jq -rs --arg o "$1" --arg t "$2" \
		'[.[] | select(.object == $o and (.event | startswith($t)))] | last | .time // 0 | . * 1000 | floor')
	[ "$at" != 0 ] || fail "no event \"$1 $2\": $(lab_ctl events)"
	echo "$at"
}

# events_of OBJECT TEXT: how many.
events_of() {
	lab_ctl -j events | jq -rs --arg o "$1" --arg t "$2" '[.[] | select(.object == $o and (.event | startswith($t)))] | length'
}

drops_of() {
	lab_ctl -j --all --filter "reason=$1" drops | jq '.[0].packets // 0'
}
