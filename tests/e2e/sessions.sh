#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A client keeps its backend over ports, VIPs of the pool, lanes and changes of the members, as long as that
# backend takes new connections; what is remembered is listed, looked up, forgotten. And without any memory:
# hash = "source" and "source+dest".
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_DRIVER=af_packet LAB_QUEUES=3
LAB_VIPS="$VIP4=4 $VIP4B=4 $VIP6=6"
lab_up 3
for i in $(seq 2 40); do ip -n "$(lab_ns client)" addr add "10.77.0.$((100 + i))/24" dev eth0; done
lab_backends_start

# pool KEYS [WEIGHTS]: the configuration with these keys in both pools
pool() {
	LAB_WEIGHTS=${2:-}
	lab_conf
	sed -i -E "s/(name = \"web[46]\";)/\\1 $1/" "$LAB_CONF"
}

# bodies CLIENT VIP N: which backends answer N new connections of a client, each once
bodies() {
	lab_curl --connect-timeout 10 -m 20 --interface "$1" "$(lab_url "$2")?[1-$3]" | sort -u | tr '\n' ' '
}

session_of() {
	lab_ctl -j --filter "client=$1" session list web4 | jq -r '.[].backend'
}

pool 'persist_s = 600;'
lab_sluiced_start
declare -A home
for i in $(seq 2 40); do
	client=10.77.0.$((100 + i))
	home[$client]=$(bodies "$client" "$VIP4" 4)
	expect_match "backends of $client" "${home[$client]}" '^be[123] $'
	expect_eq "session of $client" "$(session_of "$client") " "${home[$client]}"
done
# One of three backends alone has all of 39 clients once in 10^18.
expect_between "backends in use" "$(printf '%s\n' "${home[@]}" | sort -u | wc -l)" 2 3
expect_eq "clients remembered" "$(lab_ctl -j session list web4 | jq length)" 39
expect_match "stats" "$(lab_ctl -j session stats | jq -c '.[0] | [.began, .hits, .evicted]')" '^\[39,117,0\]$'

# Another VIP of the pool, another port, other weights, another member: the same backend.
pool 'persist_s = 600;' "1000 1 1"
lab_reload
for client in "${!home[@]}"; do
	expect_eq "backend of $client at another VIP" "$(bodies "$client" "$VIP4B" 2)" "${home[$client]}"
done
pool 'persist_s = 600;' "1 1000 1000"
lab_reload
for client in "${!home[@]}"; do
	expect_eq "backend of $client after that" "$(bodies "$client" "$VIP4" 2)" "${home[$client]}"
done

# The other pool knows nothing of this, and has its own.
six=$(bodies fd77:0::1 "$VIP6" 6)
expect_match "backends of an IPv6 client" "$six" '^be[123] $'
expect_eq "its session" "$(lab_ctl -j session list web6 | jq -r '.[] | "\(.client) \(.backend) "')" "fd77::1 $six"

# What decides is said, and is true.
client=10.77.0.120
said=$(lab_ctl -j lookup "$client:777" "$VIP4:80/tcp")
expect_eq "lookup" "$(jq -r '"\(.decided) \(.backend) "' <<<"$said")" "session ${home[$client]}"

# A backend in drain gets no new connection from its clients either: they move, once and for all.
drained=${home[$client]% }
lab_ctl backend drain "web4/$drained" >/dev/null
moved=$(bodies "$client" "$VIP4" 4)
expect_match "backend after the drain" "$moved" '^be[123] $'
[ "$moved" != "$drained " ] || fail "$client still goes to $drained, which is drained"
for other in "${!home[@]}"; do
	[ "${home[$other]}" != "$drained " ] || continue
	expect_eq "backend of $other, whose is not drained" "$(bodies "$other" "$VIP4" 1)" "${home[$other]}"
done
lab_ctl backend ready "web4/$drained" >/dev/null
expect_eq "backend of $client when $drained is back" "$(bodies "$client" "$VIP4" 4)" "$moved"

# Forgotten: a client, a backend's, all.
expect_eq "forgotten" "$(lab_ctl session flush "$client")" "1 forgotten"
expect_eq "session of $client" "$(session_of "$client")" ""
before=$(lab_ctl -j --filter backend=be1 session list web4 | jq length)
expect_eq "forgotten of be1" "$(lab_ctl session flush --backend web4/be1)" "$before forgotten"
expect_eq "sessions of be1" "$(lab_ctl --filter backend=be1 session list web4)" "no sessions"
lab_ctl -y session flush all >/dev/null
expect_eq "sessions" "$(lab_ctl session list)" "no sessions"

wrong() {
	local code=0 answer
	answer=$(lab_ctl "${@:3}" 2>&1) || code=$?
	expect_eq "exit status of ${*:3}" "$code" "$1"
	expect_match "answer to ${*:3}" "$answer" "$2"
}
wrong 6 'pool "nosuch" not found' session list nosuch
wrong 6 'pool "10.77.0" not found' session flush 10.77.0
wrong 1 'say which clients' session flush

# A short time: idle for longer, a client is chosen for anew and is not listed.
pool 'persist_s = 3;'
lab_reload
# A late machine may look at it when its time is over.
for _ in 1 2 3 4 5; do
	bodies "$client" "$VIP4" 1 >/dev/null
	now=$(lab_ctl -j session list web4 | jq length)
	[ "$now" = 0 ] || break
done
expect_eq "sessions now" "$now" 1
no_session() {
	[ "$(lab_ctl session list)" = "no sessions" ]
}
wait_for 30 no_session || fail "the session does not end"

# By hash alone: the same backend for every port; with the destination too, not for every VIP.
pool 'hash = "source";'
lab_reload
for i in 2 3 4 5 6 7 8 9; do
	client=10.77.0.$((100 + i))
	expect_match "backends by source" "$(bodies "$client" "$VIP4" 4)" '^be[123] $'
	expect_eq "backend by source at the other VIP" "$(bodies "$client" "$VIP4B" 4)" "$(bodies "$client" "$VIP4" 1)"
done
pool 'hash = "source+dest";'
lab_reload
differ=0
for i in $(seq 2 25); do
	client=10.77.0.$((100 + i))
	one=$(bodies "$client" "$VIP4" 3) two=$(bodies "$client" "$VIP4B" 3)
	expect_match "backends by source and destination" "$one$two" '^be[123] be[123] $'
	[ "$one" = "$two" ] || differ=$((differ + 1))
done
# 16 expected; always the same ones, as nothing here is drawn by lot
expect_between "clients with another backend at another VIP" "$differ" 6 24
lab_sluiced_stop
