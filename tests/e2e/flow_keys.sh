#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# flows.exact_keys: the list of connections says who they are, as the backends have logged them. Changing the
# key takes a restart; the timeouts do not.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 3
lab_backends_start
lab_conf
echo 'flows = { exact_keys = true; tcp_closing_s = 1000; };' >>"$LAB_CONF"
lab_sluiced_start

# listed N: the clients that sluiced says backend N has
listed() {
	lab_ctl -j flow list | jq -r --arg be "be$1" \
		'.[] | select(.backend == $be and .protocol == "tcp") | .client' | tr -d '[]' | sort
}

logged() {
	lab_logged "$1"
	awk '$3 == 200 { print $2 }' "$LAB_DIR/be$1/access.log" | sort
}

lab_get 90 "$(lab_url "$VIP4")" >/dev/null
lab_get 60 "$(lab_url "$VIP6")" >/dev/null
for i in 1 2 3; do
	expect_eq "clients of be$i" "$(listed "$i")" "$(logged "$i")"
done
expect_eq "VIPs" "$(lab_ctl -j flow list | jq -r '.[].vip' | sort | uniq -c | awk '{ print $1 }' | sort -n | xargs)" "60 90"
lab_ctl flow list | awk 'NR == 1 { bad = !/CLIENT +VIP +PROTO/ } END { exit bad }' || fail "no columns for the ends"

# One is forgotten, by the ends that the list has; then those of a backend.
one=$(lab_ctl -j flow list web4/be2 | jq -r '.[0] | "\(.client) \(.vip)/\(.protocol)"')
# shellcheck disable=SC2086
expect_eq "forgotten of $one" "$(lab_ctl flow flush $one)" "1 forgotten"
expect_eq "listed of it" "$(lab_ctl -j flow list | jq --arg c "${one%% *}" 'map(select(.client == $c)) | length')" 0
expect_eq "connections" "$(lab_ctl -j flow list | jq length)" 149
six=$(lab_ctl -j flow list web6/be1 | jq length)
expect_eq "forgotten of be1" "$(lab_ctl flow flush --backend web6/be1)" "$six forgotten"
expect_eq "connections" "$(lab_ctl -j flow list | jq length)" $((149 - six))

# Taken up at run time: the flows are over 1 s after their last packet now.
sed -i 's/tcp_closing_s = 1000/tcp_closing_s = 1/' "$LAB_CONF"
lab_reload
gone() { [ "$(lab_ctl -j flow list | jq length)" = 0 ]; }
wait_for 15 gone || fail "flows outlive flows.tcp_closing_s"

sed -i 's/exact_keys = true/exact_keys = false/' "$LAB_CONF"
kill -HUP "$(lab_pid sluiced)"
refused() { lab_ctl -j status | jq -e '.config.error // "" | test("flows.exact_keys")' >/dev/null; }
wait_for 10 refused || fail "a change of exact_keys is not refused: $(lab_ctl -j status | jq -c .config)"
lab_sluiced_stop
