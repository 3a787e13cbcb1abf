#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# sluice-decap answers from the VIP whatever the tunnel, ARP for the VIP excepted; without it nobody answers.
set -euo pipefail
# shellcheck source=tests/e2e/decap.inc.sh
. "$(dirname "$0")/decap.inc.sh"

decap_up
host_remember
silent 4in4
silent 6in6
silent plain4

decap_start --vip "$VIP4" "$VIP6" --interface eth0
all_tunnels
answers arp 10.77.0.11
silent arp "$VIP4"
silent 4in4-not-vip
for address in "$VIP4/32" "$VIP6/128"; do
	on_lo "$address" || fail "$address is not on lo"
done
setting_is eth0.rp_filter 2
setting_is eth0.arp_ignore 1
setting_is eth0.arp_announce 2
setting_is all.rp_filter 1
decap_stop INT
host_as_before "after SIGINT"

# CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON are enough.
DECAP=(setpriv "--bounding-set=-all,+net_admin,+bpf,+perfmon" "${DECAP[@]}")
decap_start --vip "$VIP4" "$VIP6" --interface eth0
all_tunnels
decap_stop TERM
host_as_before "with three capabilities"
