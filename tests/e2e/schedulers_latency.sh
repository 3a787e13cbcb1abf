#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What probes measure reaches the schedulers: new connections leave a backend whose probes become slow or fail, and
# come back to it. One above max_latency_ms is degraded, and everything says so. Only the answers to probes change; the requests are answered by nginx as before.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4"
# A failure does not take a backend out within this test: what is seen is the scheduler's.
LAB_CHECKS='{ name = "speed"; type = "http"; port = 8080; inter_ms = 500; fastinter_ms = 500; timeout_ms = 500; fall = 100; }'
LAB_POOL='scheduler = "least-latency"; max_latency_ms = 60;'
lab_up 3
lab_backends_start
for i in 1 2 3; do
	echo 0 >"$LAB_DIR/delay$i"
	lab_spawn "slow-be$i" "be$i" "$LAB_TOP/tests/e2e/slow_http.py" 8080 "$LAB_DIR/delay$i"
	lab_ready "slow-be$i" ready 30
done
url=$(lab_url "$VIP4")
lab_conf
lab_sluiced_start

# share N: requests to backend N of 60 new connections
share() {
	lab_hits_reset
	lab_get 60 "$url" >/dev/null
	lab_hits "$1"
}

avoided() {
	[ "$(share "$1")" -lt 5 ]
}

chosen() {
	[ "$(share "$1")" -gt 40 ]
}

# delay SECONDS...: of the backends in turn; written at once, a probe reads all of it or the old one
delay() {
	local i=0 seconds
	for seconds; do
		i=$((i + 1))
		echo "$seconds" >"$LAB_DIR/delay"
		mv "$LAB_DIR/delay" "$LAB_DIR/delay$i"
	done
}

# field N KEY
field() {
	lab_ctl -j --filter "backend=be$1" backend list web4 | jq -r ".[0].$2"
}

modifiers_are() {
	[ "$(field 1 modifiers),$(field 2 modifiers),$(field 3 modifiers)" = "$1" ]
}

# told N TEXT: how many events of backend N begin so
told() {
	lab_ctl -j events | jq -rs --arg o "web4/be$1" --arg t "$2" '[.[] | select(.object == $o and (.event | startswith($t)))] | length'
}

delay 0.1 0.1 0
wait_for 60 modifiers_are degraded,degraded, || fail "not degraded above max_latency_ms: $(lab_ctl health list web4)"
expect_match "event" "$(lab_ctl events)" 'web4/be1 degraded: probes take ([6-9][0-9]|[1-4][0-9]{2})\.[0-9] ms in the mean'
expect_eq "state" "$(field 1 state)/$(field 1 health)" UP/UP
expect_match "health list" "$(lab_ctl health list web4)" 'web4 +be1 .*degraded'
expect_eq "standing" "$(lab_ctl -j pool show web4 | jq -r .standing)" ok
wait_for 60 chosen 3 || fail "least-latency does not go to the backend with the fastest probes"
delay 0.1 0.1 0.3
wait_for 60 avoided 3 || fail "least-latency does not leave a backend whose probes became slow"
wait_for 60 modifiers_are degraded,degraded,degraded || fail "not degraded: $(lab_ctl health list web4)"
delay 0 0.2 0.2
wait_for 60 chosen 1 || fail "least-latency does not come back"
wait_for 60 modifiers_are ,degraded,degraded || fail "degraded still: $(lab_ctl health list web4)"
expect_match "event" "$(lab_ctl events)" 'web4/be1 no longer degraded: [0-9]+\.[0-9] ms in the mean'
# One of each, but on a late machine, which makes probes slow: then it comes and goes.
comes_and_goes() {
	local times
	times=$(told 1 'degraded: ')
	[ "$times" -ge 1 ] && [ "$times" -le 5 ] && [ "$(told 1 'no longer degraded: ')" = "$times" ]
}
wait_for 60 comes_and_goes || fail "events of be1: $(lab_ctl events)"

# p2c by errors alone: a backend whose probes all fail is never the better of two.
delay 0 0 0
lab_ctl pool set web4 scheduler=p2c p2c.flows=0 p2c.latency=0 >/dev/null
lab_stop slow-be2 KILL
wait_for 60 avoided 2 || fail "p2c does not leave a backend whose probes fail"
expect_eq "backends in the table" "$(lab_ctl -j table show web4 | jq '.[0].backends')" 3
lab_sluiced_stop
