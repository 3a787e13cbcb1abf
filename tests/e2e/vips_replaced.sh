#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# All 4,096 VIPs that there may be, all but one replaced by others 20 times in a row, by the file and one by one by
# command: each change is taken and takes force, and the one that stays serves all the while, with its counters.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 2
health_backends_start
health_conf
cp "$LAB_CONF" "$LAB_DIR/few"

# Three files with 4,093 VIPs more, none of which is in another one.
for i in 0 1 2; do
	awk -v first=$((1 + i * 5000)) '
		{ print }
		/^vips = \($/ {
			for (i = 0; i < 4093; i++)
				printf "{ name = \"o%d\"; address = \"203.0.113.20\"; port = %d; pool = \"web4\"; },\n", i, first + i
		}' "$LAB_DIR/few" >"$LAB_DIR/others$i"
done
others() { cp "$LAB_DIR/others$(($1 % 3))" "$LAB_CONF"; }
vips() { lab_ctl -j status | jq .vips; }
others 0
lab_sluiced_start
expect_eq "VIPs" "$(vips)" 4096
health_bg_start
lab_get 30 "$(lab_url "$VIP4")" >/dev/null
before=$(lab_ctl -j vip show vip1 | jq .packets)
[ "$before" -ge 90 ] || fail "only $before packets to vip1"

for round in {1..20}; do
	others "$round"
	said=$(lab_ctl -t 60 config apply 2>&1) || fail "round $round: $said"
	expect_match "round $round" "$said" "revision $((round + 1)) in force"
done
expect_eq "VIPs" "$(vips)" 4096
expect_eq "the port of o7" "$(lab_ctl -j vip show o7 | jq .config.port)" $((1 + 20 % 3 * 5000 + 7))
lab_get 30 "$(lab_url "$VIP4")" >/dev/null
after=$(lab_ctl -j vip show vip1 | jq .packets)
[ "$after" -ge $((before + 90)) ] || fail "vip1 has $after packets, $before before"

# One by one, each as soon as the one before was accepted; none waits for the other to take force.
changes() {
	local i
	for i in {1..20}; do
		printf '{"v":1,"id":%d,"cmd":"vip.set","args":{"vip":"o%d","port":%d,"force":true}}\n' "$i" "$i" $((60000 + i))
	done
	printf '{"v":1,"id":21,"cmd":"applied"}\n'
}
changes | socat -t60 - "UNIX-CONNECT:$LAB_SOCKET" >"$LAB_DIR/said"
expect_eq "accepted" "$(jq -s 'map(select(.ok)) | length' "$LAB_DIR/said")" 21
expect_eq "revision in force" "$(tail -n 1 "$LAB_DIR/said" | jq .data.rev)" 41
expect_eq "the port of o20" "$(lab_ctl -j vip show o20 | jq .config.port)" 60020
expect_match "the last change" "$(lab_ctl -j status | jq -r .config.last_apply)" '^ok$'
health_bg_end
lab_sluiced_stop
