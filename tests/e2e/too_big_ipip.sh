#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Packets that do not fit on the way to the backend, through IP tunnels.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# shellcheck disable=SC2034
LAB_FORWARD=ipip
# shellcheck source=tests/e2e/too_big.inc.sh
. "$(dirname "$0")/too_big.inc.sh"
