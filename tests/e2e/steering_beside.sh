#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# VIPs by the hundred are steered beside the control loop: those that stay serve all the while; of changes that come
# meanwhile the newest takes force; where the kernel refuses, that is said and the revision is in force all the same; the
# daemon ends in the middle of it.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/control.inc.sh
. "$(dirname "$0")/control.inc.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 2
health_backends_start
health_conf
cp "$LAB_CONF" "$LAB_DIR/few"

# with NET: the file with 1,500 VIPs of 203.NET.0.0/16 more
with() {
	awk -v net="$1" '
		{ print }
		/^vips = \($/ {
			for (i = 0; i < 1500; i++)
				printf "{ name = \"o%d\"; address = \"203.%d.%d.%d\"; port = 80; pool = \"web4\"; },\n", i, net,
					int(i / 250), 1 + i % 250
		}' "$LAB_DIR/few" >"$LAB_CONF"
}
# on_host NET: how many of them the host holds
on_host() { lab_exec lb ip -4 -o addr show dev sluice0 | grep -c "203\.$1\." || true; }
vips() { lab_ctl -j status | jq .vips; }

cp "$LAB_DIR/few" "$LAB_CONF"
lab_sluiced_start
few=$(vips)
health_bg_start

with 1
lab_ctl -t 20 config apply >/dev/null
expect_eq "VIPs on the host" "$(on_host 1)" 1500
for net in 2 3 4 5; do
	with "$net"
	ask '{"v":1,"id":1,"cmd":"config.apply"}' >"$LAB_DIR/said"
	expect_eq "file $net accepted" "$(jq -s 'map(select(.ok)) | length' "$LAB_DIR/said")" 1
done
wait_for 20 in_force || fail "not in force: $(lab_ctl -j status | jq -c '[.rev, .accepted_rev]')"
expect_eq "VIPs of the newest on the host" "$(on_host 5)" 1500
for net in 1 2 3 4; do expect_eq "VIPs of file $net" "$(on_host $net)" 0; done
lab_get 30 "$(lab_url "$VIP4")" >/dev/null
health_bg_end

# Without its interface the kernel takes no VIP: that is said, and the workers serve what was wanted.
lab_exec lb ip link del sluice0
with 6
lab_ctl -t 20 config apply >/dev/null 2>&1 || true
wait_for 20 in_force || fail "a revision that was steered in part is not in force"
expect_eq "last apply" "$(lab_ctl -j status | jq -r .config.last_apply)" failed
expect_match "the reason" "$(lab_ctl -j status | jq -r .config.error)" 'sluice0'
expect_match "the log" "$(lab_log sluiced)" 'is in force, but not all its VIPs are steered'
expect_eq "VIPs in force" "$(vips)" $((few + 1500))

# The end comes while some are steered.
with 7
ask '{"v":1,"id":1,"cmd":"config.apply"}' >/dev/null
lab_sluiced_stop
