#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend gets another MAC and tells nobody: packets follow within 3 s.
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
ip -n "$(lab_ns be1)" link set eth0 address 02:00:00:00:be:01
start=${EPOCHREALTIME//[.,]/}
for vip in "$VIP4" "$VIP6"; do
	wait_for 6 lab_answers "$(lab_url "$vip")" || fail "$vip never answered from the new MAC"
done
took=$(((${EPOCHREALTIME//[.,]/} - start) / 1000))
[ "$took" -le 3000 ] || fail "following the new MAC took $took ms"
echo "followed in $took ms"
lab_get 10 "$(lab_url "$VIP4")" >/dev/null
lab_get 10 "$(lab_url "$VIP6")" >/dev/null
lab_sluiced_stop
