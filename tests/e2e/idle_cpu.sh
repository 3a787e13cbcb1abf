#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The control thread sleeps when there is nothing to do: below 1 % of a CPU, also while it counts flows for a scheduler.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# Fields 14 and 15 of stat: user and system time in ticks.
ticks() {
	sed 's/^.*) //' "/proc/$pid/task/$pid/stat" | awk '{ print $12 + $13 }'
}

later() {
	[ "${EPOCHREALTIME//[.,]/}" -ge "$end" ]
}

lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
lab_ctl pool set web4 scheduler=p2c >/dev/null
lab_get 20 "$(lab_url "$VIP4")" >/dev/null

pid=$(lab_pid sluiced)
seconds=5
limit=$((seconds * $(getconf CLK_TCK) / 100))

# measure: ticks used in $seconds
measure() {
	local before
	before=$(ticks)
	end=$((${EPOCHREALTIME//[.,]/} + seconds * 1000000))
	wait_for $((seconds + 1)) later
	used=$(($(ticks) - before))
	echo "control thread: $used ticks in $seconds s"
	[ "$used" -lt "$limit" ]
}

# What shares its CPU makes every step of it slower for a while: one time of three is what it takes when nobody does.
measure || measure || measure || fail "the control thread used $used ticks in $seconds s, $limit or more is too much"
lab_sluiced_stop
