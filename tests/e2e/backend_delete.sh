#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Drain, delete, put back, under downloads: what has live connections is not deleted by a slip, and what
# comes back while it still has some keeps them. Who has which connection is read from the backends' kernels; a flow of
# another pool never notices.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/downloads.inc.sh
. "$(dirname "$0")/downloads.inc.sh"

# hits_after N: how many of 60 new connections backend N gets
hits_after() {
	lab_hits_reset
	lab_get 60 "$(lab_url "$VIP4")" >/dev/null
	lab_hits "$1" "$VIP4"
}

# refused REGEX COMMAND...: exit status 5, it says so, and nothing is different
refused() {
	local status=0 said before
	before="$(lab_ctl -j status | jq .accepted_rev) $(members)"
	said=$(lab_ctl "${@:2}" 2>&1) || status=$?
	expect_eq "exit status of ${*:2} ($said)" "$status" 5
	expect_match "what ${*:2} says" "$said" "$1"
	expect_eq "revision and members after ${*:2}" "$(lab_ctl -j status | jq .accepted_rev) $(members)" "$before"
}

downloads_lab

# In drain: nothing new, and what it has goes on. It is not deleted, drained or not.
downloads_start
had=$(clients 1)
n=4
refused "backend \"be1\" has $n live connections.*drain it first" backend del web4/be1
lab_ctl backend drain web4/be1 >/dev/null
refused "backend \"be1\" has $n live connections" backend del web4/be1
refused 'live connections|serves VIP' pool del web4
expect_eq "new connections of be1 in drain" "$(hits_after 1)" 0
expect_eq "connections of be1 in drain" "$(clients 1)" "$had"

# Taken out by the file, so that it leaves as it has nothing left; put back by command while it has: the drain
# is over, it keeps what it had, and gets new ones.
LAB_WEIGHTS="- 100 100 -"
health_conf
lab_reload
expect_eq "members" "$(members)" '[["be2","ready"],["be3","ready"]]'
expect_eq "new connections of be1 when it is out" "$(hits_after 1)" 0
expect_eq "connections of be1 when it is out" "$(clients 1)" "$had"
lab_ctl backend add web4/again address=10.77.0.11 >/dev/null
expect_eq "members" "$(members)" '[["be2","ready"],["be3","ready"],["again","ready"]]'
[ "$(hits_after 1)" -gt 0 ] || fail "be1 is back and gets nothing"
expect_eq "connections of be1 when it is back" "$(clients 1)" "$had"
lab_ctl backend drain web4/again >/dev/null
lab_ctl backend ready web4/again >/dev/null
expect_eq "connections of be1 when its drain is cancelled" "$(clients 1)" "$had"
downloads_end
expect_eq "whole downloads" "$(lab_log get | grep -c whole)" 12

# A new one is up at once where nothing is checked.
faults_expect transitions web4/again=1
faults_end
lab_sluiced_stop
