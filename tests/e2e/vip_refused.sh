#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A VIP that the kernel does not take: whoever asked for it is told why, status says so, others are not troubled by it,
# and it is tried again until it is done. What it has of it goes with the VIP.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/control.inc.sh
. "$(dirname "$0")/control.inc.sh"

net=198.51.100.64/28
# routes TABLE: how many routes of this table lead to the prefix
routes() { lab_exec lb ip route show table "$1" | grep -c "^\(local \)\?$net dev sluice0" || true; }
last_apply() { lab_ctl -j status | jq -r .config.last_apply; }
steered() { [ "$(last_apply)" = ok ]; }

lab_up 2
LAB_VIPS="$VIP4=4"
lab_conf
lab_sluiced_start

# A TAP that is down takes one of the two routes of a prefix.
lab_exec lb ip link set sluice0 down
told 1 "^sluicectl: revision 2 is in force, but interface \"sluice0\": cannot add $net: Network is down" \
	vip add net address=$net port=80 pool=web4
expect_eq "local routes" "$(routes local)" 1
expect_eq "routes" "$(routes main)" 0
expect_match "status" "$(lab_ctl status)" "cannot add $net: Network is down"
told 0 'revision 3 in force' backend weight web4/be1 50
expect_eq "last apply" "$(last_apply)" failed

# Tried again, said once.
lab_exec lb ip link set sluice0 up
wait_for 15 steered || fail "not steered: $(lab_ctl status)"
expect_eq "local routes" "$(routes local)" 1
expect_eq "routes" "$(routes main)" 1
expect_eq "times that the log says it" "$(grep -c "error: interface \"sluice0\": cannot add" "$LAB_DIR/sluiced.log")" 1
lab_log_has sluiced 'revision 3: all its VIPs are steered now' || fail "the log does not say that it is done"
told 0 'revision 4 in force' vip set net port=81

# The half that is there goes with its VIP.
lab_ctl vip del net >/dev/null
expect_eq "local routes" "$(routes local)" 0
lab_exec lb ip link set sluice0 down
told 1 'cannot add' vip add net address=$net port=80 pool=web4
expect_eq "local routes" "$(routes local)" 1
told 0 'in force' vip del net
expect_eq "local routes" "$(routes local)" 0
wait_for 15 steered || fail "not steered: $(lab_ctl status)"
lab_sluiced_stop
