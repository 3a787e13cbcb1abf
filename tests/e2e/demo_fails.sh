#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The demo is a real test: it fails when sluiced stands still, and leaves nothing behind then or on Ctrl-C.
set -euo pipefail
# shellcheck source=scripts/netlab-run.sh
. "$(dirname "$0")/../../scripts/netlab-run.sh"
[ "$(id -u)" = 0 ] || fail "this needs root"

LAB_DIR=$(mktemp -d /tmp/sluice-demo-fails.XXXXXX)
demo=
trap '[ -z "$demo" ] || kill "$demo" 2>/dev/null || true; wait; rm -rf "$LAB_DIR"' EXIT

demo_says() {
	grep -q -- "$1" "$LAB_DIR/out" || ! kill -0 "$demo" 2>/dev/null
}

demo_gone() {
	! kill -0 "$demo" 2>/dev/null
}

# demo_until TEXT: runs the demo up to this line.
demo_until() {
	: >"$LAB_DIR/out"
	# SIGINT is ignored by what a script starts in the background, unless it is given back.
	env --default-signal=INT "$(dirname "$0")/../../scripts/demo" >"$LAB_DIR/out" 2>&1 </dev/null &
	demo=$!
	wait_for 90 demo_says "$1" || fail "the demo does not come to \"$1\""
	grep -q -- "$1" "$LAB_DIR/out" || fail "the demo ended early: $(cat "$LAB_DIR/out")"
}

# demo_ends: its exit status in `status`, nothing of it left.
demo_ends() {
	wait_for 60 demo_gone || fail "the demo does not end"
	status=0
	wait "$demo" || status=$?
	if compgen -G "/run/netns/sluice-$demo-*" >/dev/null; then fail "namespaces are left"; fi
	if compgen -G '/tmp/sluice-demo.*' >/dev/null; then fail "temporary files are left"; fi
}

demo_until '^\[5/7\]'
kill -STOP "$(sed -n 's/.*sluiced has pid //p' "$LAB_DIR/out")"
demo_ends
expect_eq "exit status with sluiced stopped" "$status" 1
grep -E '^FAIL: ' "$LAB_DIR/out" || fail "no reason given: $(cat "$LAB_DIR/out")"

demo_until '^\[6/7\]'
kill -KILL "$(sed -n 's/.*sluiced has pid //p' "$LAB_DIR/out")"
demo_ends
expect_eq "exit status with sluiced killed" "$status" 1
grep -E '^FAIL: ' "$LAB_DIR/out" || fail "no reason given: $(cat "$LAB_DIR/out")"

demo_until '^\[4/7\]'
kill -INT "$demo"
demo_ends
expect_eq "exit status after Ctrl-C" "$status" 130
