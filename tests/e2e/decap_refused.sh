#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What cannot work is refused by sluice-decap in one sentence, and nothing is left behind.
set -euo pipefail
# shellcheck source=tests/e2e/decap.inc.sh
. "$(dirname "$0")/decap.inc.sh"

decap_up
host_remember
decap_refused "interface nosuch: No such device" --vip "$VIP4" --interface nosuch
decap_refused "interface lo is not an Ethernet interface" --vip "$VIP4" --interface lo
decap_refused "--vip 203.0.113.256: not an IPv4 or IPv6 address" --vip 203.0.113.256 --interface eth0

program=("${DECAP[@]}")
DECAP=(setpriv --bounding-set=-net_admin "${program[@]}")
decap_refused "missing capability: CAP_NET_ADMIN; run sluice-decap as root" --vip "$VIP4" --interface eth0
DECAP=(setpriv "--bounding-set=-bpf,-perfmon,-sys_admin" "${program[@]}")
decap_refused "missing capability: CAP_BPF CAP_PERFMON; run sluice-decap as root" --vip "$VIP4" --interface eth0
DECAP=("${program[@]}")

lab_sysctl be1 net.ipv6.conf.lo.disable_ipv6=1
decap_refused "IPv6 is off on lo: sysctl -w net.ipv6.conf.lo.disable_ipv6=0" --vip "$VIP4" "$VIP6" --interface eth0
lab_sysctl be1 net.ipv6.conf.lo.disable_ipv6=0
host_as_before "after refusals"

# A second one is refused and disturbs nothing.
decap_start --vip "$VIP4" "$VIP6" --interface eth0
decap_refused "another sluice-decap is running on interface eth0" --vip "$VIP4" --interface eth0
answers 4in4
decap_stop INT
host_as_before "after a second one"
