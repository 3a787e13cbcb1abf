#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# README.md is true where a program can tell: sluiced accepts its configuration, and its commands and options exist.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=scripts/netlab-run.sh
. "$top/scripts/netlab-run.sh"
build=${SLUICE_BUILD:-$top/build}
cd "$top"
dir=$(mktemp -d /tmp/sluice-readme.XXXXXX)
trap 'rm -rf "$dir"' EXIT

# fenced LANGUAGE: the lines of README's code blocks in that language.
fenced() {
	awk -v begin="^\`\`\`$1\$" '$0 ~ /^```$/ { inside = 0 } inside; $0 ~ begin { inside = 1 }' README.md
}

fenced conf >"$dir/sluice.conf"
expect_between "lines of the configuration" "$(wc -l <"$dir/sluice.conf")" 5 12
said=$("$build/app/sluiced/sluiced" -c "$dir/sluice.conf" --check 2>&1) || fail "sluiced --check: $said"
expect_eq "--check" "$said" "$dir/sluice.conf: 1 ports, 1 pools, 2 VIPs: all right"

# helps PROGRAM WORD...: each option and each command is in the program's --help.
helps() {
	local help word
	help=$("$build/app/$1/$1" --help) || fail "$1 --help fails"
	for word in "${@:2}"; do
		case $word in
		-*) grep -qE -- "(^|[ ,])$word([ ,]|\$)" <<<"$help" || fail "$1 has no option $word" ;;
		*.conf | *[0-9]* | *:* | [A-Z]*) ;; # values
		*) [ "$1" != sluicectl ] || grep -qw -- "$word" <<<"$help" || fail "$1 knows no $word" ;;
		esac
	done
}

commands=0
while read -ra line; do
	commands=$((commands + 1))
	case ${line[0]} in
	scripts/*) [ -x "${line[0]}" ] || fail "no ${line[0]}" ;;
	sluiced | sluicectl | sluice-decap) helps "${line[@]}" ;;
	*) fail "a command that this test does not know: ${line[*]}" ;;
	esac
done < <(fenced sh | sed -E 's/ *#.*//; s/^sudo +//; /^ *$/d')
expect_eq "commands in README.md" "$commands" 6
