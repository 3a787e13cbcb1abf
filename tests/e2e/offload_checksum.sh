#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A device that does checksums: net_tap, whose driver fills in what frames are marked for and judges what comes. GUE with
# full UDP checksums leaves it right, over both families, and packets with a wrong IPv4 checksum end; the same with
# offloads = false. No device here does it in hardware.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

mac=02:00:00:00:00:77
lab_up 1
# shellcheck disable=SC2034
LAB_FORWARD=gue LAB_POOL='gue_checksum = "full"; tunnel_source = [ "10.77.0.2", "fd77::2" ];'

drops() {
	lab_ctl -j drops | jq ".[] | select(.reason == \"$1\") | .packets"
}

# run OFFLOADS WORK
run() {
	lab_conf
	sed -i "s|^ports = .*|ports = ( { name = \"tap\"; driver = \"vdev\"; device = \"net_tap0,iface=tap0,mac=$mac\"; \
next_hop_mac = \"02:00:00:00:00:99\"; offloads = $1; } );|" "$LAB_CONF"
	lab_sluiced_start
	expect_eq "work of the device" "$(lab_ctl -j port list | jq -r '.[0].offloads | join(",")')" "$2"
	lab_exec lb ip link set tap0 up
	# VIP4 by a backend with an IPv4 address, VIP6 by one with an IPv6 address
	expect_eq "right, and wrong ones sent" \
		"$(lab_exec lb "$LAB_TOP/tests/e2e/gue_checksum.py" tap0 "$mac" "$VIP4" "$VIP6")" "19 9"
	expect_eq "dropped for their checksum" "$(drops ip_checksum)" 9
	lab_sluiced_stop
}

run true rx-ip-checksum,tx-udp-checksum
run false ""
