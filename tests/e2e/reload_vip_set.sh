#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# VIPs that come and go by reload: the steering to the packet path follows, in both directions.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

all="$VIP4=4 $VIP4B=4 $VIP6=6 $VIP6B=6"
LAB_VIPS=$all
lab_up 2
lab_backends_start

LAB_VIPS="$VIP4=4"
lab_conf
lab_sluiced_start
lab_get 20 "$(lab_url "$VIP4")" >/dev/null
lab_silent "$(lab_url "$VIP6")" || fail "$VIP6 answers although it is not configured"

LAB_VIPS=$all
lab_conf
lab_reload
for vip in $(lab_vip_addresses); do
	lab_get 20 "$(lab_url "$vip")" >/dev/null
done

LAB_VIPS="$VIP6=6"
lab_conf
lab_reload
lab_get 20 "$(lab_url "$VIP6")" >/dev/null
for vip in "$VIP4" "$VIP4B" "$VIP6B"; do
	lab_silent "$(lab_url "$vip")" || fail "$vip answers although it was removed"
done
lab_sluiced_stop
