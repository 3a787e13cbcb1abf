#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# sluice-decap leaves alone what others have set up: addresses, filters, settings.
set -euo pipefail
# shellcheck source=tests/e2e/decap.inc.sh
. "$(dirname "$0")/decap.inc.sh"

decap_up

# There before it: stays, and works on meanwhile.
ip -n "$(lab_ns be1)" addr add "$VIP4/32" dev lo
lab_exec be1 tc qdisc add dev eth0 clsact
foreign_filter ingress
lab_sysctl be1 net.ipv4.conf.eth0.arp_ignore=2
host_remember
decap_start --vip "$VIP4" "$VIP6" --interface eth0
all_tunnels
setting_is eth0.arp_ignore 2
decap_stop INT
host_as_before "with others' address, filter and setting"

# Come while it ran: a filter in the qdisc that it made, and a setting changed by hand.
lab_exec be1 tc qdisc del dev eth0 clsact
decap_start --vip "$VIP4" --interface eth0
foreign_filter egress
lab_sysctl be1 net.ipv4.conf.eth0.arp_announce=0
decap_stop TERM
setting_is eth0.arp_announce 0
expect_match "egress filters" "$(lab_exec be1 tc filter show dev eth0 egress)" 'pref 500'
expect_eq "ingress filters" "$(lab_exec be1 tc filter show dev eth0 ingress)" ""
