#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Broken headers: cut, wrong header length, lying total length, wrong checksum, TTL 0 and 1. Each has its one
# reason, what is only odd travels on, and thousands of mutated packets end somewhere. By both drivers.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/odd.inc.sh
. "$(dirname "$0")/odd.inc.sh"

# Pools that take a hop off, behind the second VIPs.
hops() {
	printf ', { name = "hops%s"; decrement_ttl = true; backends = ( { name = "be1"; address = "%s"; } ); }' \
		"$1" "$2"
}
LAB_MORE_POOLS="$(hops 4 10.77.0.11)$(hops 6 fd77::11)"
odd_up 2 ", { name = \"hops4\"; address = \"$VIP4B\"; port = 9; protocol = \"udp\"; pool = \"hops4\"; }
	, { name = \"hops6\"; address = \"$VIP6B\"; port = 9; protocol = \"udp\"; pool = \"hops6\"; }"
odd_run odd_headers.py "$LAB_DRIVER"
lab_sluiced_stop

LAB_DRIVER=af_packet
health_conf
lab_sluiced_start
odd_run odd_headers.py "$LAB_DRIVER"
lab_sluiced_stop
