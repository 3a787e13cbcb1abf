#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# `sluicectl events -f`: several clients follow what happens, each gets every event once and in order, as it happens. One
# that does not read is closed after 10 s and holds up nobody. A flow of traffic never notices.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 2
health_backends_start
LAB_CHECKS=$health_tcp
health_conf
lab_sluiced_start

# follow NAME ARGUMENTS...
follow() {
	lab_spawn_here "$1" "$LAB_BUILD/app/sluicectl/sluicectl" -s "$LAB_SOCKET" "${@:2}" events -f
}

follow slow -j
follow follow1 -j
follow follow2 -j
follow words
# Whoever follows gets what was before, too.
for f in slow follow1 follow2 words; do lab_ready $f 'INIT->UP' 10; done
kill -STOP "$(lab_pid slow)"
stopped=$(now_ms)

# More events than the sockets of one who does not read hold, by freezes that end at once; fewer than sockets, the
# daemon's queue and what it keeps of events hold together, so that nobody who reads can be late for one.
cat >"$LAB_DIR/storm.py" <<-'END2'
	import json, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	f = s.makefile("rw")
	f.readline()
	for n in range(1800):
	    for seconds in 60, 0:
	        f.write(json.dumps({"v": 1, "id": n, "cmd": "health.freeze", "args": {"seconds": seconds}}) + "\n")
	        f.flush()
	        assert json.loads(f.readline())["ok"]
END2
lab_spawn_here storm python3 "$LAB_DIR/storm.py" "$LAB_SOCKET"
while lab_alive storm; do
	lab_ctl -t 10 status >/dev/null || fail "nobody is answered while one does not read"
done
lab_stop storm
expect_eq "exit status of the storm" "$LAB_STATUS" 0

# Live: in the followers' hands while it is news. How soon after the kill the event comes is health_killed.sh's question.
wait_both up=2
faults_begin
health_strike KILL nginx-be1
for f in follow1 follow2 words; do lab_ready $f 'web4/be1.*UP->DOWN' 10; done
expect_between "ms from the kill to the followers" $(($(now_ms) - struck)) 0 5000
wait_both down=1
lab_ready words '^[0-9:]{8}\.[0-9]{3} web4/be1 UP->DOWN tcp direct L4CON 3/3: connection refused$' 10
newest=$(lab_ctl -j events | jq -s 'last.number')
for f in follow1 follow2; do
	lab_ready $f "\"number\":$newest," 10
	expect_eq "numbers that $f got" \
		"$(jq -s 'map(.number) | . == [range(1; length + 1)], length' "$LAB_DIR/$f.log" | xargs)" "true $newest"
done
expect_eq "lines of words" "$(wc -l <"$LAB_DIR/words.log")" "$newest"

# The one that did not read is closed by the daemon, after 10 s; it says so when it wakes up, after what it got.
clients() { ss -Hx state established | grep -cF "$LAB_SOCKET"; }
closed() { [ "$(clients)" = 3 ]; }
wait_for 15 closed || fail "$(clients) clients are connected"
echo "closed after $(($(now_ms) - stopped)) ms"
kill -CONT "$(lab_pid slow)"
wait_for 5 lab_dead slow || fail "the closed client goes on"
lab_stop slow
expect_eq "exit status of the closed client" "$LAB_STATUS" 3
expect_match "what it says" "$(tail -n 1 "$LAB_DIR/slow.log")" 'sluicectl: '
# The others go on.
lab_nginx_start 1
for f in follow1 follow2 words; do lab_ready $f 'web4/be1.*DOWN->UP' 10; done
wait_both up=2

faults_expect transitions web{4,6}/be1=2
faults_end
lab_sluiced_stop
