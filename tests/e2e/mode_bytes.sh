#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What Sluice sends to a backend, byte by byte: every way of forwarding, both families outside and inside, a table of
# packets each. scapy makes every header and every checksum anew and the frames are compared.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/odd.inc.sh
. "$(dirname "$0")/odd.inc.sh"

# A pool a line: name, family of its backend, families of its VIPs, keys of the pool, keys of the backend.
modes='
l2_4       4 4  forward="l2";
l2_6       6 6  forward="l2";
ipip_4     4 46 forward="ipip";
ipip_6     6 46 forward="ipip";
varied_4   4 46 forward="ipip";tunnel_source_prefix=["10.9.0.0/16"];
varied_6   6 46 forward="ipip";tunnel_source_prefix=["fd99::/64"];
gue_4      4 46 forward="gue";
gue_6      6 46 forward="gue";
guefull_4  4 46 forward="gue";gue_checksum="full";
guefull_6  6 46 forward="gue";gue_checksum="full";
dscp_4     4 4  forward="dscp"; dscp=10;
dscp_6     6 6  forward="dscp"; dscp=63;'

LAB_MORE_POOLS='' vips='' n=20
while read -r name family inner keys more; do
	[ -n "$name" ] || continue
	[ "$family" = 4 ] && address=10.77.0.11 || address=fd77::11
	LAB_MORE_POOLS+=", { name = \"$name\"; $keys backends = ( { name = \"be1\"; address = \"$address\"; $more } ); }"
	for vip in 203.0.113.$n 2001:db8:77::$n; do
		case $inner/$vip in 4/*:* | 6/*.*) continue ;; esac
		for protocol in tcp udp; do
			vips+=", { name = \"$protocol-${vip//:/_}\"; address = \"$vip\"; port = 0; protocol = \"$protocol\";
				pool = \"$name\"; echo = \"backend\"; }"
		done
	done
	n=$((n + 1))
done <<<"$modes"

odd_up 2 "$vips"
odd_run mode_bytes.py "$modes"
lab_sluiced_stop
