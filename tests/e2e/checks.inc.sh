# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# For check_layers.sh and check_style.sh, sourced by them: a small clean tree in $tree, and what is planted in it.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/netlab-run.sh
. "$top/scripts/netlab-run.sh"

tree=$(mktemp -d /tmp/sluice-checks.XXXXXX)
trap 'rm -rf "$tree"' EXIT
spdx='/* SPDX-License-Identifier: BSD-3-Clause */'

mkdir -p "$tree"/{scripts,lib/{base,conf,datapath,table,kernel},app/sluicectl,tests/unit}
cp "$top"/scripts/check-* "$tree/scripts/"
cp "$top/.clang-format" "$tree/"
for f in lib/base/a.h lib/conf/c.h lib/table/t.h lib/datapath/d.c app/sluicectl/main.c tests/unit/test_a.c; do
	printf '%s\n\n#include "base/a.h"\n' "$spdx" >"$tree/$f"
done

# clean CHECK: it must accept the tree as it is.
clean() {
	"$tree/scripts/$1" || fail "$1: the clean tree is refused"
}

# planted CHECK FILE: the check must fail and name the file; then the file goes.
planted() {
	local out
	if out=$("$tree/scripts/$1" 2>&1); then fail "$1 accepts $2: $(cat "$tree/$2")"; fi
	grep -q "$2" <<<"$out" || fail "$1 does not name $2: $out"
	rm "$tree/$2"
}
