#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# All web servers of a pool are killed, and the pool refuses (on_all_down = "reject"): clients are told
# at once, by RST and by ICMP, counted one by one, until a backend is back. Others notice nothing.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

LAB_VIPS="$VIP4=4 $VIP6=6"
lab_up 3
health_backends_start
LAB_CHECKS=$health_tcp
LAB_POOL='on_all_down = "reject"; slow_start_s = 0;'
health_conf
# The same pool serves UDP, too.
health_vip udp "$VIP4" 53 web4
lab_sluiced_start
wait_pool web4 up=3 10
wait_pool web6 up=3 10
faults_begin

for i in 1 2 3; do kill -9 "$(lab_pid "nginx-be$i")"; done
wait_pool web4 down=3 10
wait_pool web6 down=3 10
wait_for 5 pool_is decision reject || fail "$(lab_ctl pool show web4)"
wait_for 5 pool_is decision reject web6 || fail "$(lab_ctl pool show web6)"
wait_for 5 member_is 1 slots 0 || fail "the table is not empty"

faults_expect transitions web{4,6}/be{1,2,3}=1
faults_mark
again=$(syns_again)
for vip in "$VIP4" "$VIP6"; do
	for n in {1..10}; do
		status=0
		lab_exec client curl -sS -o /dev/null -m 20 "$(lab_url "$vip")" 2>"$LAB_DIR/said" || status=$?
		expect_eq "exit status of curl to $vip" "$status" 7
		expect_match "what curl says of $vip, request $n" "$(cat "$LAB_DIR/said")" 'refused|Could.?n.t connect'
	done
done
said=$(lab_exec client python3 - "$VIP4" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(20)
	s.connect((sys.argv[1], 53))
	s.send(b"x")
	try:
	    s.recv(10)
	except ConnectionRefusedError:
	    print("refused")
END
)
expect_eq "what a UDP client is told" "$said" refused
# The first SYN of each, unless the client was held up so long that it sent one again.
faults_expect packets answered=$((21 + $(syns_again) - again))

unset "LAB_PIDS[nginx-be2]"
lab_nginx_start 2
wait_pool web4 up=1 10
served() { lab_exec client curl -sS --fail -o /dev/null -m 10 "$(lab_url "$VIP4")" 2>/dev/null; }
wait_for 10 served || fail "$(lab_ctl pool show web4)"
wait_pool web6 up=1 10
faults_expect transitions web{4,6}/be2=1
faults_end
lab_sluiced_stop
