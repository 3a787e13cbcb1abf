# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# For tests that change the configuration while sluiced runs, sourced by them behind netlab.sh.

# told STATUS REGEX COMMAND...: sluicectl must end so and say so.
told() {
	local status=0 said
	said=$(lab_ctl "${@:3}" 2>&1) || status=$?
	expect_eq "exit status of ${*:3} ($said)" "$status" "$1"
	expect_match "what ${*:3} says" "$said" "$2"
}

# refused STATUS REGEX COMMAND...: the same, and the revision must be left alone.
refused() {
	local before
	before=$(lab_ctl -j status | jq .accepted_rev)
	told "$@"
	expect_eq "revision after ${*:3}" "$(lab_ctl -j status | jq .accepted_rev)" "$before"
}

# ask REQUEST: the last line that the daemon answers
ask() {
	printf '%s\n' "$1" | socat -t60 - "UNIX-CONNECT:$LAB_SOCKET" | tail -n 1
}

# Is all in force that was accepted?
in_force() {
	lab_ctl -j status | jq -e '.rev == .accepted_rev' >/dev/null
}
