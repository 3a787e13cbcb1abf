#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend falls silent, its cable is cut: down within 5.2 s at full length, by time. Flows of the others
# stay; with the cable back it has its part again.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

LAB_VIPS="$VIP4=4 $VIP6=6"
lab_up 4
health_backends_start
LAB_CHECKS=$health_tcp
LAB_POOL="slow_start_s = 0;"
health_conf
lab_sluiced_start
wait_pool web4 up=4 10
wait_pool web6 up=4 10
faults_begin

cable() { ip -n "$(lab_ns sw)" link set be1-eth0 "$1"; }

held_up=$(neutral web4/be1 web6/be1)
health_begins
cable down
cut=$(now_ms)
wait_pool web4 down=1 10
wait_pool web6 down=1 10
out_of_both() { member_is 1 slots 0 && member_is 1 slots 0 web6; }
wait_for 5 out_of_both || fail "be1 is still in the table"
held_up=$(($(neutral web4/be1 web6/be1) - held_up))
for p in web4 web6; do
	health_took "cut off, to DOWN of $p" $(($(event_ms $p/be1 'UP->DOWN tcp direct L4TOUT 3/3') - cut)) $silent_ms "$held_up"
done
took4=$(rebuild_took web4 1) took6=$(rebuild_took web6 1)
health_took "DOWN, to out of the table" $((took4 < took6 ? took4 : took6)) $rebuild_ms
faults_expect transitions web4/be1=1 web6/be1=1
for vip in "$VIP4" "$VIP6"; do
	lab_get 60 "$(lab_url "$vip")" >"$LAB_DIR/bodies"
	expect_eq "answers from $vip" "$(grep -cx 'be[234]' "$LAB_DIR/bodies")" 60
done

cable up
wait_pool web4 up=4 10
wait_pool web6 up=4 10
back() { [ "$(member 1 slots)" -gt 0 ] && [ "$(member 1 slots web6)" -gt 0 ]; }
wait_for 5 back || fail "be1 is not in the table"
faults_expect transitions web4/be1=2 web6/be1=2
faults_end
lab_sluiced_stop
