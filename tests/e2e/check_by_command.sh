#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A check from nothing, by command, under traffic: it is added, given to a pool, changed key by key while the
# backends' states follow what it asks, refused to go while it is used, and goes. Who probes when it should not be,
# or is not probed, shows in the backends' access logs and in the counts of results.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/control.inc.sh
. "$(dirname "$0")/control.inc.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

# result N KEY [POOL]: of the one check of a backend
result() { lab_ctl -j --filter "backend=be$1" health list "${3:-web4}" | jq -r ".[0].$2"; }
results() { lab_ctl -j health list web4 | jq '[.[] | .ok + .failed + .neutral] | add'; }
more_results() { [ "$(results)" -ge "$1" ]; }
check() { lab_ctl -j --filter "check=$1" check list | jq -c ".[0] | $2"; }
# set_check KEY=VALUE...: of "web"; in force when it returns
set_check() { lab_ctl check set web "$@" >/dev/null; }

LAB_VIPS="$VIP4=4"
lab_up 2
health_backends_start
LAB_POOL='slow_start_s = 0; panic_pct = 0; on_all_down = "reject";'
health_conf
lab_sluiced_start
health_bg_start
expect_eq "checks" "$(lab_ctl check list)" 'no checks'
expect_eq "backends without a check" "$(member 1 state) $(member 1 checks)" "UP 0"

refused 1 'a new check needs "type"' check add web port=80
refused 1 'unknown key "inter_sm", did you mean "inter_ms"' check add web type=tcp inter_sm=5
refused 1 'type "htpp" is not .*, did you mean "http"' check add web type=htpp
refused 1 'check "web": timeout_ms 1000 is above inter_ms 100' check add web type=http inter_ms=100 fastinter_ms=50
refused 0 'would be accepted' -n check add web type=http
refused 6 'check "web" not found' check show web
lab_ctl check add web type=http inter_ms=100 fastinter_ms=25 downinter_ms=100 timeout_ms=100 >/dev/null
refused 1 'check "web" exists already' check add web type=tcp
expect_eq "who uses it" "$(check web '[.type, .port, .pools, .backends]')" '["http",null,[],0]'
refused 1 'check "wbe" does not exist, did you mean "web"' pool set web4 checks=wbe

refused 1 'check "web": "port" is missing: pool "web4" uses the check and its VIPs have several ports' pool set web4 checks=web
set_check port=80

# Nobody is asked before a pool has it; then both are.
lab_ctl pool set web4 checks=web >/dev/null
wait_pool web4 up=2 10
more_results_of_both() { [ "$(result 1 ok)" -ge 1 ] && [ "$(result 2 ok)" -ge 1 ]; }
wait_for 10 more_results_of_both || fail "the backends are not probed: $(lab_ctl health list)"
expect_eq "results" "$(result 1 code) $(result 2 code)" "L7OK L7OK"
expect_eq "who uses it" "$(check web '[.pools, .backends, .up]')" '[["web4"],2,2]'
expect_eq "check show" "$(lab_ctl -j check show web | jq -c '[.pools, .up, .config.type, .config["reuse.max"]]')" '[["web4"],2,"http",0]'
expect_match "check list" "$(lab_ctl check list | tail -n 1)" '^web +http +direct +80 +100 +100 +2 +3 +2 +2 +0 +0 +web4$'
refused 5 'check "web" is used by pool "web4"' check del web
refused 5 'at revision' --if-rev 1 check set web fall=2
served be1 be2

# Other times: what was found out is known still, and the state does not move.
before=$(result 1 ok)
[ "$before" -ge 1 ] || fail "be1 has no good result"
lab_ctl check set web inter_ms=3600000 fastinter_ms=3600000 downinter_ms=3600000 fall=2 >/dev/null
[ "$(result 1 ok)" -ge "$before" ] || fail "of $before good results $(result 1 ok) are left"
expect_eq "state" "$(member 1 state) $(member 1 check) $(member 1 code)" "UP web L7OK"
at_rest() { [ "$(lab_ctl -j status | jq .health.inflight)" = 0 ]; }
wait_for 5 at_rest || fail "a probe goes on for ever"
quiet=$(results)
sleep 0.5 # five probes of each would come
expect_eq "results while probes are an hour apart" "$(results)" "$quiet"
listens 1 no
for i in 1 2; do lab_ctl health run web4/be1 >/dev/null || expect_eq "exit status of the probe" $? 7; done
expect_eq "with fall=2 and two failures" "$(member 1 state)" DOWN
expect_eq "why" "$(result 1 code)" L4CON
served be2
listens 1 yes
set_check inter_ms=100 fastinter_ms=25 downinter_ms=100
wait_pool web4 up=2 10

# What is asked: another port, another path, what is expected of the answer. Each shows in the states.
set_check port=81
wait_pool web4 down=2 10
expect_eq "who gets connections" "$(pool decision)" reject
expect_match "be1" "$(lab_ctl backend list web4 | grep be1)" 'DOWN.*L4CON'
set_check port=80 status=404
wait_for 10 member_is 1 code L7STS || fail "$(lab_ctl health list)"
expect_eq "be1 with status=404" "$(member 1 state)" DOWN
set_check status= body=be2
wait_pool web4 up=1 10
wait_for 10 member_is 2 state UP || fail "be2 is not up: $(lab_ctl health list)"
expect_eq "be1 with body=be2" "$(member 1 state)" DOWN
served be2
set_check body= path=/health
wait_pool web4 up=2 10
probed() { grep -q ' /health$' "$LAB_DIR/be1/access.log"; }
wait_for 10 probed || fail "nobody asked for /health: $(tail -n 3 "$LAB_DIR/be1/access.log")"
served be1 be2

# Something else is asked, and probes are an hour apart: who serves is asked once before it could count as down.
downs=$(($(events_of web4/be1 'UP->DOWN') + $(events_of web4/be2 'UP->DOWN')))
lab_ctl check set web inter_ms=3600000 fastinter_ms=3600000 downinter_ms=3600000 path=/hourly >/dev/null
both_asked() { [ "$(lab_ctl -j health list web4 | jq -c 'map(.ok)')" = '[1,1]' ]; }
wait_for 8 both_asked || fail "no first probe: $(lab_ctl health list web4)"
expect_eq "states" "$(member 1 state) $(member 2 state)" "UP UP"
expect_eq "UP->DOWN" $(($(events_of web4/be1 'UP->DOWN') + $(events_of web4/be2 'UP->DOWN'))) "$downs"
set_check inter_ms=100 fastinter_ms=25 downinter_ms=100 path=/health

# Another type; a key that it has no use for is refused with the type, in one step or in two.
refused 1 'check "web": tcp has no use for "path"' check set web type=tcp
set_check type=tcp path=
wait_for 10 member_is 1 code L4OK || fail "$(lab_ctl health list)"
expect_eq "states" "$(member 1 state) $(member 2 state)" "UP UP"

# A second check of the same pool; and one batch that gives another and takes the first off.
added='{"cmd":"check.add","args":{"check":"other","type":"tcp","port":80,"inter_ms":100,"fastinter_ms":25,"timeout_ms":100}}'
said=$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":['"$added"',{"cmd":"check.del","args":{"check":"web"}}]}}')
expect_match "a batch that would leave a pool without its check" "$said" 'EBUSY.*ops\[1\]: check ..web.. is used by pool ..web4'
expect_eq "checks after it" "$(lab_ctl -j check list | jq -c 'map(.check)')" '["web"]'
said=$(ask '{"v":1,"id":2,"cmd":"batch","args":{"ops":['"$added"',{"cmd":"pool.set","args":{"pool":"web4","checks":["other"]}},{"cmd":"check.del","args":{"check":"web"}}]}}')
expect_match "a batch" "$said" '"ok":true'
lab_revision_is_new() { [ "$(lab_ctl -j status | jq '.rev == .accepted_rev')" = true ]; }
wait_for 10 lab_revision_is_new || fail "the batch did not take force"
expect_eq "checks" "$(lab_ctl -j check list | jq -c 'map([.check, .pools])')" '[["other",["web4"]]]'
# The other one asks what the first one asked, and knows what that knew.
expect_eq "states" "$(member 1 state) $(member 2 state)" "UP UP"
listens 2 no
wait_for 10 member_is 2 state DOWN || fail "be2 is not probed: $(lab_ctl health list)"

# Saved, read again, the same; the file that never had it takes it away, and nobody is probed any more.
lab_ctl config save --to "$LAB_DIR/saved.conf" >/dev/null
grep -q 'name = "other"' "$LAB_DIR/saved.conf" || fail "the check is not saved"
expect_match "drift" "$(lab_ctl config diff)" 'check "other" added'
lab_ctl pool set web4 checks= >/dev/null
lab_ctl check del other >/dev/null
expect_eq "checks" "$(lab_ctl check list)" 'no checks'
expect_eq "be2 without a check" "$(member 2 state)" UP
expect_eq "probes" "$(lab_ctl -j status | jq '.health | [.checks, .inflight] | add')" 0
listens 2 yes
cp "$LAB_DIR/saved.conf" "$LAB_CONF"
lab_ctl config apply >/dev/null
wait_pool web4 up=2 10
expect_eq "checks" "$(check other '[.pools, .backends]')" '[["web4"],2]'
expect_match "the log" "$(lab_log sluiced)" 'audit: control: uid 0 pid [0-9]+ check.add .*"check":"web".*: done, revision 2'
health_bg_end
lab_sluiced_stop
