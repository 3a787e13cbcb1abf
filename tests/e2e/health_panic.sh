#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The border of panic, panic_pct 30: with 30 % of the weight left nobody who is down gets traffic, with
# 29 % all do; it is over when 40 % have held for 5 s, not at 39 %. A flow of another pool never notices.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

lab_up 5
health_backends_start
LAB_CHECKS=$health_tcp
LAB_POOL='panic_pct = 30; slow_start_s = 0; flap = { suppress = 0; };'
LAB_WEIGHTS="29 1 9 1 60"
health_conf
lab_sluiced_start
wait_pool web4 up=5 10
wait_pool web6 up=5 10
faults_begin

# falls N DOWN, comes N UP: and so many are down or up then, in the tables' eyes too.
falls() {
	lab_stop "nginx-be$1" KILL 2>/dev/null
	wait_pool web4 "down=$2" 10
	wait_pool web6 "down=$2" 10
}

comes() {
	lab_nginx_start "$1"
	wait_pool web4 "up=$2" 10
	wait_pool web6 "up=$2" 10
}

# is REASON OK WHERE: the decision at so much weight, and whether be5, which is down, has entries of the table
is() {
	wait_for 5 pool_is decision "$1" || fail "at $2 %: $(lab_ctl pool show web4)"
	expect_eq "healthy weight of $1" "$(pool weight_ok)" "$2"
	wait_for 5 be5_is "$3" || fail "at $2 % be5 is not $3: $(lab_ctl backend list web4)"
}

be5_is() {
	local slots
	slots=$(member 5 slots)
	if [ "$1" = in ]; then [ "$slots" -gt 0 ]; else [ "$slots" = 0 ]; fi
}

falls 5 1
is normal 40 out
falls 4 2
is normal 39 out
falls 3 3
is normal 30 out
lab_get 60 "$(lab_url "$VIP4")" | grep -vxE 'be[12]' && fail "another than be1 and be2 answered"
falls 2 4
is panic 29 in
expect_eq "weight of be5 in panic" "$(member 5 effective)" 60

# Hysteresis.
comes 2 2
is panic 30 in
comes 3 3
is panic 39 in
comes 4 4
is panic 40 in
falls 4 2 # the 5 s begin anew
is panic 39 in
comes 4 4
wait_for 15 pool_is decision normal || fail "panic does not end"
# Looked at every 100 ms; the two clocks are read to the millisecond.
held=$(($(event_ms web4 normal) - $(event_ms web4/be4 'DOWN->UP') + 2))
health_begins # its five seconds are not counted
health_took "panic after 5 s at 40 %" $((held - 5000)) 100
is normal 40 out
expect_eq "times of panic" "$(events_of web4 panic)" 1
comes 5 5
is normal 100 in

# One transition for each of what was done to them, above, and be1 never.
faults_expect transitions web{4,6}/be5=2 web{4,6}/be4=4 web{4,6}/be3=2 web{4,6}/be2=2
faults_end
lab_sluiced_stop
