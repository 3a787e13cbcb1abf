#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A second sluiced on the same configuration is refused before it disturbs the first.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
before=$(lab_exec lb ip -d link show dev wan | grep -o 'prog/xdp id [0-9]*')
lab_get 20 "$(lab_url "$VIP4")" >/dev/null

# The same file; another prefix and socket but the same interface.
sed "s|$LAB_PREFIX|$LAB_PREFIX-b|; s|control.sock|control-b.sock|" "$LAB_CONF" >"$LAB_DIR/other.conf"
for conf in "$LAB_CONF" "$LAB_DIR/other.conf"; do
	lab_refused "$conf"
	expect_match "refusal of a second instance" "$LAB_SAID" 'already|in use|another'
done

# Another interface, but DPDK's directory is taken.
sed "s|control.sock|control-c.sock|; s|^ports.*|ports = ( { name = \"x\"; driver = \"vdev\"; device = \"net_null0\"; next_hop_mac = \"02:00:00:00:00:02\"; } );|" \
	"$LAB_CONF" | sed '/^pools/,$d' >"$LAB_DIR/prefix.conf"
lab_refused "$LAB_DIR/prefix.conf"
expect_match "refusal of a used file_prefix" "$LAB_SAID" "Another sluiced with eal.file_prefix = \"$LAB_PREFIX\""

expect_eq "XDP program of the first" "$(lab_exec lb ip -d link show dev wan | grep -o 'prog/xdp id [0-9]*')" "$before"
lab_get 50 "$(lab_url "$VIP4")" >/dev/null
lab_get 50 "$(lab_url "$VIP6")" >/dev/null
lab_ctl status >/dev/null
lab_sluiced_stop
