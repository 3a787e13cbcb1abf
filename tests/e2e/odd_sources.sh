#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sources that no packet to a VIP has: source equal to destination, martians, a VIP, our own tunnel; and our
# own tunnelled packets coming back. Each has its reason, none goes on, and other odd sources are served.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/odd.inc.sh
. "$(dirname "$0")/odd.inc.sh"

LAB_MORE_POOLS=', { name = "varied4"; tunnel_source_prefix = [ "10.9.0.0/16" ]; backends = ( { name = "be1"; address = "10.77.0.11"; } ); }
	, { name = "varied6"; tunnel_source_prefix = [ "fd99::/64" ]; backends = ( { name = "be1"; address = "fd77::11"; } ); }'
odd_up 2 ", { name = \"varied4\"; address = \"$VIP4B\"; port = 0; protocol = \"udp\"; pool = \"varied4\"; }
	, { name = \"varied6\"; address = \"$VIP6B\"; port = 0; protocol = \"udp\"; pool = \"varied6\"; }"
odd_run odd_sources.py
lab_sluiced_stop
