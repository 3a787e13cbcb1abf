#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend's web server is killed: down within 3.3 s at full length, out of the table 0.1 s later; no flow
# of another backend moves, those of its own that can go on do so elsewhere, and nothing but that is counted. It comes
# back with slow start.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

LAB_VIPS="$VIP4=4 $VIP6=6"
lab_up 4
health_backends_start
head -c 2000000 /dev/urandom >"$LAB_DIR/file"
for i in 1 2 3 4; do
	mkdir "$LAB_DIR/be$i/files"
	ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
done
LAB_CHECKS=$health_http
LAB_POOL="slow_start_s = 3;"
health_conf
lab_sluiced_start
wait_pool web4 up=4 10
wait_pool web6 up=4 10
all_in() { lab_ctl -j backend list | jq -e 'all(.slots > 0)' >/dev/null; }
wait_for 5 all_in || fail "$(lab_ctl backend list)"
faults_begin
health_flows_start

read -ra ports <<<"$(lab_ports 3 be1 be2 be3 be4)"
for n in {1..12}; do
	lab_spawn "get-$n" client curl -sS --fail -m 90 --limit-rate 1M --local-port "${ports[n - 1]}" -o "$LAB_DIR/got-$n" -w '\n%{local_port}\n' \
		"$(lab_url "$VIP4")files/file"
done
begun() { [ "$(find "$LAB_DIR" -name 'got-*' -size +0 | wc -l)" = 12 ]; }
wait_for 10 begun || fail "not all downloads have begun"
on_be1=$(lab_exec be1 ss -Htn state established '( sport = :80 )' dst 10.77.0.1 | awk '{ sub(/.*:/, "", $NF); print $NF }')

held_up=$(neutral web4/be1 web6/be1)
health_strike KILL nginx-be1
wait_pool web4 down=1 10
wait_pool web6 down=1 10
out_of_both() { member_is 1 slots 0 && member_is 1 slots 0 web6; }
wait_for 5 out_of_both || fail "be1 is still in the table"
held_up=$(($(neutral web4/be1 web6/be1) - held_up))
health_took "killed, to DOWN" $(($(event_ms web4/be1 'UP->DOWN http direct L4CON 3/3') - struck)) $refused_ms "$held_up"
health_took "killed, to DOWN, over IPv6" $(($(event_ms web6/be1 'UP->DOWN http direct L4CON 3/3') - struck)) $refused_ms "$held_up"
# Of the pool that was the last one to build.
took4=$(rebuild_took web4 1) took6=$(rebuild_took web6 1)
health_took "DOWN, to out of the table" $((took4 < took6 ? took4 : took6)) $rebuild_ms
expect_eq "decision" "$(pool decision)" normal
faults_expect transitions web4/be1=1 web6/be1=1
# The two pools may share one build.
expect_match "builds" "$(faults_changes builds)" '^builds=[12]$'

# From here on no request fails.
for vip in "$VIP4" "$VIP6"; do
	lab_get 60 "$(lab_url "$vip")" >"$LAB_DIR/bodies"
	expect_eq "answers from $vip" "$(grep -cx 'be[234]' "$LAB_DIR/bodies")" 60
done
whole=0
for n in {1..12}; do
	wait_for 20 lab_dead "get-$n" || fail "download $n hangs"
	lab_stop "get-$n"
	if grep -qxF "$(tail -n 1 "$LAB_DIR/get-$n.log")" <<<"$on_be1"; then continue; fi
	expect_eq "exit status of download $n" "$LAB_STATUS" 0
	cmp "$LAB_DIR/file" "$LAB_DIR/got-$n" || fail "download $n of another backend broke"
	whole=$((whole + 1))
done
[ "$whole" -gt 0 ] || fail "be1 had every download"

# Probe on demand, by exit status; and the states as an operator reads them.
status=0
lab_ctl health run web4/be1 >"$LAB_DIR/run" || status=$?
expect_eq "exit status of health run on a dead backend" "$status" 7
expect_match "health run" "$(cat "$LAB_DIR/run")" 'L4CON .*connection refused'
lab_ctl health run web4/be2 >/dev/null || fail "health run on a good backend: $?"
status=0
lab_ctl health run web4/be9 2>/dev/null || status=$?
expect_eq "exit status of health run on no backend" "$status" 6
expect_match "backend list" "$(lab_ctl backend list web4)" 'be1 .* DOWN .*L4CON'

# Somebody waits for it, in vain at first; then it is back with slow start.
health_flows_go_on
status=0
lab_ctl -t 1 wait pool web4 up=4 2>/dev/null || status=$?
expect_eq "exit status of a wait in vain" "$status" 7
lab_spawn_here wait "$LAB_BUILD/app/sluicectl/sluicectl" -s "$LAB_SOCKET" -t 30 wait pool web4 up=4
unset "LAB_PIDS[nginx-be1]"
lab_nginx_start 1
wait_for 10 lab_dead wait || fail "be1 does not come back: $(lab_ctl pool show web4)"
lab_stop wait
expect_eq "exit status of the wait" "$LAB_STATUS" 0
# Begun, and not with the whole weight. On a machine that is held up it may be over by now.
read -r modifiers effective < <(lab_ctl -j --filter backend=be1 backend list web4 | jq -r '.[0] | "\(.modifiers) \(.effective)"')
over=$(events_of web4/be1 'slow start is over')
expect_eq "slow starts" "$(events_of web4/be1 'slow start: 3 s in ')" 1
[[ $over = 1 || ($modifiers == *starting* && $effective -lt 100) ]] || fail "no slow start: $modifiers $effective"
wait_pool web6 up=4 10
wait_for 10 member_is 1 effective 100 || fail "slow start does not end"
faults_expect transitions web4/be1=2 web6/be1=2

# Flows of be1 have moved once, when it went down, and nobody else's ever.
health_flows_end >"$LAB_DIR/ways"
expect_eq "other ways of flows" "$(grep -vxE 'be[234]|be1 be[234]' "$LAB_DIR/ways" | xargs)" ""
for i in 2 3 4; do expect_eq "flows that stay with be$i" "$(grep -cx "be$i" "$LAB_DIR/ways")" 1; done
expect_match "flows that left be1" "$(cat "$LAB_DIR/ways")" '^be1 be[234]$'
faults_end
lab_sluiced_stop
