#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What was applied for a time and not confirmed does not come into force by a restart, however the daemon ended and
# whenever it begins again; what was confirmed, applied to stay, reloaded or written anew does. Until then it is not
# saved either.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/control.inc.sh
. "$(dirname "$0")/control.inc.sh"

LAB_VIPS="$VIP4=4"
weights() { lab_ctl -j backend list web4 | jq -c 'map(.weight)'; }
weights_are() { [ "$(weights)" = "$1" ]; }
config() { lab_ctl -j status | jq -c ".config.$1"; }

# file WEIGHT...: the file says these.
file() {
	LAB_WEIGHTS="$*"
	lab_conf
}

# restart SIGNAL WEIGHTS UNCONFIRMED: it begins with these.
restart() {
	if [ "$1" = KILL ]; then lab_stop sluiced KILL; else lab_sluiced_stop "$1"; fi
	lab_sluiced_start
	expect_eq "weights after SIG$1" "$(weights)" "$2"
	expect_eq "unconfirmed" "$(config unconfirmed)" "$3"
	expect_eq "what waits" "$(config trial)" null
}

lab_up 2
file 10 10
note=$(sed -n "s/.*state_dir = \"\([^\"]*\)\".*/\1/p" "$LAB_CONF")/unconfirmed.conf
lab_sluiced_start
lab_ctl backend weight web4/be2 20 >/dev/null

# Tried: no trace of it. Killed while it waits: what was before, with what came by command, again and again.
file 30 30
lab_ctl -n config apply >/dev/null
[ ! -e "$note" ] || fail "a dry run left $note"
lab_ctl config apply --confirm 600 >/dev/null
expect_eq "weights" "$(weights)" '[30,30]'
expect_eq "mode" "$(stat -c %a "$note")" 640
restart KILL '[10,20]' true
lab_log_has sluiced "$LAB_CONF was applied for a time and not confirmed: starting with what was before, from $note" ||
	fail "the log does not say it"
expect_match "status" "$(lab_ctl status)" "^$LAB_CONF, as it was applied for a time, is not confirmed: not in force"

# Nothing that waits is saved; what is undone was not confirmed either.
lab_ctl config apply --confirm 600 >/dev/null
refused 5 'waits for its confirmation \(sluicectl config confirm, or config undo, then save\)' config save
refused 5 'waits for its confirmation \(sluicectl config confirm, or config undo, then save\)' config save --to "$LAB_DIR/mine.conf"
[ ! -e "$LAB_DIR/mine.conf" ] || fail "saved all the same"
[ ! -e "${note%/*}/running.conf" ] || fail "saved all the same"
lab_ctl config undo >/dev/null
lab_ctl config save >/dev/null
restart TERM '[10,20]' true

# Confirmed.
lab_ctl config apply --confirm 600 >/dev/null
lab_ctl config confirm >/dev/null
[ ! -e "$note" ] || fail "$note is there after it was confirmed"
restart KILL '[30,30]' null

# Taken back in time; a wrong file, and one that cannot be noted, change nothing of it.
file 40 40
lab_ctl config apply --confirm 1 >/dev/null
wait_for 15 weights_are '[30,30]' || fail "not taken back: $(weights)"
expect_eq "unconfirmed" "$(config unconfirmed)" true
cp "$LAB_CONF" "$LAB_DIR/forty.conf"
echo nonsense >>"$LAB_CONF"
refused 1 'syntax error' config apply --confirm 600
file 41 41
sed -i "s|state_dir = \"[^\"]*\"|state_dir = \"/proc/nosuch\"|" "$LAB_CONF"
refused 1 '/proc/nosuch/unconfirmed.conf: mkdir: .*; so a restart would not go by what is confirmed: nothing was applied' \
	config apply --confirm 600
expect_eq "weights" "$(weights)" '[30,30]'

# A comment makes no other configuration of it; a weight does.
cp "$LAB_DIR/forty.conf" "$LAB_CONF"
echo '// looked at' >>"$LAB_CONF"
restart KILL '[30,30]' true
file 50 50
restart TERM '[50,50]' null
[ ! -e "$note" ] || fail "$note is there when the file is another"

# Applied to stay after all; reloaded by signal after it was taken back.
file 60 60
lab_ctl config apply --confirm 600 >/dev/null
lab_ctl config apply >/dev/null
[ ! -e "$note" ] || fail "$note is there after an apply"
file 70 70
lab_ctl config apply --confirm 1 >/dev/null
wait_for 15 weights_are '[60,60]' || fail "not taken back: $(weights)"
lab_reload
expect_eq "unconfirmed" "$(config unconfirmed)" null
[ ! -e "$note" ] || fail "$note is there after a reload"

# A note that cannot be read is said, and the file is taken.
file 80 80
lab_ctl config apply --confirm 600 >/dev/null
echo nonsense >>"$note"
restart KILL '[80,80]' null
lab_log_has sluiced "$note:[0-9]+: syntax error" || fail "the log does not say what is wrong with the note"
lab_log_has sluiced 'what was before cannot be read: starting with the file' || fail "the log does not say what it does"
lab_sluiced_stop
