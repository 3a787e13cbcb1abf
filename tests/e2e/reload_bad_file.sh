#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A reload of a wrong file says file:line and leaves everything as it was.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
before=$(lab_ctl backend list)

# Accepted: the file has been read to its end.
accepted() {
	[ "$(lab_ctl -j status | jq .accepted_rev)" = "$1" ]
}

cp "$LAB_CONF" "$LAB_DIR/good.conf"
line=$(grep -n 'name = "be2"' "$LAB_CONF" | head -n 1 | cut -d: -f1)
sed -i "${line}s/weight = 100/weight = 5000/" "$LAB_CONF"
kill -HUP "$(lab_pid sluiced)"
wait_for 20 lab_log_has sluiced "sluice.conf:$line:" || fail "no message for line $line"

expect_eq "backends after the refused reload" "$(lab_ctl backend list)" "$before"
lab_get 50 "$(lab_url "$VIP4")" >/dev/null
lab_get 50 "$(lab_url "$VIP6")" >/dev/null

# A good file that waits for a backend to answer, and a wrong one on its heels: what was accepted takes force,
# and the newest word is a failure all the same.
sed 's/"10.77.0.11"/"10.77.0.99"/' "$LAB_DIR/good.conf" >"$LAB_CONF"
kill -HUP "$(lab_pid sluiced)"
wait_for 20 accepted 2 || fail "no second reload"
echo 'nosuch = 1;' >"$LAB_CONF"
kill -HUP "$(lab_pid sluiced)"
wait_for 20 lab_log_has sluiced "nosuch" || fail "no message for the unknown key"
wait_for 20 lab_revision_after 1 || fail "the accepted file did not take force"
expect_match "status" "$(lab_ctl -j status)" '"last_apply":"failed"'

# The file mended, the same process takes it, as the third revision.
cp "$LAB_DIR/good.conf" "$LAB_CONF"
LAB_WEIGHTS="100 -"
lab_conf
lab_reload
expect_eq "revision" "$(lab_revision)" 3
expect_match "status" "$(lab_ctl -j status)" '"last_apply":"ok"'
lab_hits_reset
lab_get 50 "$(lab_url "$VIP4")" >/dev/null
expect_eq "requests to be1" "$(lab_hits 1)" 50
lab_sluiced_stop
