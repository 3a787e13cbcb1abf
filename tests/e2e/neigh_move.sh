#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend gets another MAC and tells nobody: packets follow, and within 3 s where the machine is not late itself: of
# several moves the fastest counts.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1
lab_backends_start
lab_conf
lab_sluiced_start
lab_get 10 "$(lab_url "$VIP4")" >/dev/null
lab_get 10 "$(lab_url "$VIP6")" >/dev/null

# be1 must keep its own neighbours, so that it has nothing to ask and gives nothing away.
lab_sysctl be1 net.ipv4.conf.all.arp_notify=0 net.ipv6.conf.all.ndisc_notify=0
best=1000000
for ((move = 1; move <= 5 && best > 3000; move++)); do
	ip -n "$(lab_ns be1)" link set eth0 address "02:00:00:00:be:0$move"
	start=${EPOCHREALTIME//[.,]/}
	for vip in "$VIP4" "$VIP6"; do
		wait_for 20 lab_answers "$(lab_url "$vip")" || fail "$vip never answered from the new MAC"
	done
	took=$(((${EPOCHREALTIME//[.,]/} - start) / 1000))
	echo "followed in $took ms"
	[ "$took" -ge "$best" ] || best=$took
	lab_get 10 "$(lab_url "$VIP4")" >/dev/null
	lab_get 10 "$(lab_url "$VIP6")" >/dev/null
done
[ "$best" -le 3000 ] || fail "following a new MAC took $best ms each time, or longer"
lab_sluiced_stop
