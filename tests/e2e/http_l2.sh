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

lab_even "$VIP4"
lab_even "$VIP6"
lab_sluiced_stop
