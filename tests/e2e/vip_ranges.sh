#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# VIPs of many addresses and many ports: HTTP to the first, a middle and the last address of a prefix, by
# routing and by ARP, one address of it served by another pool; and what the kernel holds of it.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

NET=203.0.113.16/28 NET6=2001:db8:77:0:8::/80 ONE=203.0.113.20
LAB_VIPS="$NET=4 $NET6=6"
lab_up 3
lab_backends_start # sluice-decap has the prefixes
LAB_VIPS="$NET=4 $ONE=6"
lab_conf
sed -i 's/port = 80;/port = "75-85";/' "$LAB_CONF"
lab_sluiced_start
lab_ctl vip add net6 address="$NET6" port=0 pool=web6

# Nothing of what follows reaches a backend but through sluiced.
for host in 16 24 30 31; do lab_even "203.0.113.$host"; done
lab_even 2001:db8:77:0:8::1
lab_even 2001:db8:77:0:8:ffff:ffff:ffff
expect_match "VIPs" "$(lab_ctl vip list)" "$NET:75-85/tcp +web4 .*"
expect_match "VIPs" "$(lab_ctl vip list)" "$ONE:75-85/tcp +web6 .*"
expect_match "VIPs" "$(lab_ctl vip list)" "\[$NET6\]:any/tcp +web6 .*"

# The kernel answers ARP for every address of the prefix.
lab_exec client ip route add 203.0.113.29/32 dev eth0
lab_even 203.0.113.29
expect_match "host's own" "$(lab_exec lb ip route get 203.0.113.31)" '^local '
expect_match "main table" "$(lab_exec lb ip route show 203.0.113.16/28)" "^$NET dev sluice0 "

# Another range of ports that is narrower takes the connections; taken off, the wider one has them back.
lab_ctl vip add closer address="$NET" port=78-82 pool=web4
lab_hits_reset
lab_connections_over
before=$(lab_ctl -j vip list | jq '.[] | select(.vip == "vip1") | .packets')
lab_even 203.0.113.24
lab_connections_over
expect_eq "packets of the wider range" "$(lab_ctl -j vip list | jq '.[] | select(.vip == "vip1") | .packets')" "$before"
lab_ctl vip del --force closer
lab_hits_reset
lab_even 203.0.113.24

# A prefix that goes takes its routes along.
lab_ctl vip del --force net6
expect_eq "routes of the prefix" "$(lab_exec lb ip -6 route show table all | grep -c "^\(local \)\?2001:db8:77:0:8::/80" || true)" 0
lab_sluiced_stop

# So does sluice-decap.
expect_match "route of a backend" "$(lab_exec be1 ip route show table local "$NET")" "^local $NET dev lo "
lab_stop decap-be1 TERM
expect_eq "routes of a backend" "$(lab_exec be1 ip route show table local "$NET")" ""
