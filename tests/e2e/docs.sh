#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The documents agree with the code where a program can tell: verdicts, layers, options in man pages, links.
# shellcheck disable=SC2016
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=scripts/netlab-run.sh
. "$top/scripts/netlab-run.sh"
build=${SLUICE_BUILD:-$top/build}
cd "$top"

# table NAME FILE: the rows of the table behind <!-- NAME -->, without its head.
table() {
	awk -v begin="<!-- $1 -->" '$0 == "<!-- end -->" { inside = 0 } inside && /^\|/ { if (++n > 2) print } $0 == begin { inside = 1 }' "$2"
}

# same WHAT GOT WANTED: two texts, line by line.
same() {
	local lines
	lines=$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")) || fail "$1: < in the document, > in the code
$lines"
}

# Verdicts: all rows, their order and their meaning.
code=$(sed -nE 's/^[[:space:]]*X\([A-Z0-9_]+, "([a-z0-9_]+)", "([^"]*)"\).*/\1 - \2/p' lib/base/verdict.h)
[ "$(wc -l <<<"$code")" -ge 20 ] || fail "verdict.h is not understood"
same "verdicts" "$(table verdicts docs/packet-walk.md | sed -E 's/^\| `([a-z0-9_]+)` \| ([^|]*) \|.*/\1 - \2/')" "$code"

# Layers: every module that meson builds, with what scripts/check-layers allows it.
layers() {
	python3 - <<-'END'
		import importlib.machinery, importlib.util, pathlib, re
		loader = importlib.machinery.SourceFileLoader("check_layers", "scripts/check-layers")
		spec = importlib.util.spec_from_loader("check_layers", loader)
		module = importlib.util.module_from_spec(spec)
		loader.exec_module(module)
		built = {"tests"}
		for top in "lib", "app":
		    built |= {f"{top}/{d}" for d in re.findall(r"subdir\('([^']+)'\)", pathlib.Path(top, "meson.build").read_text())}
		for name in sorted(built):
		    may = module.MAY_INCLUDE[name]
		    print(name, "-", "everything" if may is None else " ".join(may) or "nothing")
	END
}
export PYTHONDONTWRITEBYTECODE=1
same "layers" "$(table layers docs/architecture.md | sed -E 's/^\| `([^`]+)` \| (.*) \|$/\1 - \2/' | sort)" "$(layers | sort)"

# Man pages: every option and capability of --help. In mdoc a long option is "Fl -NAME".
for program in sluiced sluice-decap; do
	page=$(sed 's/\\-/-/g' "docs/man/$program.8")
	help=$("$build/app/$program/$program" --help)
	words=$(grep -oE -- '--[a-z]+|CAP_[A-Z_]+' <<<"$help" | sort -u)
	[ "$(wc -w <<<"$words")" -ge 4 ] || fail "$program --help is not understood"
	for word in $words; do
		grep -qwE -- "(Fl |Dv )${word#-}" <<<"$page" || fail "docs/man/$program.8 does not have $word"
	done
done

# Adding a scheduler: the files, functions and the row that it names are there.
page=docs/adding-a-scheduler.md
names=0
for name in $(grep -oE '`[A-Za-z_./-]+(\(\)|\[\])?`' $page | tr -d '`' | sort -u); do
	names=$((names + 1))
	case $name in
	*/*.*) [ -e "$name" ] || fail "$page: there is no file $name" ;;
	*'()') grep -qE "\b${name%()}\(" -r lib/table lib/datapath || fail "$page: there is no function $name" ;;
	SCHED*) grep -qrw "$name" lib/base lib/table || grep -q "X(${name#SCHEDULER_}," lib/base/scheduler.h || fail "$page: there is no $name" ;;
	esac
done
[ $names -ge 20 ] || fail "$page is not understood"
while read -r row; do
	grep -qF "$row" lib/base/scheduler.h || fail "$page: lib/base/scheduler.h has no row $row"
done < <(grep -E '^X\(' $page)
schedulers=$(grep -oE '^[[:space:]]*X\([A-Z0-9_]+, [a-z0-9_]+, "[a-z0-9-]+"' lib/base/scheduler.h | sed 's/.*"\(.*\)"/\1/')
[ "$(wc -l <<<"$schedulers")" -ge 10 ] || fail "scheduler.h is not understood"
advice=$(sed -n '/^## Which scheduler/,/^## /p' docs/operations.md)
for name in $schedulers; do
	grep -q "\`$name\`" <<<"$advice" || fail "docs/operations.md does not say when to take $name"
done

# Links lead somewhere.
links=0
for file in ./*.md docs/*.md docs/decisions/*.md; do
	while read -r link; do
		links=$((links + 1))
		[ -e "$(dirname "$file")/${link%%#*}" ] || fail "$file: $link leads nowhere"
	done < <(grep -oE '\]\([^)]+\)' "$file" | sed -E 's/^\]\((.*)\)$/\1/' | grep -vE '^(https?:|#)')
done
[ $links -ge 20 ] || fail "links are not understood"
echo "$(wc -l <<<"$code") verdicts, $(layers | wc -l) layers, $links links"
