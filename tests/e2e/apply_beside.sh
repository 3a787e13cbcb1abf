#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# While sluiced reads a file it serves others, and other changes wait: none is lost, none goes between. The file is a
# pipe, so that reading it takes as long as this test likes.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

rev() { lab_ctl -j status | jq .accepted_rev; }
weights() { lab_ctl -j backend list web4 | jq -c 'map(.weight)'; }
weights_are() { [ "$(weights)" = "$1" ]; }

# begin NAME COMMAND...: sluicectl in the background; what it says is in its log.
begin() {
	lab_spawn_here "$1" "$LAB_BUILD/app/sluicectl/sluicectl" -s "$LAB_SOCKET" "${@:2}"
}

# finished NAME: its exit status is in LAB_STATUS.
finished() {
	wait_for 15 lab_dead "$1" || fail "$1 goes on: $(lab_log "$1")"
	lab_stop "$1"
}

# pipe: the file becomes one that nobody has written yet.
pipe() {
	rm -f "$LAB_CONF"
	mkfifo "$LAB_CONF"
}

# is_reading: the thread opens it, and waits for who writes.
is_reading() {
	grep -qE 'fifo_open|wait_for_partner' "/proc/$(lab_pid sluiced)"/task/*/{wchan,stack} 2>/dev/null
}

# clients_are N: so many connections the daemon has.
clients_are() { [ "$(ss -Hx state established | grep -cF "$LAB_SOCKET" || true)" = "$1" ]; }

give() { timeout 10 tee "$LAB_CONF" <"$1" >/dev/null; }

lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
cp "$LAB_CONF" "$LAB_DIR/a"
LAB_WEIGHTS="11 12" lab_conf
cp "$LAB_CONF" "$LAB_DIR/b"
LAB_WEIGHTS="21 22" lab_conf
cp "$LAB_CONF" "$LAB_DIR/c"

# While one is being read: questions are answered, other changes wait, in their order, and start from what it made.
pipe
begin apply config apply
wait_for 5 is_reading || fail "nobody reads the file"
begin drain backend set web4/be1 weight=77
expect_match "an answer meanwhile" "$(lab_ctl -t 2 backend list web4)" be1
if lab_dead drain; then fail "a change did not wait: $(lab_log drain)"; fi
expect_eq "revision while it is read" "$(rev)" 1
if said=$(lab_ctl -t 1 --if-rev 1 backend weight web4/be2 5 2>&1); then fail "a change went between: $said"; fi
give "$LAB_DIR/b"
finished apply
expect_eq "exit status of config apply" "$LAB_STATUS" 0
finished drain
expect_eq "exit status of the change that waited" "$LAB_STATUS" 0
expect_eq "weights" "$(weights)" '[77,12]'
expect_eq "revision" "$(rev)" 3

# if_rev is proven when it is the change's turn.
pipe
begin apply config apply
wait_for 5 is_reading || fail "nobody reads the file"
begin late --if-rev 3 backend weight web4/be2 5
give "$LAB_DIR/c"
finished apply
finished late
expect_eq "exit status of a change of an old revision" "$LAB_STATUS" 5
expect_eq "weights" "$(weights)" '[21,22]'

# Who goes away before it is accepted changes nothing; who stands in line behind it goes on.
pipe
begin apply config apply
wait_for 5 is_reading || fail "nobody reads the file"
begin gone backend weight web4/be1 99
begin stays backend weight web4/be2 55
wait_for 10 clients_are 3 || fail "not all three are connected"
lab_stop apply TERM
lab_stop gone TERM
wait_for 10 clients_are 1 || fail "who went away is still connected"
give "$LAB_DIR/b"
finished stays
expect_eq "exit status of the change that waited" "$LAB_STATUS" 0
expect_eq "weights" "$(weights)" '[21,55]'
lab_log_has sluiced 'config.apply .*ECANCELED.*the client went away' || fail "the log does not tell of the apply"

# Two at once: the one that came last has the last word.
pipe
begin apply config apply
wait_for 5 is_reading || fail "nobody reads the file"
begin second config apply
give "$LAB_DIR/b"
finished apply
expect_eq "exit status of the first" "$LAB_STATUS" 0
wait_for 5 is_reading || fail "nobody reads the file again"
give "$LAB_DIR/c"
finished second
expect_eq "exit status of the second" "$LAB_STATUS" 0
expect_eq "weights" "$(weights)" '[21,22]'

# SIGHUPs that come while a file is read are one more reading, not as many.
before=$(rev)
pipe
kill -HUP "$(lab_pid sluiced)"
wait_for 5 is_reading || fail "nobody reads the file"
for _ in $(seq 200); do kill -HUP "$(lab_pid sluiced)"; done
# Who has answered twice since has seen them all.
rev >/dev/null
rev >/dev/null
give "$LAB_DIR/b"
# Not before the first reading is over: until its thread runs, it seems to wait still, and would get the second file, too.
rev_is() { [ "$(rev)" = "$1" ]; }
wait_for 5 rev_is $((before + 1)) || fail "revision $(rev), $before before the first reload"
wait_for 5 is_reading || fail "nobody reads the file again"
give "$LAB_DIR/a"
wait_for 5 rev_is $((before + 2)) || fail "revision $(rev), $before before two reloads"
wait_for 5 weights_are '[100,100]' || fail "weights $(weights)"
expect_eq "reloads in the log" "$(lab_log sluiced | grep -c 'SIGHUP: reloading')" 2

# The end: what is being read does not come into force, and the exit is clean.
pipe
begin apply config apply
wait_for 5 is_reading || fail "nobody reads the file"
kill -TERM "$(lab_pid sluiced)"
give "$LAB_DIR/b"
lab_sluiced_stop
finished apply
[ "$LAB_STATUS" != 0 ] || fail "an apply of a daemon that ended says it was done"
