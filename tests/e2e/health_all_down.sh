#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# No backend of a pool is left: by its policy all of them get traffic, or new connections are dropped; and a
# backend that comes back ends it. A flow of another pool never notices. Refusing is health_reject.sh.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

lab_up 3
health_backends_start
LAB_CHECKS=$health_tcp
LAB_WEIGHTS="100 100 -"

# policy KEYS start|reload
policy() {
	LAB_POOL="slow_start_s = 0; flap = { suppress = 0; }; $1"
	health_conf
	if [ "$2" = start ]; then lab_sluiced_start; else lab_reload; fi
}

both_in() { [ "$(member 1 slots)" -gt 0 ] && [ "$(member 2 slots)" -gt 0 ]; }
both_out() { member_is 1 slots 0 && member_is 2 slots 0; }

kill_both() {
	held_up=$(neutral web4/be{1,2})
	health_strike KILL nginx-be1 nginx-be2
	unset "LAB_PIDS[nginx-be1]" "LAB_PIDS[nginx-be2]"
}

policy "" start
wait_both up=2
served be1 be2
faults_begin

# All of them get traffic: the backends' kernels refuse, not we. The first to come back gets all.
kill_both
decides web4 failopen "$struck" "$held_up"
wait_for 5 both_in || fail "no table: $(lab_ctl backend list web4)"
wait_both down=2
expect_match "curl by failopen" "$(lab_curl "$(lab_url "$VIP4")" 2>&1 || true)" 'refused|Could not connect|Failed to connect'
listens 1 yes
wait_both up=1
# Panic is left at 40 % held 5 s.
decides web4 panic
listens 2 yes
wait_both up=2
decides web4 normal
served be1 be2
faults_expect drops
faults_expect transitions web{4,6}/be{1,2}=2

# Dropped: the client hears nothing.
policy 'on_all_down = "drop";' reload
kill_both
decides web4 drop "$struck" "$held_up"
wait_both down=2
wait_for 5 both_out || fail "still a table: $(lab_ctl backend list web4)"
status=0 again=$(syns_again)
lab_curl --connect-timeout 0.5 -o /dev/null "$(lab_url "$VIP4")" 2>/dev/null || status=$?
expect_eq "exit status of curl by drop" "$status" 28
dropped=$((1 + $(syns_again) - again))
listens 1 yes
listens 2 yes
wait_both up=2
decides web4 normal
served be1 be2

faults_expect transitions web{4,6}/be{1,2}=4
faults_end no_backend=$dropped
lab_sluiced_stop
