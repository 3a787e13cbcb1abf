#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The number of lanes changes by a restart, so that flows come in by other lanes, none of which remembers anything: the
# table sends each to the backend that it had.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/relay.inc.sh
. "$(dirname "$0")/relay.inc.sh"

# send NUMBER: a datagram from each of 30 source ports to each VIP
send() {
	lab_exec client python3 - "$1" "$VIP4" "$VIP6" <<-'END'
		import socket
		import sys

		for vip in sys.argv[2:]:
		    for port in range(3001, 3031):
		        s = socket.socket(socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM)
		        s.bind(("", port))
		        s.sendto(sys.argv[1].encode(), (vip, 80))
	END
}

LAB_DRIVER=af_packet LAB_QUEUES=3 LAB_VIPS="$VIP4=4 $VIP6=6"
lab_up 3
relay_backends
n=0
for LAB_QUEUES in 1 3 2; do
	relay_conf
	lab_sluiced_start
	expect_eq "lanes" "$(lab_ctl -j status | jq .lanes)" "$LAB_QUEUES"
	send "$LAB_QUEUES"
	n=$((n + 30))
	for vip in "$VIP4" "$VIP6"; do
		wait_for 20 relay_arrived "$vip" "$n" || fail "$(cat "$LAB_DIR"/got-be?-"$vip" | wc -l) datagrams to $vip, not $n"
	done
	lab_sluiced_stop
done
for vip in "$VIP4" "$VIP6"; do
	flows=$(for i in 1 2 3; do
		relay_flows "$i" "$vip" >"$LAB_DIR/flows"
		[ "$(wc -l <"$LAB_DIR/flows")" -ge 3 ] || fail "be$i has $(wc -l <"$LAB_DIR/flows") flows to $vip"
		cat "$LAB_DIR/flows"
	done)
	expect_eq "flows to $vip at several backends" "$(sort <<<"$flows" | uniq -d | wc -l)" 0
	expect_eq "flows to $vip" "$(wc -l <<<"$flows")" 30
done
