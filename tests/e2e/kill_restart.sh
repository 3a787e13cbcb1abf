#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9: the TAP with the VIPs goes with the process, and a new start serves again from the same table.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# Interfaces of lb besides those of the laboratory.
extra_links() {
	lab_exec lb ip -br link | awk '{ sub(/@.*/, "", $1); print $1 }' | grep -vxE 'lo|wan|lan' || true
}

no_extra_links() {
	[ -z "$(extra_links)" ]
}

decisions() {
	lab_exec client "$LAB_TOP/tests/e2e/decisions.py" "$VIP4"
}

lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
[ -n "$(extra_links)" ] || fail "sluiced made no TAP"
before=$(decisions)
lab_stop sluiced KILL
wait_for 5 no_extra_links || fail "still there after kill -9: $(extra_links)"
lab_silent "$(lab_url "$VIP4")" || fail "the VIP answers without sluiced"

lab_sluiced_start
after=$(decisions)
expect_eq "decisions after the restart" "$after" "$before"
expect_between "decisions for be1" "$(grep -c be1 <<<"$after")" 60 140
lab_sluiced_stop
no_extra_links || fail "still there after an orderly end: $(extra_links)"
