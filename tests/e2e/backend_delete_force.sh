#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend is deleted by force under downloads: they start over elsewhere at once, and those of the others
# and a flow of another pool never notice. Without connections it takes no force.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/downloads.inc.sh
. "$(dirname "$0")/downloads.inc.sh"

downloads_lab

# By force: from then on no packet goes there, its downloads end, and those of the others do not notice.
downloads_start
had=$(clients 1)
lab_ctl --force backend del web4/be1 >/dev/null
lab_spawn sniff sw python3 "$LAB_TOP/tests/e2e/change_storm.py" sniff lb-wan "$LAB_DIR/seen"
lab_ready sniff sniffing 10
downloads_end
lab_stop sniff
expect_eq "downloads that ended" "$(lab_log get | sed -n 's/ ended: .*//p' | sort)" "$had"
expect_eq "whole downloads" "$(lab_log get | grep -c whole)" 8
# be4 is where the background flow goes.
expect_eq "where packets went after that" "$(awk '{ print $1 }' "$LAB_DIR/seen" | xargs)" "10.77.0.12 10.77.0.13 10.77.0.14"

# Without connections it takes no force. Those that have ended are remembered for a while.
lab_ctl backend drain web4/be2 >/dev/null
lab_ctl flow flush --backend web4/be2 >/dev/null
lab_ctl backend del web4/be2 >/dev/null
expect_eq "members" "$(members)" '[["be3","ready"]]'

faults_expect transitions
faults_end
lab_sluiced_stop
