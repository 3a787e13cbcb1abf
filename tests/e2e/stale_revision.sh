#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What is asked for another revision than the newest is refused and changes nothing: single commands, a batch, a dry
# run, an apply, and every other command that may change something; with the newest one it is done.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/control.inc.sh
. "$(dirname "$0")/control.inc.sh"

# state: all that a change could have changed
state() {
	lab_ctl -j status | jq -c '[.rev, .accepted_rev, .config]'
	lab_ctl config show
	lab_ctl -j pool list | jq -c 'map([.pool, .checksum])'
}

# stale REV COMMAND...: sluicectl must say so and end with 5.
stale() {
	local status=0 said
	said=$(lab_ctl --if-rev "$@" 2>&1) || status=$?
	expect_eq "exit status of ${*:2} ($said)" "$status" 5
	expect_eq "what ${*:2} says" "$said" \
		"sluicectl: the configuration is at revision $newest, not $1 (look at it anew, then ask with revision $newest)"
}

lab_up 2
LAB_VIPS="$VIP4=4"
lab_conf
lab_sluiced_start
lab_ctl backend weight web4/be1 50 >/dev/null
lab_ctl backend weight web4/be1 60 >/dev/null
newest=3
expect_eq "revision" "$(lab_revision)" $newest

# The file says something else, so that an apply would change it.
LAB_WEIGHTS="7 8"
lab_conf
before=$(state)
for rev in 1 4; do
	stale $rev backend weight web4/be1 10
	stale $rev -n backend weight web4/be1 10
	stale $rev config apply
done
stale 2 backend drain web4/be2
stale 2 backend del web4/be2 --force
stale 2 backend add web4/be3 address=10.77.0.13
stale 2 pool replace web4 be9=10.77.0.12
stale 2 vip del vip1 --force
stale 2 config set flows.udp_s=70
stale 2 -n config apply
stale 2 config apply --confirm 60
stale 2 backend weight web4/be1 60 # even where there is nothing to change

ops='[{"cmd":"backend.weight","args":{"pool":"web4","backend":"be1","weight":1}},{"cmd":"pool.add","args":{"pool":"p9"}}]'
for more in '' ',"dry_run":true'; do
	said=$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":'"$ops"'},"if_rev":2'"$more"'}')
	expect_eq "batch" "$said" '{"id":1,"ok":false,"err":{"code":"ESTALE","msg":"the configuration is at revision 3, not 2","hint":"look at it anew, then ask with revision 3"}}'
done
n=$("$LAB_TOP/tests/e2e/stale_revision.py" "$LAB_SOCKET" $newest)
[ "$n" -ge 30 ] || fail "only $n commands change something"
expect_eq "state after all of them" "$(state)" "$before"
lab_log_has sluiced 'audit: .* batch .*: ESTALE, revision 3' || fail "the refused batch is not in the log"

# With the newest one.
expect_match "batch" "$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":'"$ops"'},"if_rev":3}')" '"ok":true,"rev":4'
expect_match "apply" "$(lab_ctl --if-rev 4 config apply)" '^revision 5 in force'
expect_match "apply, late" "$(lab_ctl --if-rev 4 config apply 2>&1 || true)" 'at revision 5, not 4'
expect_eq "weights" "$(lab_ctl -j backend list web4 | jq -c 'map(.weight)')" '[7,8]'
lab_sluiced_stop
