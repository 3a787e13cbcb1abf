#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Single connections as the operator sees them: listed, counted, looked up before, during and after, and
# forgotten. The judge is what the backends have logged.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# Two lanes: which one has a flow is the driver's choice.
LAB_DRIVER=af_packet LAB_QUEUES=2
lab_up 3
lab_backends_start
lab_conf
echo 'flows = { tcp_closing_s = 1000; };' >>"$LAB_CONF"
lab_sluiced_start

# logged N VIP: the clients that backend N has served, ADDRESS:PORT
logged() {
	lab_logged "$1"
	awk -v vip="$2" '$1 == vip && $3 == 200 { print $2 }' "$LAB_DIR/be$1/access.log"
}

# flows POOL/BACKEND
flows() {
	lab_ctl -j flow list "$1" | jq length
}

bracketed() {
	case $1 in
	*:*:*) sed -E 's/^(.*):([0-9]+)$/[\1]:\2/' <<<"$1" ;;
	*) echo "$1" ;;
	esac
}

service() {
	case $1 in
	*:*) echo "[$1]:80/tcp" ;;
	*) echo "$1:80/tcp" ;;
	esac
}

lab_get 60 "$(lab_url "$VIP4")" >/dev/null
lab_get 30 "$(lab_url "$VIP6")" >/dev/null
expect_eq "connections listed" "$(lab_ctl -j flow list | jq length)" 90
expect_eq "flows in the tables of the lanes" "$(lab_ctl -j flow stats | jq 'map(.entries) | add')" 90
expect_eq "lanes" "$(lab_ctl -j flow stats | jq length)" 2
for i in 1 2 3; do
	expect_eq "connections of be$i" "$(flows "web4/be$i")" "$(lab_hits "$i" "$VIP4")"
	expect_eq "FLOWS of be$i" "$(lab_ctl -j backend list web4 | jq ".[$((i - 1))].flows")" "$(lab_hits "$i" "$VIP4")"
done

# Every connection is where the backends say it was, in one lane, and the table says the same.
for vip in "$VIP4" "$VIP6"; do
	for i in 1 2 3; do
		while read -r client; do
			said=$(lab_ctl -j lookup "$(bracketed "$client")" "$(service "$vip")")
			expect_eq "lookup of $client" "$(jq -r '"\(.decided) \(.backend) \(.lanes | length) \(.table.backend)"' <<<"$said")" \
				"flow be$i 1 be$i"
		done < <(logged "$i" "$vip" | head -n 5)
	done
done

# What was never there goes by the table, and then really goes there.
said=$(lab_ctl -j lookup 10.77.0.1:777 "$(service "$VIP4")")
expect_eq "decided" "$(jq -r .decided <<<"$said")" table
body=$(lab_curl --local-port 777 "$(lab_url "$VIP4")")
expect_eq "backend of the connection" "$body" "$(jq -r .backend <<<"$said")"
expect_eq "decided now" "$(lab_ctl -j lookup 10.77.0.1:777 "$(service "$VIP4")" | jq -r .decided)" flow

# Forgotten: one, those of a backend, all.
expect_eq "forgotten" "$(lab_ctl flow flush 10.77.0.1:777 "$(service "$VIP4")")" "1 forgotten"
expect_eq "decided after that" "$(lab_ctl -j lookup 10.77.0.1:777 "$(service "$VIP4")" | jq -r .decided)" table
count=$(logged 1 "$VIP4" | grep -vcx 10.77.0.1:777)
expect_eq "forgotten of be1" "$(lab_ctl flow flush --backend web4/be1)" "$count forgotten"
expect_eq "connections of be1" "$(flows web4/be1)" 0
[ "$(flows web4/be2)" -gt 0 ] || fail "be2 has lost its connections"
lab_ctl -y flow flush all >/dev/null
expect_eq "connections in the end" "$(lab_ctl flow list)" "no connections"

# Wrong input says what is right.
wrong() {
	local code=0 said
	said=$(lab_ctl "${@:3}" 2>&1) || code=$?
	expect_eq "exit status of ${*:3}" "$code" "$1"
	expect_match "answer to ${*:3}" "$said" "$2"
}
wrong 1 '192\.0\.2\.1:40000' lookup 10.77.0.1 "$(service "$VIP4")"
wrong 1 '203\.0\.113\.10:443/tcp' lookup 10.77.0.1:1 "$VIP4:80"
wrong 1 'both IPv4 or both IPv6' lookup 10.77.0.1:1 "$(service "$VIP6")"
wrong 6 'no VIP serves 203\.0\.113\.10:81/tcp .*vip list' lookup 10.77.0.1:1 "$VIP4:81/tcp"
wrong 2 'needs VIP:PORT/PROTOCOL' lookup 10.77.0.1:1
wrong 2 'flow flush" needs one of: SRC:PORT VIP:PORT/PROTOCOL, --backend POOL/NAME, all' flow flush
wrong 6 'backend "web4/be9" not found' flow flush --backend web4/be9
wrong 6 'pool "nosuch" not found' flow list nosuch
lab_sluiced_stop
