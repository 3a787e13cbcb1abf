#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A change is accepted and there is no memory to build it: what is in force stays, whoever waits is told, and the
# next change goes on from what is in force.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4"
lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
pid=$(lab_pid sluiced)
lab_ctl backend weight web4/be2 50 >/dev/null
lab_ctl config show >"$LAB_DIR/shown"
tables() { lab_ctl -j pool list | jq -c 'map({pool, table_size, checksum})'; }
before=$(tables)

# Room for everything but a table of 655,373 slots.
data_kb=$(sed -n 's/^VmData:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
prlimit --pid "$pid" --data=$(((data_kb + 700) * 1024)):unlimited
status=0
said=$(lab_ctl pool set web4 table_size=655373 2>&1) || status=$?
expect_eq "exit status ($said)" "$status" 1
expect_match "what is said" "$said" 'revision 3 could not be brought into force: .*memory'
expect_eq "revisions" "$(lab_ctl -j status | jq -c '[.rev, .accepted_rev]')" '[4,4]'
expect_match "status" "$(lab_ctl -j status)" '"last_apply":"failed","error":"[^"]*memory'
expect_eq "tables" "$(tables)" "$before"
lab_ctl config show | diff "$LAB_DIR/shown" - || fail "what is wanted is not what is in force"
lab_get 30 "$(lab_url "$VIP4")" >/dev/null
wait_for 10 lab_log_has sluiced 'revision 2 stays in force|revision 4 stays in force' || fail "the log does not say what stays"

# The same change fits now, and a revision from before the failure is told so.
prlimit --pid "$pid" --data=unlimited:unlimited
status=0
lab_ctl --if-rev 3 backend weight web4/be1 10 2>/dev/null || status=$?
expect_eq "exit status with the revision that failed" "$status" 5
expect_match "the same once more" "$(lab_ctl pool set web4 table_size=655373)" '^revision 5 in force$'
expect_eq "table" "$(lab_ctl -j pool list | jq '.[] | select(.pool == "web4") | .table_size')" 655373
expect_match "status" "$(lab_ctl -j status)" '"last_apply":"ok"'
expect_eq "undo" "$(lab_ctl config undo >/dev/null && lab_ctl -j pool list | jq '.[0].table_size')" 65537
lab_get 30 "$(lab_url "$VIP4")" >/dev/null
lab_sluiced_stop
