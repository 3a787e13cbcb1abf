#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What probes measure reaches the schedulers: new connections leave a backend whose probes become slow or fail, and
# come back to it. Only the answers to probes change; the requests are answered by nginx as before.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4"
# A failure does not take a backend out within this test: what is seen is the scheduler's.
LAB_CHECKS='{ name = "speed"; type = "http"; port = 8080; inter_ms = 400; fastinter_ms = 400; timeout_ms = 400; fall = 100; }'
LAB_POOL='scheduler = "least-latency";'
lab_up 3
lab_backends_start
for i in 1 2 3; do
	echo 0 >"$LAB_DIR/delay$i"
	lab_spawn "slow-be$i" "be$i" "$LAB_TOP/tests/e2e/slow_http.py" 8080 "$LAB_DIR/delay$i"
	lab_ready "slow-be$i" ready 10
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

delay 0.1 0.1 0
wait_for 60 chosen 3 || fail "least-latency does not go to the backend with the fastest probes"
delay 0.1 0.1 0.3
wait_for 60 avoided 3 || fail "least-latency does not leave a backend whose probes became slow"
delay 0 0.2 0.2
wait_for 60 chosen 1 || fail "least-latency does not come back"

# p2c by errors alone: a backend whose probes all fail is never the better of two.
delay 0 0 0
lab_ctl pool set web4 scheduler=p2c p2c.flows=0 p2c.latency=0 >/dev/null
lab_stop slow-be2 KILL
wait_for 60 avoided 2 || fail "p2c does not leave a backend whose probes fail"
expect_eq "backends in the table" "$(lab_ctl -j table show web4 | jq '.[0].backends')" 3
lab_sluiced_stop
