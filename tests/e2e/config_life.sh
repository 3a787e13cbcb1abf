#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The life of a configuration: changed by command, compared with the file, saved, started from what was saved,
# applied for a time, confirmed, undone.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

weights() {
	lab_ctl -j backend list web4 | jq -c 'map(.weight)'
}

weights_are() {
	[ "$(weights)" = "$1" ]
}

# What must be the same after a restart: the JSON of pools with their tables, VIPs and the configuration.
shape() {
	lab_ctl -j pool list | jq -cS 'map({pool, backends, checksum})'
	lab_ctl -j vip list | jq -cS 'map({vip, address, port, protocol, pool, forward})'
	lab_ctl -j backend list | jq -cS 'map({pool, backend, address, id, admin, weight, slots, share})'
	lab_ctl config show
}

lab_up 3
lab_backends_start
lab_conf
state=$(sed -n "s/.*state_dir = \"\([^\"]*\)\".*/\1/p" "$LAB_CONF")
cp "$LAB_CONF" "$LAB_DIR/original.conf"
lab_sluiced_start

# Nothing was changed: nothing to show, nothing to undo.
expect_eq "diff" "$(lab_ctl config diff)" "no difference"
expect_eq "check" "$(lab_ctl config check)" "all right"
if lab_ctl config undo 2>/dev/null; then fail "undo of nothing"; fi
if lab_ctl config confirm 2>/dev/null; then fail "confirm of nothing"; fi

# Changed by command: the difference is exact, both ways.
lab_ctl backend weight web4/be1 10 >/dev/null
lab_ctl backend weight web4/be2 20 >/dev/null
lab_ctl config set flows.udp_s=70 >/dev/null
lab_ctl pool add p2 hash=source >/dev/null
lab_ctl pool replace p2 x1=10.77.0.11 x2=10.77.0.12,7 >/dev/null
expect_eq "diff" "$(lab_ctl config diff)" 'flows.udp_s: 60 -> 70
pool "web4": backend "be1": weight: 100 -> 10
pool "web4": backend "be2": weight: 100 -> 20
pool "p2" added: { name = "p2"; hash = "source"; backends = ( { name = "x1"; address = "10.77.0.11"; }, { name = "x2"; address = "10.77.0.12"; weight = 7; } ); }'
expect_eq "pool show" "$(lab_ctl -j pool show p2 | jq -r .config.hash)" source
expect_eq "backend show" "$(lab_ctl -j backend show p2/x2 | jq .config.weight)" 7
expect_match "vip show" "$(lab_ctl vip show vip1)" 'pool +web4'
if lab_ctl pool show nosuch 2>/dev/null; then fail "a pool that does not exist is shown"; fi

# Undo goes back step by step, and further changes are undone alike.
expect_eq "revision" "$(lab_revision)" 6
lab_ctl config undo >/dev/null
lab_ctl config undo >/dev/null
expect_eq "pools" "$(lab_ctl -j pool list | jq -c 'map(.pool)')" '["web4","web6"]'
lab_ctl config undo >/dev/null
lab_ctl config undo >/dev/null
expect_eq "weights" "$(weights)" '[10,100,100]'
lab_ctl backend weight web4/be2 20 >/dev/null
lab_ctl backend weight web4/be3 30 >/dev/null
lab_ctl config undo >/dev/null
expect_eq "weights" "$(weights)" '[10,20,100]'
lab_get 20 "$(lab_url "$VIP4")" >/dev/null

# Saved, and started from what was saved: the same tables, the same JSON.
expect_eq "save" "$(lab_ctl config save)" "$state/running.conf"
expect_eq "mode" "$(stat -c %a "$state/running.conf")" 640
expect_eq "temporary files" "$(find "$state" -name "running.conf?*")" ""
lab_ctl config save --to "$LAB_DIR/mine.conf" >/dev/null
expect_eq "mode" "$(stat -c %a "$LAB_DIR/mine.conf")" 640
diff <(grep -v '^//' "$state/running.conf") "$LAB_DIR/mine.conf" || fail "two ways of saving differ"
shape >"$LAB_DIR/before"
lab_sluiced_stop
cp "$state/running.conf" "$LAB_CONF"
lab_sluiced_start
shape >"$LAB_DIR/after"
diff "$LAB_DIR/before" "$LAB_DIR/after" || fail "not the same after a restart"
lab_get 20 "$(lab_url "$VIP4")" >/dev/null

# A save that cannot be written says why and leaves what was saved before.
sum=$(sha256sum "$state/running.conf")
lab_ctl config set daemon.state_dir=/proc/nosuch >/dev/null
if said=$(lab_ctl config save 2>&1); then fail "saved into /proc"; fi
expect_match "a save that fails" "$said" '/proc/nosuch/running.conf: mkdir'
lab_ctl config set daemon.state_dir="$state" >/dev/null
expect_eq "what was saved" "$(sha256sum "$state/running.conf")" "$sum"

# A wrong file: every mistake, exit status 7, and nothing changed.
echo 'flows = { udp_s = 0; };' >"$LAB_DIR/wrong.conf"
status=0
said=$(lab_ctl config check "$LAB_DIR/wrong.conf") || status=$?
expect_eq "exit status of a check" "$status" 7
expect_match "check" "$said" 'wrong.conf:1: flows: udp_s 0 is below 1'
expect_match "check" "$said" 'at least one port is required'
cp "$LAB_DIR/wrong.conf" "$LAB_CONF"
if lab_ctl config apply 2>/dev/null; then fail "a wrong file was applied"; fi
expect_eq "weights" "$(weights)" '[10,20,100]'

# A reload replaces what was changed by command, says so, and undo brings it back.
cp "$LAB_DIR/original.conf" "$LAB_CONF"
lab_ctl backend weight web4/be3 33 >/dev/null
expect_match "apply -n" "$(lab_ctl -n config apply)" '^3 changes would be accepted'
expect_eq "weights" "$(weights)" '[10,20,33]'
expect_match "apply" "$(lab_ctl config apply)" '1 changes by command that the file does not hold are gone'
expect_eq "weights" "$(weights)" '[100,100,100]'
lab_log_has sluiced 'reload: pool "web4": backend "be1": weight: 10 -> 100' || fail "the log does not say what changed"
lab_log_has sluiced '1 changes by command are gone' || fail "the log does not say what is gone"
lab_ctl config undo >/dev/null
expect_eq "weights" "$(weights)" '[10,20,33]'

# Applied for a time: taken back by itself; what came in between by command stays.
lab_ctl config apply --confirm 5 >/dev/null
expect_eq "weights" "$(weights)" '[100,100,100]'
lab_ctl backend set web6/be1 weight=77 >/dev/null
wait_for 10 weights_are '[10,20,33]' || fail "not taken back: $(weights)"
expect_eq "what came in between" "$(lab_ctl -j backend list web6 | jq '.[0].weight')" 77
lab_get 20 "$(lab_url "$VIP4")" >/dev/null

# Confirmed: it stays.
lab_ctl config apply --confirm 5 >/dev/null
lab_ctl config confirm >/dev/null
expect_match "the log" "$(lab_log sluiced)" 'revision [0-9]+ is confirmed'
sleep 6 # longer than the time to confirm: nothing must come
expect_eq "weights" "$(weights)" '[100,100,100]'
expect_eq "diff" "$(lab_ctl config diff)" "no difference"
lab_sluiced_stop
