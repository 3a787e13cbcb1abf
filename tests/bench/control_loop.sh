#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How long the control loop works at one go, operation by operation, with 16,383 backends in 500 pools and 4,096 VIPs:
#   tests/bench/control_loop.sh [commands|health [OPERATION...]]
# A real sluiced with a port, routes, a TAP and steering programs, in a network namespace. Prints Markdown tables: of
# commands, and of what 10,000 probed backends do that go down and come up.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

top=$(dirname "$0")
parts=${1:-commands health}
shift || true
lab_up 1
lab_exec lb ip route add 10.128.0.0/12 via "$(lab_backend_address 1 4)"
lab_exec be1 ip route add local 10.128.0.0/12 dev lo
LOOP_BACKENDS=$(lab_ns be1)
export LOOP_BACKENDS
for part in $parts; do
	checks=0
	[ "$part" = commands ] || checks=1
	python3 "$top/control_loop.py" conf "$LAB_SOCKET" "$LAB_DIR" "$LAB_DRIVER" "$(lab_cpu 0)" "$(lab_cpu 1)" "$LAB_PREFIX" \
		"$checks" >"$LAB_CONF"
	lab_sluiced_start
	python3 "$top/control_loop.py" "$part" "$LAB_SOCKET" "$LAB_CONF" "$(lab_pid sluiced)" "$@"
	lab_sluiced_stop
done
