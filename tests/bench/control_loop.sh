#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How long the control loop works at one go, operation by operation, with 10,000 backends in 1,000 pools and 4,096 VIPs:
#   tests/bench/control_loop.sh [OPERATION...]
# A real sluiced with a port, routes, a TAP and steering programs, in a network namespace. Prints a Markdown table.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

top=$(dirname "$0")
lab_up 1
lab_exec lb ip route add 10.128.0.0/12 via "$(lab_backend_address 1 4)"
python3 "$top/control_loop.py" conf "$LAB_SOCKET" "$LAB_DIR" "$LAB_DRIVER" "$(lab_cpu 0)" "$(lab_cpu 1)" "$LAB_PREFIX" >"$LAB_CONF"
lab_sluiced_start
python3 "$top/control_loop.py" run "$LAB_SOCKET" "$LAB_CONF" "$(lab_pid sluiced)" "$@"
lab_sluiced_stop
