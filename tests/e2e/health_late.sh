#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend is removed while its probe is in flight: the probe goes with it, and a late answer counts for
# nobody, not even for a backend of the same name and address that came meanwhile. A flow of another pool never notices.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 3
health_backends_start
for i in 1 2; do
	mkdir "$LAB_DIR/held$i"
	lab_spawn "held$i" "be$i" "$LAB_TOP/tests/e2e/held_http.py" 8080 "$LAB_DIR/held$i"
	lab_ready "held$i" ready 10
done
# Long: no probe ends by time. The first ones are sent by hand, not at a random time.
LAB_CHECKS='{ name = "held"; type = "http"; port = 8080; inter_ms = 60000; timeout_ms = 30000; }'
LAB_WEIGHTS="100 100 -"
# Without probes of web6.
conf() {
	health_conf
	sed -i -e '/name = "web6"/,/checks/s/checks = \[[^]]*\]/checks = [ ]/' \
		-e 's/inter_ms = 60000;/& fastinter_ms = 60000; downinter_ms = 60000;/' "$LAB_CONF"
}
conf
lab_sluiced_start
faults_begin

# answer N REQUEST STATUS: and wait until it was sent
answer() {
	echo "$3" >"$LAB_DIR/held$1/answer-$2"
	lab_ready "held$1" "^answered $2" 10
}

for i in 1 2; do lab_ctl health run "web4/be$i" >"$LAB_DIR/run$i.log" 2>&1 & done
lab_ready held1 '^asked 1$' 40
lab_ready held2 '^asked 1$' 40
answer 2 1 200
wait_for 10 member_is 2 state UP || fail "$(lab_ctl backend list)"
expect_eq "state of be1" "$(member 1 state)" INIT

# Removed: its connection is closed. Back at once: a new member, asked anew. The answer to the old question comes.
lab_ctl --force backend del web4/be1 >/dev/null
lab_ready held1 '^closed 1$' 10
lab_ctl backend add web4/be1 address=10.77.0.11 >/dev/null
lab_ctl health run web4/be1 >"$LAB_DIR/run3.log" 2>&1 &
lab_ready held1 '^asked 2$' 40
answer 1 1 200
expect_eq "state of be1 after the late answer" "$(member 1 state)" INIT
answer 1 2 503
wait_for 10 member_is 1 state DOWN || fail "$(lab_ctl backend list)"
faults_expect transitions web4/be1=1 web4/be2=1
expect_eq "events of be1" "$(events_of web4/be1 'INIT->UP')/$(events_of web4/be1 'INIT->DOWN held direct L7STS')" 0/1

# And removed for good with a probe in flight, the pool's configuration by reload.
lab_ctl health run web4/be1 >"$LAB_DIR/run4.log" 2>&1 &
lab_ready held1 '^asked 3$' 40
LAB_WEIGHTS="- 100 -"
conf
lab_reload
lab_ready held1 '^closed 3$' 10
answer 1 3 200
expect_eq "members" "$(lab_ctl -j backend list web4 | jq -c 'map([.backend, .state])')" '[["be2","UP"]]'

# Of be1 nothing is left to count; be2, whose only answer was good, came up, once.
faults_expect transitions web4/be2=1
faults_end
lab_sluiced_stop
