#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# HTTP and 10 MB through GUE with the UDP checksum in full.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/modes.inc.sh
. "$(dirname "$0")/modes.inc.sh"

# shellcheck disable=SC2034
LAB_FORWARD=gue LAB_POOL='gue_checksum = "full";'
mode_works
