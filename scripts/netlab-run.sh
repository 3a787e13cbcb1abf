# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The part of netlab.sh that knows nothing of networks: expecting, waiting, processes in the background.
# Sourced by netlab.sh.

LAB_ID=$$ # in the name of everything that is made
declare -A LAB_PIDS=() # name -> "pid start-time", of what runs in the background

# -- saying and expecting --------------------------------------------------------------------------

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# A test that cannot run here says so; scripts/test counts it as skipped.
skip() {
	echo "SKIP: $*"
	exit 77
}

# expect_eq WHAT GOT WANTED
expect_eq() {
	[ "$2" = "$3" ] || fail "$1: got \"$2\", expected \"$3\""
}

# expect_between WHAT GOT LOW HIGH, integers, bounds included
expect_between() {
	if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
		fail "$1: got $2, expected $3 to $4"
	fi
}

# expect_match WHAT TEXT EXTENDED-REGEX
expect_match() {
	grep -Eq -- "$3" <<<"$2" || fail "$1: \"$2\" does not match \"$3\""
}

# wait_for SECONDS COMMAND...: until the command succeeds; 1 when it has not by then. SECONDS is ample on a machine that
# has the time: one that has not gets LAB_PATIENCE times that. No limit on what a product may take: see health_took.
LAB_PATIENCE=3
wait_for() {
	local deadline=$((${EPOCHREALTIME//[.,]/} + $1 * LAB_PATIENCE * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME//[.,]/}" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

# -- processes -------------------------------------------------------------------------------------

lab_ns() {
	echo "sluice-$LAB_ID-$1"
}

# lab_exec NAMESPACE COMMAND...
lab_exec() {
	local ns
	ns=$(lab_ns "$1")
	shift
	ip netns exec "$ns" "$@"
}

# Field 22 of stat: with it a process is told from a later one of the same pid. Nothing for one that has ended.
lab_start_time() {
	sed -E -n 's/^[0-9]+ \(.*\) [^ZX] (.*)$/\1/p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f19 || true
}

# lab_spawn_here NAME COMMAND...: in the background, output to $LAB_DIR/NAME.log.
lab_spawn_here() {
	: >"$LAB_DIR/$1.log"
	"${@:2}" >"$LAB_DIR/$1.log" 2>&1 </dev/null &
	LAB_PIDS[$1]="$! $(lab_start_time $!)"
}

# lab_spawn NAME NAMESPACE COMMAND...: the same in a namespace.
lab_spawn() {
	lab_spawn_here "$1" ip netns exec "$(lab_ns "$2")" "${@:3}"
}

lab_pid() {
	echo "${LAB_PIDS[$1]%% *}"
}

lab_alive() {
	local pid start
	read -r pid start <<<"${LAB_PIDS[$1]:-0 none}"
	[ -n "$start" ] && [ "$(lab_start_time "$pid")" = "$start" ]
}

lab_dead() {
	! lab_alive "$1"
}

# lab_stop NAME [SIGNAL] [SECONDS]: ends it; its exit status is in LAB_STATUS afterwards.
lab_stop() {
	local pid
	pid=$(lab_pid "$1")
	LAB_STATUS=0
	if lab_alive "$1"; then kill "-${2:-TERM}" "$pid" 2>/dev/null || true; fi
	wait_for "${3:-20}" lab_dead "$1" || fail "$1 is still running after SIG${2:-TERM}"
	# shellcheck disable=SC2034
	wait "$pid" 2>/dev/null || LAB_STATUS=$?
	unset "LAB_PIDS[$1]"
}

lab_log() {
	cat "$LAB_DIR/$1.log"
}

lab_log_has() {
	grep -Eq -- "$2" "$LAB_DIR/$1.log"
}

# True as soon as the log has the line, or the process is gone and never will write it.
lab_settled() {
	lab_log_has "$1" "$2" || lab_dead "$1"
}

# lab_ready NAME REGEX SECONDS: waits for the line in its log.
lab_ready() {
	wait_for "$3" lab_settled "$1" "$2" || true
	lab_log_has "$1" "$2" || fail "$1 does not get ready: $(tail -n 5 "$LAB_DIR/$1.log")"
}
