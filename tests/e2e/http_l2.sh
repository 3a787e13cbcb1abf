#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# HTTP by direct server return: backends on the same link keep the VIP on lo.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_DRIVER=af_xdp LAB_FORWARD=l2
lab_up 3
lab_backends_start
lab_conf
lab_sluiced_start

for vip in "$VIP4" "$VIP6"; do
	lab_get 300 "$(lab_url "$vip")" >"$LAB_DIR/bodies"
	expect_eq "answers from $vip" "$(grep -cx 'be[123]' "$LAB_DIR/bodies")" 300
	for i in 1 2 3; do
		expect_between "requests to $vip seen by be$i" "$(lab_hits "$i" "$vip")" 60 140
	done
done
lab_sluiced_stop
