#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# No backend of a pool is left (fault 8): by its policy all of them get traffic, or others help, or new
# connections are refused or dropped; and a backend that comes back ends it. A flow of another pool never notices.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

lab_up 4
health_backends_start
LAB_CHECKS=$health_tcp
LAB_WEIGHTS="100 100 - -"

# policy KEYS start|reload: of both pools; be3 alone can help.
policy() {
	LAB_POOL="slow_start_s = 0; flap = { suppress = 0; }; $1"
	LAB_MORE_POOLS=', { name = "sorry"; forward = "ipip"; checks = [ "tcp" ]; slow_start_s = 0; flap = { suppress = 0; };
		backends = ( { name = "be3"; address = "10.77.0.13"; } ); }'
	health_conf
	if [ "$2" = start ]; then lab_sluiced_start; else lab_reload; fi
}

# listens N yes|no: the web server of a backend; the kernel refuses connections without it.
listens() {
	if [ "$2" = yes ]; then lab_nginx_start "$1"; else lab_stop "nginx-be$1" KILL 2>/dev/null; fi
}

# decides POOL REASON [SINCE-MS]: soon enough, where it counts from a kill
decides() {
	wait_for 10 pool_is decision "$2" "$1" || fail "$1 is not $2: $(lab_ctl pool show "$1")"
	[ -z "${3:-}" ] || expect_between "ms to $2 of $1" $(($(event_ms "$1" "$2") - $3)) 0 $((slack * refused_ms))
}

# served BE...: the new table is in force when 60 requests meet all these and nobody else
served() {
	local want i
	want=$(printf '%s\n' "$@")
	for i in {1..40}; do
		lab_curl "$(lab_url "$VIP4")?[1-60]" >"$LAB_DIR/bodies" 2>/dev/null && [ "$(sort -u "$LAB_DIR/bodies")" = "$want" ] && return
		sleep 0.05
	done
	fail "not $* but $(sort "$LAB_DIR/bodies" | uniq -c | xargs)"
}

both_in() { [ "$(member 1 slots)" -gt 0 ] && [ "$(member 2 slots)" -gt 0 ]; }
both_out() { member_is 1 slots 0 && member_is 2 slots 0; }

kill_both() {
	listens 1 no
	listens 2 no
	killed=$(now_ms)
}

both_back() {
	listens 1 yes
	listens 2 yes
	wait_pool web4 up=2 10
	decides web4 normal
	served be1 be2
}

policy "" start
wait_pool web4 up=2 10
served be1 be2
health_bg_start

# All of them get traffic: the backends' kernels refuse, not we. The first to come back gets all.
kill_both
decides web4 failopen "$killed"
wait_for 5 both_in || fail "no table: $(lab_ctl backend list web4)"
before=$(drops_of no_backend)
expect_match "curl by failopen" "$(lab_curl "$(lab_url "$VIP4")" 2>&1 || true)" 'refused|Could not connect|Failed to connect'
expect_eq "drops by failopen" "$(drops_of no_backend)" "$before"
listens 1 yes
wait_pool web4 up=1 10
# Panic is left at 40 % held 5 s.
decides web4 panic
listens 2 yes
wait_pool web4 up=2 10
decides web4 normal
served be1 be2

# Others help: besides those that are left, or instead of them.
policy 'backup_pool = "sorry"; backup_below = 150;' reload
listens 1 no
killed=$(now_ms)
decides web4 spill "$killed"
served be2 be3
listens 2 no
wait_pool web4 down=2 10
served be3
both_back
policy 'backup_pool = "sorry"; backup_mode = "replace"; backup_below = 150;' reload
listens 1 no
killed=$(now_ms)
decides web4 replace "$killed"
served be3
# A backup that is down itself helps nobody.
listens 3 no
wait_pool sorry down=1 10
decides web4 normal
served be2
listens 3 yes
wait_pool sorry up=1 10
decides web4 replace
served be3
listens 1 yes
decides web4 normal
served be1 be2

# Dropped: the client hears nothing.
policy 'on_all_down = "drop";' reload
kill_both
decides web4 drop "$killed"
wait_for 5 both_out || fail "still a table: $(lab_ctl backend list web4)"
before=$(drops_of no_backend)
status=0
lab_curl --connect-timeout 0.5 -o /dev/null "$(lab_url "$VIP4")" 2>/dev/null || status=$?
expect_eq "exit status of curl by drop" "$status" 28
expect_eq "drops by drop" "$(drops_of no_backend)" $((before + 1))
both_back

health_bg_end
lab_sluiced_stop
