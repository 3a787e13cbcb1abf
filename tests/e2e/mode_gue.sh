#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# HTTP, 10 MB and datagrams through GUE, both families outside and inside, UDP checksum zero.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/modes.inc.sh
. "$(dirname "$0")/modes.inc.sh"

# shellcheck disable=SC2034
LAB_FORWARD=gue LAB_VIPS="$VIP4=4 $VIP4B=6 $VIP6=6 $VIP6B=4"
mode_works
