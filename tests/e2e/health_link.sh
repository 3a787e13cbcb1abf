#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Our own link loses its carrier: that is no backend's fault. Tables freeze, nobody goes down, nothing is
# rebuilt, and with the link back all is as it was, without slow start. The background flow, which shares the link,
# loses what was sent meanwhile and goes on with the same backend; one that begins then loses nothing.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

lab_up 3
health_backends_start
LAB_CHECKS=$health_http
health_conf
lab_sluiced_start
wait_pool web4 up=3 10
wait_pool web6 up=3 10
all_in() { lab_ctl -j backend list | jq -e 'all(.slots > 0)' >/dev/null; }
wait_for 5 all_in || fail "$(lab_ctl backend list)"
faults_begin

cable() {
	ip -n "$(lab_ns sw)" link set lb-wan "$1"
}

# What tables hold. Neighbours that the kernel forgets and finds again are entered anew beside them.
tables() {
	lab_ctl -j backend list | jq -c 'map([.pool, .backend, .slots, .effective])'
	lab_ctl -j pool list | jq -c 'map([.pool, .checksum])'
}

health() { lab_ctl -j status | jq -c ".health$1"; }
neutral_over() { [ "$(health .neutral)" -gt "$1" ]; }
happened() { [ "$(events_of health "$1")" = "$2" ]; }

before=$(tables)
count=$(health .neutral)
health_begins
cable down
cut=$(now_ms)
wait_for 5 happened FROZEN 1 || fail "not frozen: $(lab_ctl events)"
# Links are looked at every 100 ms.
health_took "cut off, to FROZEN" $(($(event_ms health FROZEN) - cut)) 100
expect_match "event" "$(lab_ctl events)" 'health FROZEN for 30 s: link down; tables stay as they are'
expect_match "status" "$(lab_ctl status)" '^FROZEN for (30|2[0-9]) s more: link down; tables stay'
expect_match "pool show" "$(lab_ctl pool show web4)" 'FROZEN: the table stays'
expect_match "pool list" "$(lab_ctl pool list)" '^web4 +normal FROZEN '
# 20 of each instance; three in a row would be DOWN
wait_for 20 neutral_over $((count + 6 * 20)) || fail "probes do not go on: $(lab_ctl health list)"
expect_eq "codes of the last results" "$(lab_ctl -j health list | jq -c 'map(.code) | unique')" '["LINKDOWN"]'
faults_expect transitions
faults_expect builds
before_back=$(now_ms)
cable up
back=$(now_ms)
settling() { grep -q '^FROZEN for [0-5] s more: link down' < <(lab_ctl status); }
wait_for 5 settling || fail "the link is back, and the freeze does not near its end: $(lab_ctl status)"
wait_for 5 lab_answers "$(lab_url "$VIP4")" || fail "the link is back, and nobody answers"
health_bg_again
wait_for 15 happened 'no longer frozen' 1 || fail "frozen for ever"
# 5 s for what has to be found again: neighbours, routes.
thawed=$(event_ms health 'no longer frozen')
health_begins # its five seconds are not counted
health_took "link back, 5 s, to thawed" $((thawed - back - 5000)) 200
[ $((thawed - before_back)) -ge 5000 ] || fail "thawed $((thawed - before_back)) ms after the link was back"
expect_eq "tables" "$(tables)" "$before"
lab_get 60 "$(lab_url "$VIP4")" >"$LAB_DIR/bodies"
expect_eq "answers" "$(grep -cx 'be[123]' "$LAB_DIR/bodies")" 60
lab_get 60 "$(lab_url "$VIP6")" >/dev/null
expect_eq "slow starts" "$(lab_ctl -j events | jq -s '[.[] | select(.event | startswith("slow start"))] | length')" 0
for p in web4 web6; do expect_eq "decision on $p" "$(pool decision $p)" normal; done

faults_expect transitions
faults_end
lab_sluiced_stop
