#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# `backend drain --wait`: tells how many connections are left, ends when there are none, when its time is over, or when
# somebody takes the drain back.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4"
lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
# Connections that stay open, until each backend has some.
mkfifo "$LAB_DIR/hold"
exec 7<>"$LAB_DIR/hold"
held=0
hold() {
	local i
	for i in {1..8}; do
		held=$((held + 1))
		lab_exec client "$LAB_TOP/tests/e2e/rule_from.py" "$VIP4" 10.77.0.1 0 keep <"$LAB_DIR/hold" >"$LAB_DIR/held-$held" 2>&1 &
	done
	wait_for 10 all_held || fail "not all $held connections have begun"
}
all_held() { [ "$(cat "$LAB_DIR"/held-* | wc -l)" = "$held" ]; }
flows() { lab_ctl -j --filter "backend=be$1" backend list web4 | jq '.[0].flows'; }
until [ "$(flows 1)" -gt 0 ] && [ "$(flows 2)" -gt 0 ]; do hold; done
n=$(flows 1)
s=s
[ "$n" != 1 ] || s=

status=0
said=$(lab_ctl --wait -t 2 backend drain web4/be1 2>&1) || status=$?
expect_eq "exit status of a wait that is too short" $status 7
expect_match "what it says" "$said" "^revision 2 in force"$'\n'"web4/be1: $n connection$s left"$'\n'"sluicectl: web4/be1 still has $n connection"
expect_eq "JSON" "$(lab_ctl -j --wait -t 2 backend drain web4/be1 2>/dev/null | jq -c .)" '{"rev":2,"data":{"changed":false}}'
expect_match "a dry run" "$(lab_ctl -n --wait backend drain web4/be1)" '^nothing to change'
status=0
lab_ctl --wait backend maint web4/be1 >/dev/null 2>&1 || status=$?
expect_eq "exit status of maint --wait" $status 2

# Somebody takes it back.
waits() { grep -q 'left$' "$LAB_DIR/said"; }
lab_ctl --wait backend drain web4/be1 >"$LAB_DIR/said" 2>&1 &
waiter=$!
wait_for 10 waits || fail "nobody waits: $(cat "$LAB_DIR/said")"
lab_ctl backend ready web4/be1 >/dev/null
status=0
wait $waiter || status=$?
expect_eq "exit status when it is taken back" $status 1
expect_match "what it says then" "$(tail -n 1 "$LAB_DIR/said")" 'web4/be1 is not in drain any more'

# The time of the pool ends it.
lab_ctl pool set web4 drain_timeout_s=2 >/dev/null
said=$(lab_ctl --wait backend drain web4/be1)
expect_match "the first word on it" "$(grep -m 1 left <<<"$said")" "^web4/be1: $n connection$s left\$"
expect_eq "the last one" "$(tail -n 1 <<<"$said")" 'web4/be1: 0 connections left'
expect_eq "flows of be1" "$(flows 1)" 0
lab_sluiced_stop
exec 7>&-
