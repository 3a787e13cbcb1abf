#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a member of a pool remembers, and what it does not: pools that ask the same share a probe; without a verdict
# nobody gets packets; who falls too often is held out, comes back first when others are gone, and keeps its points over
# reloads; another address is another member; weight 0 ends new connections and no probes.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 4
lab_backends_start
# Probes are an hour apart: those that count are sent by hand. But for `often`, of a pool of its own.
hour='inter_ms = 3600000; fastinter_ms = 3600000; downinter_ms = 3600000;'
LAB_CHECKS="{ name = \"tcp\"; type = \"tcp\"; port = 80; $hour rise = 1; fall = 1; }"
LAB_POOL='slow_start_s = 0; flap = { suppress = 1500; reuse = 700; half_life_s = 3600; };'
LAB_MORE_POOLS=', { name = "twin"; checks = [ "tcp" ]; backends = ( { name = "t1"; address = "10.77.0.11"; } ); },
	{ name = "often"; checks = [ "often" ]; backends = ( { name = "o1"; address = "10.77.0.12"; weight = 0; } ); }'
LAB_WEIGHTS="100 100 100 -"
lab_conf
sed -i 's/^checks = ( /&{ name = "often"; type = "tcp"; port = 80; inter_ms = 100; fastinter_ms = 100; timeout_ms = 100; }, /; /name = "web[46]"/,/checks/s/"often",//' "$LAB_CONF"
health_vip flows "$VIP4" 7 web4
lab_sluiced_start

probe() { lab_ctl health run "web4/be$1" >/dev/null || [ $? = 7 ]; }
fall() { listens "$1" no; probe "$1"; member_is "$1" state DOWN || fail "be$1 does not fall"; }
rise() { unset "LAB_PIDS[nginx-be$1]"; listens "$1" yes; probe "$1"; member_is "$1" state UP || fail "be$1 does not rise"; }

# Nobody has a verdict: no table, and each packet is dropped for that.
expect_eq "decision" "$(pool decision)" wait
for _ in {1..7}; do lab_exec client bash -c "echo >/dev/udp/$VIP4/7"; done
dropped() { [ "$(drops_of no_table)" = 7 ]; }
wait_for 5 dropped || fail "dropped for want of a table: $(drops_of no_table), not 7"

# One probe for both pools: what one asks, both know.
expect_eq "checks" "$(lab_ctl -j status | jq .health.checks)" 7
probe 1
expect_eq "state in the twin" "$(member 1 state)/$(lab_ctl -j backend list twin | jq -r '.[0].state')" UP/UP
expect_eq "results in the twin" "$(lab_ctl -j health list twin | jq '.[0].ok')" 1
probe 2
probe 3
all_in() { lab_ctl -j backend list web4 | jq -e 'all(.slots > 0)' >/dev/null; }
wait_for 5 all_in || fail "not all in the table: $(lab_ctl backend list web4)"

# Weight 0: no slot, and probes go on.
oks() { lab_ctl -j health list often | jq '.[0].ok'; }
expect_eq "slots at weight 0" "$(lab_ctl -j backend list often | jq '.[0].slots')" 0
before=$(oks)
more() { [ "$(oks)" -ge $((before + 3)) ]; }
wait_for 10 more || fail "no probes at weight 0"

# Down twice: held out, though it is up.
fall 1
rise 1
fall 1
rise 1
held_out() { [ "$(member 1 modifiers)" = suppressed ] && [ "$(member 1 slots)" = 0 ]; }
wait_for 5 held_out || fail "be1 is not held out: $(lab_ctl backend show web4/be1)"
expect_match "events" "$(lab_ctl events)" 'web4/be1 flapping: held out, penalty (1[5-9][0-9]{2}|2000)$'
expect_match "pool show" "$(lab_ctl pool show web4)" 'be1 .* UP suppressed '
expect_eq "decision" "$(pool decision)" normal

# A reload that leaves it alone leaves it what it has; the twin, whose pool changed, too.
kept() { lab_ctl -j backend list "$1" | jq -c 'map([.backend, .state, .modifiers, .transitions, (.penalty / 100 | floor)])'; }
was=$(kept web4) was_twin=$(kept twin)
echo 'flows = { udp_s = 61; };' >>"$LAB_CONF"
sed -i 's/name = "twin";/& drain_timeout_s = 7;/' "$LAB_CONF"
lab_reload
expect_eq "members after a reload" "$(kept web4)" "$was"
expect_eq "members of a pool that changed" "$(kept twin)" "$was_twin"

# The others are gone: who was held out is better than nobody.
fall 2
fall 3
reserve() { pool_is decision reserve && [ "$(member 1 slots)" = "$(pool table_size)" ]; }
wait_for 5 reserve || fail "no reserve: $(lab_ctl pool show web4)"
lab_get 20 "$(lab_url "$VIP4")" >"$LAB_DIR/bodies"
expect_eq "answers" "$(grep -cx be1 "$LAB_DIR/bodies")" 20
rise 2
rise 3
wait_for 5 held_out || fail "be1 is not held out again: $(lab_ctl backend show web4/be1)"

# Another address is another member, without a past. The old one's points stay behind.
lab_ctl backend set web4/be3 address=10.77.0.14 >/dev/null
expect_eq "a new address" "$(member 3 state)/$(member 3 transitions)/$(member 3 penalty)" INIT/0/0
expect_eq "the others" "$(kept web4 | jq -c '.[0:2]')" "$(jq -c '.[0:2] | .[1][3] = 3 | .[1][4] = 9' <<<"$was")"

# Points halve with time; a key says how fast, also for who is held out already.
lab_ctl pool set web4 flap.half_life_s=1 >/dev/null
back() { [ "$(member 1 modifiers)" = "" ] && [ "$(member 1 slots)" -gt 0 ]; }
wait_for 10 back || fail "be1 stays held out: $(lab_ctl backend show web4/be1)"
expect_match "events" "$(lab_ctl events)" 'web4/be1 no longer held out for flapping'
lab_sluiced_stop
