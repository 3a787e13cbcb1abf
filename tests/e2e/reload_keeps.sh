#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A reload that leaves VIPs, pools and backends alone leaves their counters, connections and health alone, to the
# last packet; of several requests while one is being built the newest wins.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4"
LAB_CHECKS='{ name = "tcp"; type = "tcp"; port = 80; inter_ms = 2000; fastinter_ms = 100; timeout_ms = 2000; }'
lab_up 3
lab_backends_start
lab_conf
lab_sluiced_start
lab_ctl pool show web4 >/dev/null
lab_ctl wait pool web4 up=3 -t 30 >/dev/null || fail "the backends are not up"

# What must not move without traffic.
kept() {
	lab_ctl -j vip list | jq -cS 'map({vip, packets, bytes})'
	lab_ctl -j backend list web4 | jq -cS 'map({backend, packets, bytes, new_flows, flows, over_flows, slots, state})'
	lab_ctl -j pool list | jq -cS 'map({pool, checksum, decision})'
	lab_ctl -j flow list | jq -cS 'map({lane, pool, backend, state}) | sort'
	lab_ctl -j health list | jq -cS 'map({pool, backend, state})'
}

lab_get 50 "$(lab_url "$VIP4")" >/dev/null
# Counters are read one after the other.
settled() {
	local one
	one=$(kept)
	sleep 0.3
	[ "$(kept)" = "$one" ]
}
lab_connections_over
wait_for 20 settled || fail "the counters do not come to rest"
kept >"$LAB_DIR/before"
expect_between "new flows" "$(lab_ctl -j backend list web4 | jq 'map(.new_flows) | add')" 50 60
up_since() { lab_ctl -j health list | jq -c '[.[] | .since_s] | min'; }
sleep 1
since=$(up_since)

# A comment, another order of the file, a key elsewhere, and the same file once more.
echo '// nothing' >>"$LAB_CONF"
lab_ctl config apply >/dev/null
sed -i 's/^eal = /flows = { udp_s = 61; };\n&/' "$LAB_CONF"
lab_ctl config apply >/dev/null
expect_match "a key elsewhere" "$(lab_ctl -j backend list web4 | jq length)" '^3$'
kill -HUP "$(lab_pid sluiced)"
wait_for 30 lab_revision_after 3 || fail "no revision 4"
lab_ctl pool add other >/dev/null
lab_ctl vip add other address="$VIP4B" port=81 pool=web4 >/dev/null
lab_ctl --force vip del other >/dev/null
lab_ctl pool del other >/dev/null
kept >"$LAB_DIR/after"
diff "$LAB_DIR/before" "$LAB_DIR/after" || fail "a reload moved what it should leave alone"
[ "$(jq -n "$(up_since) >= $since")" = true ] || fail "health began anew: up for $(up_since) s, $since s before"

# One more request counts exactly one connection more.
lab_get 1 "$(lab_url "$VIP4")" >/dev/null
expect_eq "new flows" "$(lab_ctl -j backend list web4 | jq 'map(.new_flows) | add')" \
	$(($(sed -n 2p "$LAB_DIR/before" | jq 'map(.new_flows) | add') + 1))

# Of 50 weights that come while the first is built and gathered, the last one is what is in force, the revision is
# that of the last, and most were never built.
requests() {
	for i in $(seq 50); do
		printf '{"v":1,"id":%d,"cmd":"backend.weight","args":{"pool":"web4","backend":"be1","weight":%d}}\n' "$i" $((100 + i))
	done
	printf '{"v":1,"id":51,"cmd":"applied"}\n'
}
in_force() { lab_log sluiced | grep -cE 'revision [0-9]+ in force' || true; }
before=$(in_force)
rev=$(lab_revision)
answer=$(requests | socat -t60 - "UNIX-CONNECT:$LAB_SOCKET" | tail -n 1)
expect_eq "revision in force" "$(jq .data.rev <<<"$answer")" $((rev + 50))
expect_eq "weight" "$(lab_ctl -j backend list web4 | jq '.[0].weight')" 150
# A table of its own each would be 50; gathered, it is four a second for as long as the machine takes to read them.
expect_between "revisions that took force" $(($(in_force) - before)) 1 40
lab_sluiced_stop
