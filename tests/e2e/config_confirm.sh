#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A file that was applied for a time is taken back by itself, whatever comes meanwhile: a reload, a change by command,
# another apply for a time. Undo, an apply that is meant to stay and a confirmation end the wait. Who did all this
# stands in the log, also where it was a signal or nobody.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4"
weights() { lab_ctl -j backend list web4 | jq -c 'map(.weight)'; }
weights_are() { [ "$(weights)" = "$1" ]; }
trial() { lab_ctl -j status | jq -c .config.trial.rev; }

# file WEIGHT...: the file says these.
file() {
	LAB_WEIGHTS="$*"
	lab_conf
}

# back WEIGHTS: nobody confirmed, so these hold again and nothing waits.
back() {
	wait_for 15 weights_are "$1" || fail "not taken back: $(weights)"
	expect_eq "what waits" "$(trial)" null
}

# hangup: a reload by signal, from a process of its own; until it is decided.
hangup() {
	local before
	before=$(audited SIGHUP)
	setpriv --reuid 0 bash -c "echo \$\$ >'$LAB_DIR/sender'; kill -HUP $(lab_pid sluiced)"
	decided() { [ "$(audited SIGHUP)" -gt "$before" ]; }
	wait_for 10 decided || fail "no reload"
}

# audited REGEX: lines of changes that match
audited() { grep -cE "audit: control: uid 0 pid [0-9]+ $1" "$LAB_DIR/sluiced.log" || true; }

lab_up 3
lab_backends_start
file 100 100 100
lab_sluiced_start
expect_eq "what waits" "$(trial)" null

# A reload of the same file is no confirmation: it may be anybody's.
file 10 100 100
rev=$(lab_ctl -j config apply --confirm 5 | jq .rev)
expect_eq "what waits" "$(trial)" "$rev"
expect_match "status" "$(lab_ctl status)" "^revision $rev is taken back in [1-6] s without: sluicectl config confirm"
hangup
lab_log_has sluiced "revision $rev still waits for its confirmation" || fail "the log does not say that it waits"
weights_are '[10,100,100]' || fail "weights $(weights)"
back '[100,100,100]'
lab_get 10 "$(lab_url "$VIP4")" >/dev/null
expect_eq "who took it back" "$(grep -cE "audit: control: uid 0 pid $(lab_pid sluiced) unconfirmed \{\"revision\":$rev\}: done, revision $((rev + 2))$" "$LAB_DIR/sluiced.log")" 1
expect_eq "who reloaded" "$(grep -cE "audit: control: uid 0 pid $(cat "$LAB_DIR/sender") SIGHUP \{\"file\":\"$LAB_CONF\"\}: done, revision $((rev + 1))$" "$LAB_DIR/sluiced.log")" 1

# What a reload and a command bring besides stays, what was applied goes.
lab_ctl config apply --confirm 5 >/dev/null
file 10 20 100
hangup
lab_ctl backend weight web4/be3 30 >/dev/null
weights_are '[10,20,30]' || fail "weights $(weights)"
back '[100,20,30]'

# A wrong file changes nothing of it.
file 11 22 33
lab_ctl config apply --confirm 5 >/dev/null
echo 'nonsense' >>"$LAB_CONF"
hangup
expect_eq "refused" "$(audited 'SIGHUP .*: EINVAL, revision [0-9]+: ".*syntax error')" 1
if lab_ctl config apply 2>/dev/null; then fail "a wrong file was applied"; fi
weights_are '[11,22,33]' || fail "weights $(weights)"
back '[100,20,30]'

# The first of several for a time says where to go back to, the last one when.
file 1 1 1
lab_ctl config apply --confirm 600 >/dev/null
file 2 2 2
lab_ctl config apply --confirm 1 >/dev/null
back '[100,20,30]'

# Undone, and stays so: nothing comes when the time is over. Applied to stay: the same.
file 3 3 3
lab_ctl config apply --confirm 4 >/dev/null
lab_ctl config undo >/dev/null
expect_eq "what waits after undo" "$(trial)" null
weights_are '[100,20,30]' || fail "weights $(weights)"
lab_ctl config apply --confirm 4 >/dev/null
lab_ctl config apply >/dev/null
expect_eq "what waits after an apply" "$(trial)" null
rev=$(lab_revision)
sleep 5 # longer than both times
expect_eq "revision" "$(lab_revision)" "$rev"
weights_are '[3,3,3]' || fail "weights $(weights)"
if lab_ctl config confirm 2>/dev/null; then fail "there is something to confirm"; fi

# A daemon that ends before says so, and what the next one begins with.
file 4 4 4
lab_ctl config apply --confirm 600 >/dev/null
rev=$(lab_revision)
lab_sluiced_stop
lab_log_has sluiced "revision $rev was not confirmed: the next start goes by what was before it, unless $LAB_CONF is changed" || fail "the log does not say it"

# Also where SIGHUP was ignored when it began, as behind nohup: a reload is a reload.
lab_spawn sluiced lb bash -c "trap '' HUP; exec '$LAB_BUILD/app/sluiced/sluiced' -c '$LAB_CONF'"
lab_ready sluiced 'ready: ' 30
expect_eq "what waits" "$(trial)" null
weights_are '[3,3,3]' || fail "weights $(weights)"
file 5 5 5
hangup
weights_are '[5,5,5]' || fail "weights $(weights)"
lab_sluiced_stop
