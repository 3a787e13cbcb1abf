#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# eal.idle = "adaptive": a worker without packets sleeps, one with packets does not, and what comes after
# a silence is not lost.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# sleeps TASK: how often a thread has gone to sleep by itself.
sleeps() {
	awk '/^voluntary_ctxt_switches/ { print $2 }' "$1/status"
}

worker_task() {
	local comm
	for comm in "/proc/$(lab_pid sluiced)/task/"*/comm; do
		if [[ $(<"$comm") == *worker* ]]; then dirname "$comm"; fi
	done
}

# sleeps_in_silence: how often the worker sleeps in a second without packets.
sleeps_in_silence() {
	local task before
	task=$(worker_task)
	[ -d "$task" ] || fail "no thread of a worker"
	before=$(sleeps "$task")
	sleep 1
	echo $(($(sleeps "$task") - before))
}

lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
lab_get 20 "$(lab_url "$VIP4")" >/dev/null
expect_between "sleeps of a polling worker in a second" "$(sleeps_in_silence)" 0 20
lab_sluiced_stop

sed -i 's/^eal = {/& idle = "adaptive";/' "$LAB_CONF"
lab_sluiced_start
lab_get 20 "$(lab_url "$VIP4")" >/dev/null
expect_between "sleeps of an adaptive worker in a second" "$(sleeps_in_silence)" 100 100000
for _ in $(seq 50); do
	lab_exec client curl -gsf -o /dev/null -m 20 "$(lab_url "$VIP4")" || fail "a request after a silence failed"
done
lab_sluiced_stop
