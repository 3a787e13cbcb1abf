#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The demo is a real test: it fails when sluiced stands still, and leaves nothing behind then or on Ctrl-C.
set -euo pipefail
# shellcheck source=scripts/netlab-run.sh
. "$(dirname "$0")/../../scripts/netlab-run.sh"
[ "$(id -u)" = 0 ] || fail "this needs root"

LAB_DIR=$(mktemp -d /tmp/sluice-demo-fails.XXXXXX)
mkdir "$LAB_DIR/tmp"
trap 'if lab_alive demo; then kill "$(lab_pid demo)"; fi; wait; rm -rf "$LAB_DIR"' EXIT

# demo_until REGEX: runs the demo up to this line.
demo_until() {
	# SIGINT is ignored by what a script starts in the background, unless it is given back.
	lab_spawn_here demo env --default-signal=INT TMPDIR="$LAB_DIR/tmp" "$(dirname "$0")/../../scripts/demo"
	demo=$(lab_pid demo)
	lab_ready demo "$1" 90
}

# demo_ends STATUS WHEN: by itself, and nothing of it is left.
demo_ends() {
	wait_for 60 lab_dead demo || fail "the demo does not end"
	lab_stop demo
	if compgen -G "/run/netns/sluice-$demo-*" >/dev/null; then fail "namespaces are left"; fi
	expect_eq "temporary files that are left" "$(ls "$LAB_DIR/tmp")" ""
	expect_eq "exit status $2" "$LAB_STATUS" "$1"
}

# demo_fails SIGNAL REGEX: when sluiced gets the signal at this line; it says why.
demo_fails() {
	demo_until "$2"
	kill "-$1" "$(lab_log demo | sed -n 's/.*sluiced has pid //p')"
	demo_ends 1 "with SIG$1 for sluiced"
	expect_match "reason given after SIG$1" "$(lab_log demo)" '^FAIL: '
}

demo_fails STOP '^\[4/8\]'
demo_fails KILL '^\[7/8\]'
demo_until '^\[5/8\]'
kill -INT "$demo"
demo_ends 130 "after Ctrl-C"
