#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend's web server is killed (fault 1): down within 3.3 s at full length, no connection of another
# backend moves; stopped with its backlog alive (fault 3): a tcp check sees nothing, an http check does.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

LAB_VIPS="$VIP4=4 $VIP6=6"
lab_up 4
health_backends_start
head -c 3000000 /dev/urandom >"$LAB_DIR/file"
for i in 1 2 3 4; do
	mkdir "$LAB_DIR/be$i/files"
	ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
done
sum=$(sha256sum <"$LAB_DIR/file")
LAB_CHECKS=$health_http
LAB_POOL="slow_start_s = 2;"
health_conf
lab_sluiced_start
wait_pool web4 up=4 10
wait_pool web6 up=4 10
in_table() { [ "$(member 1 slots)" -gt 0 ] && [ "$(member 1 slots web6)" -gt 0 ]; }
wait_for 5 in_table || fail "$(lab_ctl pool show web4)"
health_bg_start

# Downloads on the backends that stay; those of be1 are known by name and not looked at.
for n in {1..12}; do
	lab_spawn "get-$n" client curl -sS --fail -m 60 --limit-rate 1M -o "$LAB_DIR/got-$n" -D "$LAB_DIR/head-$n" \
		"$(lab_url "$VIP4")files/file"
done
begun() { [ "$(find "$LAB_DIR" -name 'got-*' -size +0 | wc -l)" = 12 ]; }
wait_for 10 begun || fail "not all downloads have begun"
on_be1=$(member 1 flows)

killed=$(now_ms)
kill -9 "$(lab_pid nginx-be1)"
wait_pool web4 down=1 10
took=$(($(event_ms web4/be1 'UP->DOWN http direct L4CON 3/3') - killed))
echo "down after $took ms, at most $refused_ms at a twentieth of the times"
expect_between "ms to DOWN" "$took" 0 $((slack * refused_ms))
wait_for 5 member_is 1 slots 0 || fail "be1 is still in the table"
expect_eq "decision" "$(pool decision)" normal
wait_pool web6 down=1 10

# From here on no request fails.
lab_hits_reset
for vip in "$VIP4" "$VIP6"; do
	lab_get 60 "$(lab_url "$vip")" >"$LAB_DIR/bodies"
	expect_eq "answers from $vip" "$(grep -cx 'be[234]' "$LAB_DIR/bodies")" 60
done
good=0
for n in {1..12}; do
	wait_for 30 lab_dead "get-$n" || fail "download $n hangs"
	lab_stop "get-$n"
	if [ "$LAB_STATUS" = 0 ]; then
		expect_eq "checksum of download $n" "$(sha256sum <"$LAB_DIR/got-$n")" "$sum"
		good=$((good + 1))
	fi
done
[ "$good" -ge $((12 - on_be1)) ] || fail "$good of 12 downloads are whole, be1 had $on_be1"

# Probe on demand, by exit status; and the states as an operator reads them.
status=0
lab_ctl health run web4/be1 >"$LAB_DIR/run" || status=$?
expect_eq "exit status of health run on a dead backend" "$status" 7
expect_match "health run" "$(cat "$LAB_DIR/run")" 'L4CON .*connection refused'
lab_ctl health run web4/be2 >/dev/null || fail "health run on a good backend: $?"
status=0
lab_ctl -t 0.3 wait pool web4 up=4 2>/dev/null || status=$?
expect_eq "exit status of a wait in vain" "$status" 7
expect_match "backend list" "$(lab_ctl backend list web4)" 'be1 .* DOWN .*L4CON'

# Back with slow start.
unset "LAB_PIDS[nginx-be1]"
lab_nginx_start 1
wait_pool web4 up=4 10
expect_match "modifiers" "$(member 1 modifiers)" starting
[ "$(member 1 effective)" -lt 100 ] || fail "no slow start: $(member 1 effective)"
wait_for 10 member_is 1 effective 100 || fail "slow start does not end"
expect_eq "transitions of be1" "$(events_of web4/be1 'UP->DOWN')/$(events_of web4/be1 'DOWN->UP')" 1/1
for i in 2 3 4; do expect_eq "transitions of be$i" "$(events_of "web4/be$i" 'UP->DOWN')" 0; done

# Stopped, while the kernel still accepts: http fails by time, and the backend is up again as soon as it goes on.
kill -STOP "$(lab_pid nginx-be2)"
wait_pool web4 down=1 10
event_ms web4/be2 'UP->DOWN http direct L7TOUT 3/3' >/dev/null
kill -CONT "$(lab_pid nginx-be2)"
wait_pool web4 up=4 10

# The same with tcp: documented to stay up. 20 probes see it so.
LAB_CHECKS=$health_tcp
health_conf
lab_reload
wait_pool web4 up=4 10
kill -STOP "$(lab_pid nginx-be2)"
probes() { lab_ctl -j --filter backend=be2 health list web4 | jq '.[0].ok'; }
before=$(probes)
more() { [ "$(probes)" -ge $((before + 20)) ]; }
wait_for 15 more || fail "tcp probes do not go on"
expect_eq "state of a stopped backend by tcp" "$(member 2 state)" UP
kill -CONT "$(lab_pid nginx-be2)"

health_bg_end
expect_eq "drops no_table and no_backend" "$(drops_of no_table)/$(drops_of no_backend)" 0/0
lab_sluiced_stop
