# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What every test of a fault asserts besides the fault itself, sourced behind netlab.sh: the exact change of the drop
# counters, a background flow (health.inc.sh) that loses nothing, packet buffers back where they were.

# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "${BASH_SOURCE[0]}")/health.inc.sh"

# A driver frees what it has sent when it sends again: so many may wait for that.
faults_mbuf_slack=32

mbufs_in_use() {
	lab_ctl -j status | jq .mbufs.in_use
}

# Every drop counter, one a line: REASON=N.
faults_drops() {
	lab_ctl -j --all drops | jq -r '.[] | "\(.reason)=\(.packets)"'
}

# faults_begin: the background flow runs; what the counters say now is where the test begins.
faults_begin() {
	health_bg_start
	faults_drops >"$LAB_DIR/drops-before"
	faults_mbufs=$(mbufs_in_use)
}

# The change of each drop counter since faults_begin, those without one left out: "frag=3 land=2", sorted.
faults_changes() {
	faults_drops | awk -F= 'NR == FNR { was[$1] = $2; next } $2 != was[$1] { print $1 "=" $2 - was[$1] }' \
		"$LAB_DIR/drops-before" - | sort | paste -sd' '
}

faults_mbufs_back() {
	local n
	n=$(mbufs_in_use)
	[ "$n" -le $((faults_mbufs + faults_mbuf_slack)) ] && [ "$n" -ge $((faults_mbufs - faults_mbuf_slack)) ]
}

# faults_end [REASON=N...]: since faults_begin exactly these drops, and nothing else was touched.
faults_end() {
	expect_eq "drops" "$(faults_changes)" "$(printf '%s\n' "$@" | sort | paste -sd' ')"
	health_bg_end
	wait_for 5 faults_mbufs_back || fail "packet buffers in use: $(mbufs_in_use), before the faults $faults_mbufs"
	lab_alive sluiced || fail "sluiced is gone"
}
