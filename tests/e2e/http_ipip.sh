#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# HTTP through IP tunnels, both families outside and inside: every backend gets its share of every VIP.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4 $VIP4B=6 $VIP6=6 $VIP6B=4"
lab_up 3
lab_backends_start
lab_conf
lab_sluiced_start

for vip in $(lab_vip_addresses); do lab_even "$vip"; done

# Full-size segments have to fit once they wear the outer header: the backend has read every byte.
lab_hits_reset
head -c 1000000 /dev/zero >"$LAB_DIR/file"
for vip in $(lab_vip_addresses); do
	expect_match "answer to an upload to $vip" "$(lab_curl --data-binary "@$LAB_DIR/file" "$(lab_url "$vip")upload")" '^be[123]$'
done
expect_eq "uploads of a megabyte" "$(cat "$LAB_DIR"/be?/access.log | awk '$5 > 1000000' | wc -l)" 4
lab_sluiced_stop
