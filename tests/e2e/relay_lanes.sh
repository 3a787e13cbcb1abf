#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two lanes: fragments and ICMP errors come in by another one than the whole packets of their flow. While weights change,
# all datagrams of a flow, small ones and ones of 3,000 bytes, go to one backend, and so do errors about it.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/relay.inc.sh
. "$(dirname "$0")/relay.inc.sh"

# The kernel spreads over packet sockets as RSS does: whole UDP by ports too, fragments and ICMP by addresses alone. But
# fragments of IPv4 it puts together before (relay_tap.sh has those).
LAB_DRIVER=af_packet LAB_QUEUES=2 LAB_VIPS="$VIP4=4 $VIP6=6"
lab_up 3
relay_backends
relay_conf
lab_sluiced_start
relay_one_backend_a_flow "$VIP6" 50 3000
# Each asked; about half of the flows, 50 of 100 with sigma 5, had their whole packets on the other lane.
relay_asked $relay_large
taken=$(relayed taken)
expect_between "fragments that the other lane took" "$taken" $((relay_large / 10)) $((relay_large * 9 / 10))
relay_errors_follow "$VIP6" fd77:0::1 Icmp6InDestUnreachs
[ "$(relayed taken)" -gt "$taken" ] || fail "no error was the other lane's"
relay_one_backend_a_flow "$VIP4" 50 60
taken=$(relayed taken)
relay_errors_follow "$VIP4" 10.77.0.1 IcmpInDestUnreachs
[ "$(relayed taken)" -gt "$taken" ] || fail "no error was the other lane's"
relay_clean eth_type
lab_sluiced_stop
