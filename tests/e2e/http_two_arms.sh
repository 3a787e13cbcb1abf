#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Clients on one port, backends on the other: the route decides where a packet leaves.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_ARMS=2
lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start

for vip in "$VIP4" "$VIP6"; do
	lab_get 200 "$(lab_url "$vip")" >"$LAB_DIR/bodies"
	expect_eq "answers from $vip" "$(grep -cx 'be[12]' "$LAB_DIR/bodies")" 200
	# 100 expected, sigma 7: outside by a chance of 3e-13
	expect_between "requests to $vip seen by be1" "$(lab_hits 1 "$vip")" 50 150
done
lab_sluiced_stop
