#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# After kill -9 of sluice-decap the filter works on; the next one takes over and drops what is not wanted any more.
set -euo pipefail
# shellcheck source=tests/e2e/decap.inc.sh
. "$(dirname "$0")/decap.inc.sh"

decap_up
host_remember
decap_start --vip "$VIP4" "$VIP4B" --vip "$VIP6" --interface eth0
on_lo "$VIP4B/32" || fail "$VIP4B is not on lo"
lab_stop decap KILL
answers 4in4

decap_start --vip "$VIP4" "$VIP6" --interface eth0
! on_lo "$VIP4B/32" || fail "the left-over VIP is still on lo"
all_tunnels
decap_stop TERM
host_as_before "the first start"
