#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/check-layers and scripts/check-style find what they are for: each planted violation, by name.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=scripts/netlab-run.sh
. "$top/scripts/netlab-run.sh"

tree=$(mktemp -d /tmp/sluice-checks.XXXXXX)
trap 'rm -rf "$tree"' EXIT
spdx='/* SPDX-License-Identifier: BSD-3-Clause */'

# A small clean tree.
mkdir -p "$tree"/{scripts,lib/{base,conf,datapath,table,kernel},app/sluicectl,tests/unit}
cp "$top"/scripts/check-* "$tree/scripts/"
cp "$top/.clang-format" "$tree/"
for f in lib/base/a.h lib/conf/c.h lib/table/t.h lib/datapath/d.c app/sluicectl/main.c tests/unit/test_a.c; do
	printf '%s\n\n#include "base/a.h"\n' "$spdx" >"$tree/$f"
done
"$tree/scripts/check-layers" || fail "check-layers: the clean tree is refused"
"$tree/scripts/check-style" || fail "check-style: the clean tree is refused"

# planted CHECK FILE: the check must fail and name the file; then the file goes.
planted() {
	local out
	if out=$("$tree/scripts/$1" 2>&1); then fail "$1 accepts $2: $(cat "$tree/$2")"; fi
	grep -q "$2" <<<"$out" || fail "$1 does not name $2: $out"
	rm "$tree/$2"
}

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

# style FILE TEXT
style() {
	printf '%b' "$2" >"$tree/$1"
	planted check-style "$1"
}

style lib/base/bad.c "$spdx\n\nint  x;\n"
style lib/base/bad.c 'int x;\n'
style scripts/bad '#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\ncd /tmp\n'
style lib/base/bad.h "$spdx\n$(printf '\\nint x%d;' $(seq 500))\n"
style lib/datapath/bad.c "$spdx\n\nint f(int v6)\n{\n\tif (v6)\n\t\treturn 1;\n\treturn 0;\n}\n"
style lib/table/bad.c "$spdx\n\nint f = AF_INET6;\n"
echo "every planted violation was found"
