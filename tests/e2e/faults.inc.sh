# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What every test of a fault asserts besides the fault itself, sourced behind netlab.sh: the exact change of the
# counters, a background flow (health.inc.sh) that loses nothing, packet buffers back where they were, no crash.
#
#	faults_begin; ... the fault ...; faults_transitions web4/be1=1; faults_end frag=3

# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "${BASH_SOURCE[0]}")/health.inc.sh"

# Packet buffers in use when nothing but one packet has gone by: the same number to the last buffer, on any machine. A
# port keeps so many for reception, and frees what it has sent when it sends again: here that is one packet.
faults_mbufs_now() {
	wait_for 10 health_bg_answers || fail "nobody answers at $health_bg_vip"
	lab_ctl -j status | jq .mbufs.in_use
}

faults_mbufs_back() {
	[ "$(faults_mbufs_now)" = "$faults_mbufs" ]
}

# Counters as one object of numbers: drops by reason, transitions by backend, and what `status` has.
faults_counters() {
	jq -nc --argjson drops "$(lab_ctl -j --all drops)" --argjson members "$(lab_ctl -j backend list)" \
		--argjson status "$(lab_ctl -j status)" '{
			drops: ($drops | map({(.reason): .packets}) | add),
			transitions: ($members | map({"\(.pool)/\(.backend)": .transitions}) | add),
			packets: ($status | {answered: .answered_packets, held: .held_packets, punted: .punted_packets}),
			builds: {builds: $status.builds}
		}'
}

# faults_mark: from here on changes are counted. Waits until tables are still.
faults_mark() {
	local i before
	faults_before=$(faults_counters)
	for i in {1..60}; do
		before=$faults_before
		sleep 0.3
		faults_before=$(faults_counters)
		[ "$faults_before" != "$before" ] || return 0
	done
	fail "counters do not come to rest: $before, then $faults_before"
}

# faults_begin, before there is other traffic: the background flow runs; what the counters say now is where the test
# begins.
faults_begin() {
	faults_mbufs=$(faults_mbufs_now)
	until faults_mbufs_back; do faults_mbufs=$(faults_mbufs_now); done # what came before is through
	health_bg_start
	faults_mark
}

# faults_changes [KIND]: each counter of it that has changed since faults_mark, as "frag=3 land=2", sorted.
faults_changes() {
	jq -nr --argjson was "$faults_before" --argjson is "$(faults_counters)" --arg kind "${1:-drops}" '
		[$is[$kind] | to_entries[] | {key, by: (.value - ($was[$kind][.key] // 0))} | select(.by != 0) | "\(.key)=\(.by)"]
		| sort | join(" ")'
}

# faults_expect KIND [NAME=N...]: so they have changed, and no other counter of that kind has.
faults_expect() {
	expect_eq "change of $1" "$(faults_changes "$1")" "$(printf '%s\n' "${@:2}" | sort | paste -sd' ')"
}

# faults_end [REASON=N...], when other traffic is over: since faults_mark exactly these drops, and nothing else was
# touched.
faults_end() {
	faults_expect drops "$@"
	health_bg_end
	wait_for 5 faults_mbufs_back || fail "packet buffers in use: $(faults_mbufs_now), before the fault $faults_mbufs"
	lab_alive sluiced || fail "sluiced is gone"
}
