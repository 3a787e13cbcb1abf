#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Fragments: in order, out of order, without the first, tiny, overlapping, too many, in every tunnel; chains of
# 0 to 64 IPv6 extension headers. What arrives goes to the backend of its flow; memory and time are bounded.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/odd.inc.sh
. "$(dirname "$0")/odd.inc.sh"

# pool NAME FAMILY KEYS [KEYS OF THE BACKENDS]: of two backends
pool_of_two() {
	local one=10.77.0.11 two=10.77.0.12
	[ "$2" = 4 ] || one=fd77::11 two=fd77::12
	printf ', { name = "%s"; %s backends = ( { name = "be1"; address = "%s"; %s }, { name = "be2"; address = "%s"; %s } ); }' \
		"$1" "$3" "$one" "${4:-}" "$two" "${4:-}"
}

LAB_MORE_POOLS='' vips='' n=20
for mode in "gue gue_checksum = \"full\";" l2 dscp; do
	more='' forward=${mode%% *} keys=${mode#"${mode%% *}"}
	[ "$mode" != dscp ] || more="dscp = 10;"
	for family in 4 6; do
		vip=203.0.113.$n
		[ "$family" = 4 ] || vip=2001:db8:77::$n
		LAB_MORE_POOLS+=$(pool_of_two "$forward$family" "$family" "forward = \"$forward\"; $keys" "$more")
		vips+=", { name = \"$forward$family\"; address = \"$vip\"; port = 9; protocol = \"udp\"; pool = \"$forward$family\"; }"
	done
	n=$((n + 1))
done
LAB_MORE_POOLS+=$(pool_of_two drop4 4 'fragments = "drop";')$(pool_of_two drop6 6 'fragments = "drop";')
odd_up 3 "$vips
	, { name = \"drop4\"; address = \"$VIP4B\"; port = 9; protocol = \"udp\"; pool = \"drop4\"; }
	, { name = \"drop6\"; address = \"$VIP6B\"; port = 9; protocol = \"udp\"; pool = \"drop6\"; }"
odd_run odd_fragments.py
lab_sluiced_stop
