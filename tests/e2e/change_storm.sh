#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# 1000 weight changes a second, then a storm of reloads, under traffic: no request fails, every packet goes to a
# member of the old or of the new set, and tables are built at most 4 times a second.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

top=$(dirname "$0")
# Versions that took force. Builds for a moved next hop, which share the tables, are not among them.
builds_so_far() {
	lab_log sluiced | grep -c 'revision [0-9]* in force' || true
}

# only ADDRESS...: packets went to some of these and nowhere else.
only() {
	[ -s "$LAB_DIR/seen" ] || fail "no packet was seen"
	expect_eq "destinations besides $*" "$(awk '{ print $1 }' "$LAB_DIR/seen" | grep -vxF "$(printf '%s\n' "$@")" | xargs)" ""
}

sniff_start() {
	lab_spawn sniff sw python3 "$top/change_storm.py" sniff lb-wan "$LAB_DIR/seen"
	lab_ready sniff sniffing 10
}

traffic_start() {
	lab_spawn traffic client bash -c "while :; do curl -sS --fail --fail-early -o /dev/null --connect-timeout 10 \
		-m 20 -H 'Connection: close' '$(lab_url "$VIP4")?[1-20]' || exit 1; done"
}

traffic_stop() {
	lab_alive traffic || fail "a request failed: $(lab_log traffic)"
	lab_stop traffic
	lab_stop sniff
}

lab_up 4
lab_backends_start
LAB_WEIGHTS="100 100 - -"
lab_conf
lab_sluiced_start

# Weights: the set is be1 and be2 all the time.
sniff_start
traffic_start
before=$(builds_so_far) began=$SECONDS
accepted=$(python3 "$top/change_storm.py" weights "$LAB_SOCKET" 8)
builds=$(($(builds_so_far) - before)) seconds=$((SECONDS - began + 1))
traffic_stop
echo "$accepted changes accepted in $seconds s, $builds builds"
# How many changes a busy machine makes is its own affair; that few builds hold many is not.
expect_between "builds in $seconds s" "$builds" 2 $((4 * seconds + 4))
[ "$accepted" -ge $((10 * builds)) ] || fail "$accepted changes took $builds builds"
only 10.77.0.11 10.77.0.12

# Reloads between two sets: be1 and be2, be1 and be3; never be4, which is in neither.
cp "$LAB_CONF" "$LAB_DIR/a.conf"
LAB_WEIGHTS="100 - 100 -"
lab_conf
cp "$LAB_CONF" "$LAB_DIR/b.conf"
sniff_start
traffic_start
before=$(builds_so_far)
begin=$SECONDS
for i in $(seq 200); do
	if [ $((i % 2)) = 0 ]; then cp "$LAB_DIR/a.conf" "$LAB_DIR/new.conf"; else cp "$LAB_DIR/b.conf" "$LAB_DIR/new.conf"; fi
	mv "$LAB_DIR/new.conf" "$LAB_CONF"
	kill -HUP "$(lab_pid sluiced)"
	lab_ctl -j status | jq -e '.config.last_apply == "ok"' >/dev/null || fail "a reload failed"
done
seconds=$((SECONDS - begin + 1))
builds=$(($(builds_so_far) - before))
echo "200 reloads in $seconds s, $builds builds"
lab_ctl config apply >/dev/null
traffic_stop
expect_between "builds in $seconds s" "$builds" 1 $((4 * seconds + 4))
only 10.77.0.11 10.77.0.12 10.77.0.13
expect_eq "members at the end" "$(lab_ctl -j backend list web4 | jq -c 'map(.backend)')" '["be1","be2"]'
lab_sluiced_stop
