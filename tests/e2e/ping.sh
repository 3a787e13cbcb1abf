#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ping to a VIP, by both drivers that share an interface with the kernel: Sluice answers it itself, whole and in both
# families, and says so; neighbours are still found.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

answered() {
	lab_ctl -j status | jq .answered_packets
}

lab_up 2
lab_backends_start
for LAB_DRIVER in af_xdp af_packet; do
	lab_conf
	lab_sluiced_start
	before=$(answered)
	for vip in $(lab_vip_addresses); do
		for size in 0 56 1400; do
			lab_exec client "$LAB_TOP/tests/e2e/ping.py" "$vip" "$size" 3 ||
				fail "$LAB_DRIVER: ping of $size bytes to $vip"
		done
	done
	expect_eq "$LAB_DRIVER: echo requests answered" $(($(answered) - before)) 18
	lab_exec client ip neigh flush dev eth0
	lab_exec lb ip neigh flush dev wan
	for vip in $(lab_vip_addresses); do lab_get 4 "$(lab_url "$vip")"; done
	lab_sluiced_stop
done
