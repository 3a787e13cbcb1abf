#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# HTTP, 10 MB and datagrams by direct server return: backends on the same link keep the VIP on lo.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/modes.inc.sh
. "$(dirname "$0")/modes.inc.sh"

# shellcheck disable=SC2034
LAB_FORWARD=l2
mode_works
