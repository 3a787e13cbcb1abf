#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ICMP errors that quote a connection of a VIP: they go to the connection's backend, by its tunnel, whatever the
# table says by now; forged ones and cut ones are dropped, each with its reason.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/odd.inc.sh
. "$(dirname "$0")/odd.inc.sh"

LAB_MORE_POOLS='' vips='' n=20
for forward in gue l2 dscp; do
	keys='' more=''
	case $forward in
	gue) keys='gue_checksum = "full";' ;;
	dscp) more='dscp = 10;' ;;
	esac
	for family in 4 6; do
		vip=203.0.113.$n one=10.77.0.11 two=10.77.0.12
		[ "$family" = 4 ] || vip=2001:db8:77::$n one=fd77::11 two=fd77::12
		LAB_MORE_POOLS+=", { name = \"$forward$family\"; forward = \"$forward\"; $keys backends = (
			{ name = \"be1\"; address = \"$one\"; $more }, { name = \"be2\"; address = \"$two\"; $more } ); }"
		vips+=", { name = \"$forward$family\"; address = \"$vip\"; port = 80; pool = \"$forward$family\"; }"
	done
	n=$((n + 1))
done
odd_up 3 "$vips"
odd_run odd_icmp.py
lab_sluiced_stop
