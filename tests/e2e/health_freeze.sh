#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An operator freezes the tables: a backend that dies then stays in them, and everything says so; what the operator
# changes is followed all the same. With the end of the freeze the backend leaves at once.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 3
health_backends_start
LAB_CHECKS=$health_tcp
health_conf
lab_sluiced_start
wait_both up=3
all_in() { lab_ctl -j backend list | jq -e 'all(.slots > 0)' >/dev/null; }
wait_for 5 all_in || fail "$(lab_ctl backend list)"
faults_begin

# said REGEX COMMAND...: what the command prints
said() {
	local out
	out=$(lab_ctl "${@:2}")
	expect_match "${*:2}" "$out" "$1"
}

said '^frozen for 60 s: tables stay' health freeze 60
held_up=$(neutral web4/be1)
health_strike KILL nginx-be1
wait_both down=1
health_took "killed, to DOWN" $(($(event_ms web4/be1 'UP->DOWN tcp direct L4CON 3/3') - struck)) $refused_ms \
	$(($(neutral web4/be1) - held_up))
said '^FROZEN for (60|5[0-9]|4[0-9]) s more: operator; tables stay as they are' status
said '^web4 +normal FROZEN +2 +1 +3' pool list
said '^pool web4: normal .*FROZEN: the table stays' pool show web4
said 'health FROZEN for 60 s: operator; tables stay as they are' events
said 'web4 +be1 .* DOWN ' backend list web4
lab_log_has sluiced 'health: FROZEN for 60 s: operator' || fail "the log does not say it"
faults_expect transitions web{4,6}/be1=1
faults_expect builds
expect_eq "weight of be1 in the table" "$(member 1 effective)" 100

# A shorter freeze does not end a longer one, and says so. Nonsense is refused.
said '^frozen for (60|5[0-9]|4[0-9]) s' health freeze 5
for n in 3601 -1 x; do
	if lab_ctl health freeze -- "$n" >/dev/null 2>&1; then fail "health freeze $n is accepted"; fi
done
said '^FROZEN for (60|5[0-9]|4[0-9]) s more' status

# The operator's own changes.
lab_ctl backend weight web4/be2 50 >/dev/null
faults_expect builds builds=1
expect_between "slots of be2 at weight 50" "$(member 2 slots)" 12900 13300
expect_between "slots of be1, which is dead" "$(member 1 slots)" 26000 26400
lab_ctl backend weight web4/be2 100 >/dev/null

faults_mark
expect_eq "builds while nothing happens" "$(faults_changes builds)" ""
health_begins
said '^not frozen any more' health freeze 0
thawed=$(event_ms health 'no longer frozen')
out() { member_is 1 slots 0 && member_is 1 slots 0 web6; }
wait_for 5 out || fail "be1 is still in the table: $(lab_ctl backend list)"
asked=$(now_ms)
built=$((asked - $(pool 'generation_s * 1000 | floor'))) # or later, by what the question took
health_took "thawed, to out of the table" $((built > thawed ? built - thawed : 0)) $((rebuild_ms + look_ms))
faults_expect builds builds=1
if lab_ctl status | grep FROZEN; then fail "status still says so"; fi
lab_get 60 "$(lab_url "$VIP4")" >"$LAB_DIR/bodies"
expect_eq "answers" "$(grep -cx 'be[23]' "$LAB_DIR/bodies")" 60

faults_end
lab_sluiced_stop
