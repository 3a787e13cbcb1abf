#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What is said to be in force is so for every packet that comes after: also where the worker hardly gets its CPU, and is held
# up just when it has taken the tables of before in hand.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/health.inc.sh
. "$(dirname "$0")/health.inc.sh"

[ "$(lab_cpu 0)" != "$(lab_cpu 1)" ] || skip "one CPU only"
LAB_DRIVER=af_packet LAB_QUEUES=3 LAB_VIPS="$VIP4=4"
lab_up 2
lab_backends_start
for i in 1 2; do
	lab_spawn "flow-server-$i" "be$i" "$LAB_TOP/tests/e2e/udp_seq.py" serve "be$i" 7 "$VIP4"
	lab_ready "flow-server-$i" ready 10
done
health_conf
lab_sluiced_start

# The worker has the least share there is beside one that never ends.
for task in "/proc/$(lab_pid sluiced)/task/"*; do
	if [[ $(<"$task/comm") = *worker* ]]; then renice -n 19 -p "${task##*/}" >/dev/null; fi
done
lab_spawn_here hog taskset -c "$(lab_cpu 1)" bash -c 'while :; do :; done'

# Datagrams to the VIP, each from a port of its own, one after the other: after each line it says who has answered.
cat >"$LAB_DIR/ask.py" <<'END'
import socket, sys
for line in sys.stdin:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(60)
    s.connect((sys.argv[1], 7))
    s.send(b"0")
    print(s.recv(64).split()[1].decode(), flush=True)
END
coproc ASK { lab_exec client python3 "$LAB_DIR/ask.py" "$VIP4"; }
for round in {1..16}; do
	n=$((1 + round % 2))
	lab_ctl backend weight "web4/be$n" 100 >/dev/null
	lab_ctl backend weight "web4/be$((3 - n))" 0 >/dev/null
	echo >&"${ASK[1]}"
	read -r -u "${ASK[0]}" who
	expect_eq "who answers in round $round" "$who" "be$n"
done
lab_stop hog KILL 2>/dev/null
lab_sluiced_stop
