#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/check-layers finds what it is for: each planted violation, by name.
set -euo pipefail
# shellcheck source=tests/e2e/checks.inc.sh
. "$(dirname "$0")/checks.inc.sh"

clean check-layers

# layer FILE INCLUDE
layer() {
	printf '%s\n\n#include %s\n' "$spdx" "$2" >"$tree/$1"
	planted check-layers "$1"
}

layer lib/datapath/bad.c '"conf/c.h"'
layer lib/datapath/bad.h '"kernel/netlink.h"'
layer lib/base/bad.c '"table/t.h"'
layer lib/table/bad.c '"sluiced/main.h"'
layer lib/table/bad.c '"t.h"'
layer lib/kernel/bad.c '<libconfig.h>'
layer lib/conf/bad.c '<rte_mbuf.h>'
layer app/sluicectl/bad.c '"conf/c.h"'
layer app/sluicectl/bad.c '<rte_eal.h>'
