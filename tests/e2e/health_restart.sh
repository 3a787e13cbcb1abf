#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What is known of backends outlives sluiced, by SIGTERM and by kill -9: probes are an hour apart here, so all that a
# new start knows is from the file. A file that is old, cut or somebody else's is refused in one line.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 3
lab_backends_start
LAB_CHECKS='{ name = "http"; type = "http"; port = 80; inter_ms = 3600000; fastinter_ms = 3600000; downinter_ms = 3600000; fall = 2; }'
LAB_POOL='panic_pct = 40; slow_start_s = 600;'
lab_conf
state=$LAB_DIR/state/health.json

# probe POOL N: every check of backend N once, now.
probe() {
	lab_ctl health run "$1/be$2" >/dev/null || [ $? = 7 ]
}

starts() {
	lab_sluiced_start
	wait_for 5 lab_log_has sluiced "$1" || fail "no line \"$1\": $(lab_log sluiced)"
}

# As it was left: be1 down without one probe, its penalty kept, be3 in slow start, traffic at once.
knows() {
	starts 'health of 6 backends restored, [0-9]+ s old'
	lab_curl -o /dev/null "$(lab_url "$VIP4")" || fail "the VIP does not answer"
	expect_eq "states" "$(member 1 state) $(member 2 state) $(member 3 state)" "DOWN UP UP"
	expect_eq "results so far" "$(lab_ctl -j health list web4 | jq '[.[] | .ok + .failed] | add')" 0
	expect_eq "slots of be1" "$(member 1 slots)" 0
	[ "$(member 2 slots)" -gt 0 ] || fail "be2 is not in the table: $(lab_ctl backend list web4)"
	expect_eq "modifiers of be3" "$(member 3 modifiers)" starting
	expect_between "penalty of be1" "$(member 1 penalty | cut -d. -f1)" 300 1000
	expect_eq "decision" "$(pool decision)" normal
	expect_eq "transitions" "$(events_of web4/be1 'UP->DOWN')$(events_of web4/be1 'INIT')" 00
	expect_eq "drops" "$(drops_of no_table)/$(drops_of no_backend)" 0/0
	lab_get 30 "$(lab_url "$VIP4")" >"$LAB_DIR/bodies"
	expect_eq "answers" "$(grep -cxE 'be[123]' "$LAB_DIR/bodies")" 30
	grep -qx be1 "$LAB_DIR/bodies" && fail "be1 got a request"
	return 0
}

# Not as it was left: waits for first results.
knows_nothing() {
	starts "health begins anew: $1"
	expect_eq "lines on the file" "$(grep -c 'health begins anew\|restored' <<<"$(lab_log sluiced)")" 1
	expect_eq "states" "$(member 1 state) $(member 2 state) $(member 3 state)" "INIT INIT INIT"
	expect_eq "decision" "$(pool decision)" wait
	expect_match "status" "$(lab_ctl status)" " 0/2 pools ok \(2 down\), "
	lab_stop sluiced KILL
}

lab_sluiced_start
for n in 1 2 3; do probe web4 $n; probe web6 $n; done
wait_pool web4 up=3 5
# falls N DOWN: and so many of web4 are down then
falls() {
	lab_stop "nginx-be$1"
	probe web4 "$1"
	probe web4 "$1"
	wait_pool web4 "down=$2" 5
}

falls 3 1
lab_nginx_start 3
probe web4 3
probe web4 3
wait_pool web4 up=3 5
falls 1 1
lab_sluiced_stop

knows
expect_eq "penalty of be3" "$(member 3 penalty | cut -d. -f1 | grep -cE '^[3-9][0-9]{2}$|^1000$')" 1

# Frozen by an operator, then be3 falls: it stays in the table, and so it does over a restart, as long as the freeze
# has to go. Also over kill -9, as soon as the file has it.
frozen() {
	expect_match "status" "$(lab_ctl status)" '^FROZEN for (600|5[0-9]{2}) s more: operator; tables stay as they are'
	expect_eq "state of be3" "$(member 3 state)" DOWN
	expect_eq "the table, frozen" "$(pool checksum)" "$sum"
	expect_eq "decision" "$(pool decision)" normal
}
has_frozen() {
	jq -e '.rows | any(.freeze == "operator") and any(.held and .state == "UP")
		and any(.member == "web4" and .address == "10.77.0.13" and .state == "DOWN")' "$state" >/dev/null
}
in_table() { [ "$(member 3 slots)" -gt 0 ]; }
wait_for 5 in_table || fail "be3 is not in the table"
sum=$(pool checksum)
lab_ctl health freeze 600 >/dev/null
falls 3 2
frozen
wait_for 10 has_frozen || fail "the state file does not follow: $(head -c 2000 "$state")"
lab_stop sluiced KILL
starts 'health: FROZEN for (600|5[0-9]{2}) s more: operator; tables stay as they were'
frozen
lab_sluiced_stop
starts 'health: FROZEN for (600|5[0-9]{2}) s more: operator; tables stay as they were'
frozen
expect_match "events" "$(lab_ctl events)" 'health FROZEN for (600|5[0-9]{2}) s more: operator'
lab_ctl health freeze 0 >/dev/null

# Without it be2 alone is healthy, panic; then kill -9 as soon as the file has it.
wait_for 5 pool_is decision panic || fail "$(lab_ctl pool show web4)"
has_panic() { jq -e '.rows[] | select(.pool == "web4" and .panic)' "$state" >/dev/null; }
wait_for 10 has_panic || fail "the state file does not follow: $(head -c 2000 "$state")"
lab_stop sluiced KILL
starts 'health of 6 backends restored, [0-9]+ s old'
expect_eq "events of the pool" "$(events_of web4 panic)" 0 # it was told
expect_eq "decision" "$(pool decision)" panic
expect_eq "states" "$(member 1 state) $(member 2 state) $(member 3 state)" "DOWN UP DOWN"
[ "$(member 1 slots)" -gt 0 ] || fail "be1 is not in the table of a panic"
expect_match "status" "$(lab_ctl status)" ' 1/2 pools ok \(1 panic\), '
lab_sluiced_stop

cp "$state" "$LAB_DIR/good"
jq -c '.at_ms -= 60000' "$LAB_DIR/good" >"$state"
knows_nothing '.*health.json is [67][0-9] s old, more than 60 s'
head -c 300 "$LAB_DIR/good" >"$state"
knows_nothing '.*health.json is cut or no JSON'
echo 'pools = ();' >"$state"
knows_nothing '.*health.json is cut or no JSON'
jq -c '.boot = "another"' "$LAB_DIR/good" >"$state"
knows_nothing '.*health.json is of another boot'
