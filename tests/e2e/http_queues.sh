#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two lanes on one worker: packets of every queue are served, and reloads change nothing about that.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# The AF_XDP driver sees one queue on a veth, however many there are.
LAB_DRIVER=af_packet LAB_QUEUES=2
lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
lab_get 200 "$(lab_url "$VIP4")" >/dev/null
lab_reload
lab_get 200 "$(lab_url "$VIP6")" >/dev/null
# 200 expected, sigma 10: outside by a chance of 1e-12
expect_between "requests to be1" "$(lab_hits 1)" 130 270
expect_eq "lanes" "$(lab_ctl -j status | jq .lanes)" 2
lab_sluiced_stop
