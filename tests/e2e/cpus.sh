#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# CPUs that are not there: lcores are mapped onto those that are, and the log says so. EAL arguments win.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1

conf() {
	cat >"$LAB_CONF" <<-END
		daemon = { control = { socket = "$LAB_SOCKET"; }; };
		eal = { $1 huge = false; file_prefix = "$LAB_PREFIX"; };
		ports = ( { name = "lab"; driver = "vdev"; device = "net_null0,no-rx=1"; next_hop_mac = "02:00:00:00:00:02"; } );
	END
}

# workers N CPULIST [EAL ARGUMENTS...]: on these CPUs it starts with N workers, and ends; its log stays.
workers() {
	lab_spawn sluiced lb taskset -c "$2" "$LAB_BUILD/app/sluiced/sluiced" -c "$LAB_CONF" "${@:3}"
	lab_ready sluiced 'ready: 0 VIPs' 30
	expect_eq "workers on CPUs $2" "$(lab_ctl -j status | jq .workers)" "$1"
	lab_sluiced_stop
}

one=$(lab_cpu 0)
two=$(lab_cpu 1)
[ "$one" != "$two" ] || skip "one CPU only"

conf "main_lcore = $one; workers = [ 1000, 1001 ];"
workers 2 "$one"
expect_match "log on one CPU" "$(lab_log sluiced)" "not all CPUs .* --lcores '0@$one,1@$one,2@$one'"

conf "main_lcore = $one;"
workers 1 "$one"
expect_match "log" "$(lab_log sluiced)" "lcores share a CPU .*: expect a fraction of the speed"

# One on every CPU but main's, and nothing to warn about.
workers 1 "$one,$two"
expect_eq "warnings" "$(lab_log sluiced | grep -c warning || true)" 0

workers 2 "$one,$two" -- --lcores "0@$one,5@$two,6@$two"
