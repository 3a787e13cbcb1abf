#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# One build runs on every x86-64-v2: code for more than that is in one library alone, and whether it runs is decided at
# start. Judged by the objects' own instructions, and by what the programs say.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

[ "$(uname -m)" = x86_64 ] || skip "no levels of code on $(uname -m)"
meson introspect "$LAB_BUILD" --buildoptions |
	jq -e '.[] | select(.name == "cpu") | .value != "native"' >/dev/null || skip "a build for one CPU (-Dcpu=native)"
command -v objdump >/dev/null || skip "no objdump"

# objects PATTERN: of the programs and their libraries whose paths match, without those for the kernel.
objects() {
	find "$LAB_BUILD/lib" "$LAB_BUILD/app" -name '*.c.o' | grep -E "$1"
}

# count WHAT OBJECT...: instructions like this in them.
count() {
	objdump -d --no-show-raw-insn "${@:2}" | awk -v what="$1" '$0 ~ what { n++ } END { print n + 0 }'
}

# AVX begins each of its instructions with a v.
avx='\tv[a-z0-9]+ .*%[xyz]mm'
mapfile -t wide < <(objects datapath_v3)
mapfile -t all < <(objects . | grep -v datapath_v3)
expect_between "instructions that every x86-64 CPU has" "$(count '\t(mov|lea|call|ret)' "${all[@]}")" 20000 100000000
expect_eq "AVX instructions in what runs everywhere" "$(count "$avx" "${all[@]}")" 0
expect_between "AVX instructions in the code for x86-64-v3" "$(count "$avx" "${wide[@]}")" 100 1000000

# Where the CPU can, it runs; and the other code too.
code() {
	"$LAB_BUILD/app/sluice-bench/sluice-bench" --flows 1k --rounds 3 --slice 4096 --no-huge "$@" | grep -o 'code [^,]*'
}
best=v2
grep -qw avx2 /proc/cpuinfo && best=v3
expect_eq "what this CPU runs" "$(code)" "code x86-64-$best"
expect_eq "what CPUs without AVX2 run" "$(code --no-avx2)" "code x86-64-v2"
