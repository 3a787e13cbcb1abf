#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# HTTP over the af_packet driver: the kernel sees the same frames and must stay silent about them.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_DRIVER=af_packet LAB_FORWARD=ipip
lab_up 3
lab_backends_start
lab_conf
lab_sluiced_start

lab_even "$VIP4"
lab_even "$VIP6"
lab_sluiced_stop
