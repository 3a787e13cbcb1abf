#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Our own link loses its carrier (fault 9): that is no backend's fault. Tables freeze, nobody goes down, nothing is
# rebuilt, and with the link back all is as it was, without slow start. The background flow, which shares the link,
# loses what was sent meanwhile and goes on with the same backend.
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
health_bg_start

cable() {
	ip -n "$(lab_ns sw)" link set lb-wan "$1"
}

# What tables hold. Neighbours that the kernel forgets and finds again are entered anew beside them.
tables() {
	lab_ctl -j backend list | jq -c 'map([.pool, .backend, .slots, .effective])'
	lab_ctl -j pool list | jq -c 'map([.pool, .checksum])'
}


# probes that said nothing of a backend, of all instances
neutral() { lab_ctl -j health list | jq '[.[].neutral] | add'; }
neutral_over() { [ "$(neutral)" -gt "$1" ]; }
happened() { [ "$(events_of health "$1")" = "$2" ]; }

before=$(tables)
count=$(neutral)
cut=$(now_ms)
cable down
wait_for 5 happened FROZEN 1 || fail "not frozen: $(lab_ctl events)"
expect_between "ms to FROZEN" $(($(event_ms health FROZEN) - cut)) 0 1000
# 20 of each instance; three in a row would be DOWN
wait_for 20 neutral_over $((count + 6 * 20)) || fail "probes do not go on: $(lab_ctl health list)"
expect_match "status" "$(lab_ctl -j health list | jq -c .)" 'LINKDOWN'
cable up
wait_for 15 happened 'no longer frozen' 1 || fail "frozen for ever"
expect_eq "tables and builds" "$(tables)" "$before"
lab_get 60 "$(lab_url "$VIP4")" >"$LAB_DIR/bodies"
expect_eq "answers" "$(grep -cx 'be[123]' "$LAB_DIR/bodies")" 60
lab_get 60 "$(lab_url "$VIP6")" >/dev/null
for p in web4 web6; do
	for i in 1 2 3; do
		expect_eq "events of $p/be$i" "$(events_of "$p/be$i" 'UP->DOWN')/$(events_of "$p/be$i" 'slow start')" 0/0
	done
	expect_eq "decision on $p" "$(pool decision $p)" normal
done

lab_stop bg
expect_match "background flow" "$(lab_log bg)" 'sent [1-9][0-9]+ lost [1-9][0-9]* other 0'
lab_sluiced_stop
