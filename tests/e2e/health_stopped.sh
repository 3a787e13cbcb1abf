#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend's web server is stopped, while its kernel still accepts connections: a tcp check sees nothing, as
# documented; an http check takes it down as one that is silent, and it is up again as soon as it goes on.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 3
health_backends_start
LAB_CHECKS=$health_tcp
LAB_POOL="slow_start_s = 0;"
health_conf
lab_sluiced_start
wait_pool web4 up=3 10
faults_begin
health_flows_start

# probes N RESULT: of web4/beN, so far
probes() { lab_ctl -j --filter "backend=be$1" health list web4 | jq ".[0].$2"; }

# By tcp: 20 more probes see it as good, and nothing has changed.
kill -STOP "$(lab_pid nginx-be2)"
before=$(probes 2 ok)
more() { [ "$(probes 2 ok)" -ge $((before + 20)) ]; }
wait_for 15 more || fail "tcp probes do not go on"
expect_eq "state of a stopped backend by tcp" "$(member 2 state)" UP
kill -CONT "$(lab_pid nginx-be2)"
faults_expect transitions
faults_expect builds

# By http: all who are asked anew begin as they were.
LAB_CHECKS=$health_http
health_conf
lab_reload
wait_pool web4 up=3 10
wait_pool web6 up=3 10
faults_mark
held_up=$(neutral web4/be2)
health_strike STOP nginx-be2
wait_pool web4 down=1 10
wait_pool web6 down=1 10
out_of_both() { member_is 2 slots 0 && member_is 2 slots 0 web6; }
wait_for 5 out_of_both || fail "be2 is still in the table"
health_took "stopped, to DOWN" $(($(event_ms web4/be2 'UP->DOWN http direct L7TOUT 3/3') - struck)) $silent_ms \
	$(($(neutral web4/be2) - held_up))
took4=$(rebuild_took web4 2) took6=$(rebuild_took web6 2)
health_took "DOWN, to out of the table" $((took4 < took6 ? took4 : took6)) $rebuild_ms
faults_expect transitions web4/be2=1 web6/be2=1
expect_match "builds" "$(faults_changes builds)" '^builds=[12]$'
lab_get 60 "$(lab_url "$VIP4")" >"$LAB_DIR/bodies"
expect_eq "answers of the others" "$(grep -cx 'be[13]' "$LAB_DIR/bodies")" 60
health_flows_go_on

kill -CONT "$(lab_pid nginx-be2)"
wait_pool web4 up=3 10
wait_pool web6 up=3 10
back() { [ "$(member 2 slots)" -gt 0 ] && [ "$(member 2 slots web6)" -gt 0 ]; }
wait_for 5 back || fail "be2 is not in the table"
faults_expect transitions web4/be2=2 web6/be2=2
expect_match "builds" "$(faults_changes builds)" '^builds=[2-4]$'

health_flows_end >"$LAB_DIR/ways"
expect_eq "other ways of flows" "$(grep -vxE 'be[13]|be2 be[13]' "$LAB_DIR/ways" | xargs)" ""
expect_match "flows that left be2" "$(cat "$LAB_DIR/ways")" '^be2 be[13]$'
faults_end
lab_sluiced_stop
