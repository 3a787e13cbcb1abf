#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The balancer's own interface gets another MAC address and MTU, loses its link, and vanishes: sluiced follows
# or says so.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1
lab_backends_start
lab_conf
lab_sluiced_start
lab_get 10 "$(lab_url "$VIP4")" >/dev/null

ip -n "$(lab_ns lb)" link set wan address 02:00:00:77:77:77 mtu 1500
ip -n "$(lab_ns client)" neigh flush dev eth0
wait_for 20 lab_log_has sluiced 'another MAC address or MTU' || fail "the new address is not noticed"
wait_for 20 lab_answers "$(lab_url "$VIP4")" || fail "no answer at the new address"
lab_get 10 "$(lab_url "$VIP4")" >/dev/null

ip -n "$(lab_ns lb)" link set wan down
wait_for 20 lab_log_has sluiced 'interface wan has lost its link' || fail "the lost link is not noticed"
ip -n "$(lab_ns lb)" link set wan up
wait_for 20 lab_log_has sluiced 'interface wan is up again' || fail "the link is not noticed"
wait_for 20 lab_answers "$(lab_url "$VIP4")" || fail "no answer after the link came back"

ip -n "$(lab_ns lb)" link del wan
wait_for 20 lab_log_has sluiced 'interface wan is gone' || fail "the lost interface is not noticed"
lab_sluiced_stop
