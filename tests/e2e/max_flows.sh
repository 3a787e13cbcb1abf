#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# max_flows as the operator sets it: a backend that has so many connections gets new ones only when the others have
# theirs too, and that is counted. Judged by what the backends have logged.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4"
lab_up 3
lab_backends_start
lab_conf
echo 'flows = { tcp_closing_s = 1000; };' >>"$LAB_CONF"
lab_sluiced_start

over() {
	lab_ctl -j backend list web4 | jq 'map(.over_flows) | add'
}

# get N: one connection after the other, so that a count is never far behind
get() {
	lab_get "$1" "$(lab_url "$VIP4")" >/dev/null
}

# What is listed is what the scheduler goes by, as old as a late machine makes it.
counted() {
	[ "$(lab_ctl -j backend list web4 | jq 'map(.flows) | add')" = "$1" ]
}

lab_ctl backend set web4/be1 max_flows=20 >/dev/null
expect_eq "limit of be1" "$(lab_ctl -j backend list web4 | jq -c 'map(.max_flows)')" '[20,0,0]'
# About 55 without a limit, fewer than 20 once in 10^10. While five come the count may be behind.
for n in {5..165..5}; do
	get 5
	wait_for 20 counted "$n" || fail "not $n flows: $(lab_ctl backend list web4)"
done
expect_between "connections of be1" "$(lab_hits 1)" 20 24
expect_eq "connections of all" "$(($(lab_hits 1) + $(lab_hits 2) + $(lab_hits 3)))" 165
expect_eq "above a limit" "$(over)" 0
saturated() { lab_ctl -j --filter backend=be1 backend list web4 | jq -e '.[0].modifiers | tostring | test("saturated")' >/dev/null; }
wait_for 20 saturated || fail "be1 is not said to be saturated: $(lab_ctl backend list web4)"
had=$(lab_hits 1)
get 60
expect_eq "connections of be1, which has enough" "$(lab_hits 1)" "$had"

# All have enough: nobody is turned away, and it is counted.
for i in 2 3; do lab_ctl backend set web4/be$i max_flows=20 >/dev/null; done
all_saturated() {
	[ "$(lab_ctl -j backend list web4 | jq 'map(select(.modifiers | tostring | test("saturated"))) | length')" = 3 ]
}
wait_for 20 all_saturated || fail "not all are saturated: $(lab_ctl backend list web4)"
lab_hits_reset
get 60
expect_eq "above a limit" "$(over)" 60
# 20 expected; none once in 10^10
for i in 1 2 3; do [ "$(lab_hits "$i")" -gt 0 ] || fail "be$i got none of 60"; done

# Room again, by forgetting what it had, and without a limit.
lab_ctl flow flush --backend web4/be1 >/dev/null
not_saturated() { ! saturated; }
wait_for 20 not_saturated || fail "be1 has room and is said to be saturated"
lab_hits_reset
get 15
expect_eq "connections of be1, which alone has room" "$(lab_hits 1)" 15
for i in 1 2 3; do lab_ctl backend set web4/be$i max_flows= >/dev/null; done
before=$(over)
lab_hits_reset
get 60
# 20 expected; none once in 10^10
for i in 1 2 3; do [ "$(lab_hits "$i")" -gt 0 ] || fail "be$i got none of 60"; done
expect_eq "above a limit" "$(over)" "$before"


# It needs connections that are remembered. What cannot work is refused, by command and in the file; a limit that
# has no effect is warned of.
refused() {
	local status=0 said
	said=$(lab_ctl "${@:2}" 2>&1) || status=$?
	expect_eq "exit status of ${*:2} ($said)" "$status" 1
	expect_match "what ${*:2} says" "$said" "$1"
}
lab_ctl pool set web4 track=none >/dev/null
refused 'pool "web4": scheduler "lc" cannot work with track = "none": it leaves it to the flow table' \
	pool set web4 scheduler=lc
refused 'pool "web4": persist_s cannot work with track = "none": nothing tells a new connection' pool set web4 persist_s=60
lab_ctl pool set web4 track=all scheduler=lc >/dev/null
refused 'scheduler "lc" cannot work with track = "none"' pool set web4 track=none
get 20

# checked EXIT-STATUS REGEX KEYS: the file with these keys in its pools
checked() {
	local status=0 said
	LAB_POOL=$3 lab_conf
	sed -i '/name = "be2"; address = "10/s/name = "be2";/& max_flows = 20;/' "$LAB_CONF"
	said=$("$LAB_BUILD/app/sluiced/sluiced" --check -c "$LAB_CONF" 2>&1) || status=$?
	expect_eq "exit status for $3 ($said)" "$status" "$1"
	expect_match "what is said to $3" "$said" "$2"
}
checked 1 'sluice\.conf:[0-9]+: pool "web4": scheduler "wlc" cannot work with track = "none"' 'scheduler = "wlc"; track = "none";'
checked 1 'sluice\.conf:[0-9]+: pool "web4": persist_s cannot work with track = "none"' 'persist_s = 5; track = "none";'
checked 0 'sluice\.conf:[0-9]+: .*backend "be2": max_flows has no effect where connections are not remembered \(track = none\)' \
	'track = "none";'
lab_sluiced_stop
