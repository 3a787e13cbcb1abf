#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Probes fail nearly everywhere at once, while the traffic goes on as it did: it must be us who are cut off. Tables
# freeze before anybody leaves one, all is said as it is, and who is up again by the end has lost nothing. Two of three
# backends of every pool are not enough for that.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

lab_up 4
health_backends_start
LAB_POOL="slow_start_s = 30; flap = { suppress = 0; };"
LAB_WEIGHTS="100 100 100 -"
# The third pool asks in a way of its own, else it would share the probes of web4. 9 checks in all.
LAB_CHECKS="$health_tcp, ${health_http/\"http\"/\"third\"}"
LAB_MORE_POOLS=', { name = "more"; forward = "ipip"; checks = [ "third" ]; slow_start_s = 30; flap = { suppress = 0; };
	backends = ( { name = "be1"; address = "10.77.0.11"; }, { name = "be2"; address = "10.77.0.12"; },
		{ name = "be3"; address = "10.77.0.13"; } ); }'
health_conf
sed -i 's/checks = \[ "tcp","third" \]/checks = [ "tcp" ]/' "$LAB_CONF"
lab_sluiced_start

pools="web4 web6 more"
# every CONDITION: of the three pools
every() {
	local p
	for p in $pools; do wait_pool "$p" "$1" 10; done
}
every up=3
expect_eq "checks" "$(lab_ctl -j status | jq .health.checks)" 9
all_in() { lab_ctl -j backend list | jq -e 'all(.slots > 0)' >/dev/null; }
wait_for 5 all_in || fail "$(lab_ctl backend list)"
faults_begin
health_flows_start

# One program a backend that waits for routes to change, so that all change at once on a machine that starts none so fast.
declare -A routes
for i in 1 2 3; do
	mkfifo "$LAB_DIR/routes$i"
	lab_spawn_here "routes$i" ip -n "$(lab_ns "be$i")" -batch "$LAB_DIR/routes$i"
	exec {fd}>"$LAB_DIR/routes$i"
	routes[$i]=$fd
done

# blackholes N COUNT: so many of backend N
blackholes() { [ "$({ ip -n "$(lab_ns "be$1")" route && ip -n "$(lab_ns "be$1")" -6 route; } | grep -c ^blackhole)" = "$2" ]; }

# probes lost|back BE...: answers to our own address, which probes alone have, get lost on these backends.
probes() {
	local i how=del n=0
	[ "$1" = back ] || how=add n=2
	for i in "${@:2}"; do printf 'route %s blackhole %s\n' $how 10.77.0.2/32 $how fd77:0::2/128 >&"${routes[$i]}"; done
	for i in "${@:2}"; do wait_for 5 blackholes "$i" $n || fail "routes of be$i: $(lab_log "routes$i")"; done
}

tables() {
	lab_ctl -j backend list | jq -c 'map([.pool, .backend, .slots, .effective])'
	lab_ctl -j pool list | jq -c 'map([.pool, .checksum, .decision])'
}

frozen() { lab_ctl -j status | jq -r .health.frozen; }
is_frozen() { [ "$(frozen)" = "$1" ]; }

before=$(tables)
health_begins
probes lost 1 2 3
lost=$(now_ms)
wait_for 5 is_frozen 'mass failure' || fail "not frozen: $(lab_ctl health list)"
# Each check has failed once: a pause, and a timeout.
health_took "probes lost, to FROZEN" $(($(event_ms health FROZEN) - lost)) $((health_inter * 11 / 10 + health_timeout))
expect_match "status" "$(lab_ctl status)" '^FROZEN for (30|2[0-9]) s more: mass failure; tables stay'
every down=3
faults_expect transitions {web4,web6,more}/be{1,2,3}=1
faults_expect builds
expect_eq "tables while all are down" "$(tables)" "$before"
for vip in "$VIP4" "$VIP6"; do
	lab_get 60 "$(lab_url "$vip")" >"$LAB_DIR/bodies"
	expect_eq "answers from $vip" "$(sort -u "$LAB_DIR/bodies" | xargs)" "be1 be2 be3"
done

# They come back in time.
probes back 1 2 3
every up=3
lab_ctl health freeze 0 >/dev/null
expect_eq "frozen" "$(frozen)" null
expect_eq "times it was frozen and thawed" "$(events_of health FROZEN)/$(events_of health 'no longer')" 1/1
faults_expect transitions {web4,web6,more}/be{1,2,3}=2
faults_expect builds
expect_eq "tables after that" "$(tables)" "$before"
expect_eq "slow starts" "$(lab_ctl -j events | jq -s '[.[] | select(.event | startswith("slow start"))] | length')" 0

# Two of three: that may well be the backends.
probes lost 1 2
every down=2
expect_eq "frozen" "$(frozen)" null
two_out() { lab_ctl -j backend list | jq -e 'all((.slots > 0) == (.backend != "be1" and .backend != "be2"))' >/dev/null; }
wait_for 5 two_out || fail "$(lab_ctl backend list)"
faults_expect transitions {web4,web6,more}/be{1,2}=3 {web4,web6,more}/be3=2

# Flows of be3 have never moved, and no packet of any was lost.
health_flows_end >"$LAB_DIR/ways"
expect_eq "other ways of flows" "$(grep -vxE 'be3|(be[12] ){1,2}be3' "$LAB_DIR/ways" | xargs)" ""
faults_end
lab_sluiced_stop
