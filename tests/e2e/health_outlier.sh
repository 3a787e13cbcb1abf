#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend whose probes pass while it answers no client: the VIP is missing on it. It is ejected, comes back, is ejected
# for twice as long, and stays when the VIP is there again. Without ejection its error rate rises, and p2c leaves it.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 3
lab_backends_start
# Good probes count too: few of them here, so that traffic speaks louder.
LAB_CHECKS='{ name = "http"; type = "http"; port = 80; inter_ms = 500; timeout_ms = 400; }'
LAB_POOL='slow_start_s = 0;
	outlier = { error_pct = 50; min_flows = 20; interval_s = 1; eject_s = 5; max_eject_s = 7; };'
lab_conf
lab_sluiced_start
wait_pool web4 up=3 10
lab_spawn syns client "$LAB_TOP/tests/e2e/syn_many.py" "$VIP4" 80 150
lab_ready syns began 10

# new_share N: of the flows that began since the last call, those that went to backend N, in percent
new_share() {
	local now
	now=$(lab_ctl -j backend list web4 | jq -c 'map(.new_flows)')
	jq -n --argjson a "$flows_then" --argjson b "$now" --argjson n "$1" \
		'[range(3) | $b[.] - $a[.]] | if add < 60 then 50 else .[$n - 1] * 100 / add | floor end'
	flows_then=$now
}

vip_gone() { lab_exec be1 ip addr del "$VIP4/32" dev lo; }
vip_back() { lab_exec be1 ip addr add "$VIP4/32" dev lo; }

error_pct() {
	member "$1" error_pct | cut -d. -f1
}

error_rises() {
	[ "$(error_pct 1)" -ge 20 ]
}

p2c_leaves() {
	flows_then=$(lab_ctl -j backend list web4 | jq -c 'map(.new_flows)')
	sleep 0.6
	[ "$(new_share 1)" -lt 15 ]
}

expect_eq "errors at the start" "$(error_pct 1)" 0
interval() { [ "$(member 1 new_flows)" -gt 60 ]; }
wait_for 10 interval || fail "no traffic: $(lab_ctl backend list web4)"
expect_eq "ejections of good backends" "$(lab_ctl -j events | grep -c ejected || true)" 0
vip_gone
is_ejected() { [ "$(member 1 modifiers)" = ejected ] && [ "$(member 1 slots)" = 0 ]; }
wait_for 10 is_ejected || fail "be1 is not ejected: $(lab_ctl backend show web4/be1)"
expect_match "pool show" "$(lab_ctl pool show web4)" 'be1 .*UP.* ejected .*100 +0 '
expect_match "health list" "$(lab_ctl health list web4)" 'be1 .*UP ejected'
expect_eq "decision" "$(pool decision)/$(pool ejected)/$(pool standing)" normal/1/degraded
expect_match "status" "$(lab_ctl status)" " 1/2 pools ok \(1 degraded\), "
lab_get 40 "$(lab_url "$VIP4")" >"$LAB_DIR/bodies"
expect_eq "answers without be1" "$(grep -cxE 'be[23]' "$LAB_DIR/bodies")" 40
event_ms web4/be1 'ejected for 5 s: ' >/dev/null
again() { [ "$(events_of web4/be1 'ejected for 7 s: ')" -ge 1 ]; }
wait_for 15 again || fail "be1 came back and stayed: $(lab_ctl events)"
[ "$(events_of web4/be1 'no longer ejected')" -ge 1 ] || fail "be1 did not come back between: $(lab_ctl events)"
vip_back
came=$(events_of web4/be1 'no longer ejected')
is_back() { [ "$(events_of web4/be1 'no longer ejected')" -gt "$came" ] && [ "$(member 1 slots)" -gt 0 ]; }
wait_for 10 is_back || fail "be1 does not come back: $(lab_ctl events)"
expect_eq "transitions by probes" "$(events_of web4/be1 'UP->DOWN')" 0
expect_eq "ejections of be2 and be3" "$(events_of web4/be2 ejected)/$(events_of web4/be3 ejected)" 0/0

# Without ejection, p2c by errors alone: a tunnel as good as ever to the probes gets hardly a new connection.
lab_ctl pool set web4 outlier.error_pct=0 scheduler=p2c p2c.flows=0 p2c.latency=0 >/dev/null
vip_gone
wait_for 10 error_rises || fail "the error rate does not rise: $(lab_ctl backend show web4/be1)"
wait_for 10 p2c_leaves || fail "p2c does not leave be1: $(lab_ctl -j backend list web4 | jq -c 'map([.new_flows, .error_pct])')"
expect_eq "state of be1 by its probes" "$(member 1 state) $(member 1 effective)" "UP 100"
# A client that is held up sends a SYN again, too.
expect_between "errors of be2" "$(error_pct 2)" 0 $(($(error_pct 1) / 2 + 10))
lab_stop syns
expect_match "connections" "$(lab_log syns)" 'opened [0-9]+ connected [1-9][0-9]+'
lab_sluiced_stop
