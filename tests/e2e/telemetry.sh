#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# DPDK's telemetry socket answers for Sluice, and its counters add up.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# ask COMMAND[,PARAMETER]
ask() {
	"$LAB_TOP/tests/e2e/telemetry_ask.py" "/run/dpdk/$LAB_PREFIX/dpdk_telemetry.v2" "$1" | jq -c ".\"${1%,*}\""
}

# Every received packet is counted under exactly one verdict.
adds_up() {
	info=$(ask /sluice/info)
	drops=$(ask /sluice/drops)
	jq -e --argjson d "$drops" '.rx == .forwarded + .answered + .held + .punted + ([$d[]] | add)' <<<"$info" >/dev/null
}

lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
lab_get 50 "$(lab_url "$VIP4")" >/dev/null
# Nothing is served at port 81; its SYN must be counted as such, and as nothing else.
lab_silent "http://$VIP4:81/" || fail "port 81 answers"

wait_for 20 adds_up || fail "received packets do not add up: $info $drops"
expect_eq "version" "$(jq -r .version <<<"$info")" "$(lab_ctl -j status | jq -r .version)"
[ "$(jq .no_vip <<<"$drops")" -ge 1 ] || fail "no_vip is not counted: $drops"
expect_eq "other drops" "$(jq 'del(.no_vip) | add' <<<"$drops")" 0

# Each request is at least SYN, ACK, GET and FIN.
worker_has_all() {
	info=$(ask /sluice/info)
	stats=$(ask "/sluice/lcore/stats,$(lab_cpu 1)")
	[ "$(jq .forwarded <<<"$stats")" = "$(jq .forwarded <<<"$info")" ]
}
# The last packets may come between two questions.
wait_for 20 worker_has_all || fail "packets of the only worker: $stats, of all: $info"
[ "$(jq .forwarded <<<"$stats")" -ge 200 ] || fail "too few packets forwarded: $stats"
expect_eq "a worker that is not there" "$(ask /sluice/lcore/stats,200)" null

# A control thread that does not run for 0.4 s longer than it was late so far is late, and says so; it has not worked for
# so long.
before=$(jq .late_us <<<"$(ask /sluice/loop)")
kill -STOP "$(lab_pid sluiced)"
sleep "$((before / 1000000)).$(printf %06d $((before % 1000000)))"
sleep 0.4
kill -CONT "$(lab_pid sluiced)"
late() { [ "$(jq .late_us <<<"$(ask /sluice/loop)")" -ge $((before + 300000)) ]; }
wait_for 20 late || fail "not late after a stop: $(ask /sluice/loop)"
loop=$(ask /sluice/loop)
expect_between "us of the longest go" "$(jq .hold_us <<<"$loop")" 1 100000
[ "$(jq 'del(.hold_us, .late_us) | add' <<<"$loop")" -ge 5 ] || fail "goes are not counted: $loop"
expect_match "status" "$(lab_ctl status)" 'control loop: timers were up to ([3-9][0-9]{2}|[0-9]{4,}) ms late'

expect_eq "workers and their lanes" "$(ask /sluice/lcore/list)" "{\"$(lab_cpu 1)\":1}"

flows=$(ask /sluice/flow/stats)
[ "$(jq .inserted <<<"$flows")" -ge 50 ] || fail "too few flows: $flows"
expect_eq "places of the table" "$(jq .room <<<"$flows") $(jq .room_most <<<"$flows")" "4096 1048576"
expect_eq "flow tables of the only worker" "$(ask "/sluice/flow/stats,$(lab_cpu 1)" | jq .inserted)" \
	"$(jq .inserted <<<"$flows")"
expect_eq "flow tables of a worker that is not there" "$(ask /sluice/flow/stats,200)" null
lab_sluiced_stop
