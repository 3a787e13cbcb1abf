#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# More lanes than workers, and lanes that move between two workers all the time, under real traffic: every
# download is whole and from one backend, and of numbered datagrams none is lost, doubled or astray.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_DRIVER=af_packet LAB_QUEUES=3
lab_up 2
lab_backends_start
head -c 8000000 /dev/urandom >"$LAB_DIR/file"
for i in 1 2; do
	mkdir "$LAB_DIR/be$i/files"
	ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
done
sum=$(sha256sum <"$LAB_DIR/file")

# Two workers. On a small machine they may share CPUs: what is tested is who drives, not how fast.
lab_conf
both="$(lab_cpu 0),$(lab_cpu 1)"
sed -i -E 's/workers = \[[^]]*\]/workers = [ ]/; s/main_lcore = [0-9]+/main_lcore = 0/' "$LAB_CONF"
sed -i '/^vips/a\  { name = "dgrams"; address = "203.0.113.10"; port = 9000; protocol = "udp"; pool = "web4"; },' "$LAB_CONF"
lab_spawn sluiced lb "$LAB_BUILD/app/sluiced/sluiced" -c "$LAB_CONF" -- --lcores "0@($both),1@($both),2@($both)"
lab_ready sluiced 'ready: 3 VIPs, .* 2 workers, 3 lanes' 30

lanes() {
	lab_ctl -j lcore list | jq -c 'map(.lanes)'
}

expect_eq "lanes of the workers" "$(lanes)" "[[0,2],[1]]"
expect_eq "answer to a move" "$(lab_ctl lane move 2 2)" "lane 2 is driven by lcore 2"
expect_eq "lanes after the move" "$(lanes)" "[[0],[1,2]]"
lab_ctl lane move 0 2 >/dev/null
expect_eq "lanes when the first worker is parked" "$(lanes)" "[[],[0,1,2]]"
lab_get 20 "$(lab_url "$VIP4")" >/dev/null

# The judge: each backend writes down the datagrams that reach it, as "SOURCE-PORT NUMBER".
for i in 1 2; do
	lab_spawn "count-$i" "be$i" python3 "$(dirname "$0")/datagrams.py" receive 203.0.113.10 9000 "$LAB_DIR/got-be$i"
	lab_ready "count-$i" ready 30
done

downloads=({1..6})
for download in "${downloads[@]}"; do
	lab_spawn "get-$download" client curl -sS --fail -m 60 --limit-rate 1M -o "$LAB_DIR/got-$download" \
		"$(lab_url "$VIP4")files/file"
done
lost=$(lab_kernel_lost)
lab_spawn send client python3 "$(dirname "$0")/datagrams.py" send 203.0.113.10 9000 40 0 500

# Until there were enough, and at least as long as the first download.
moves=0
while [ "$moves" -lt 60 ] || lab_alive "get-${downloads[0]}"; do
	lab_alive send || fail "the sender has ended: $(lab_log send)"
	for lane in 0 1 2; do
		lab_ctl lane move "$lane" $((1 + (moves + lane) % 2)) >/dev/null
		moves=$((moves + 1))
	done
done
lab_stop send
expect_eq "exit status of the sender" "$LAB_STATUS" 0
sent=$(lab_log send | sed -n 's/^sent //p')

received() {
	cat "$LAB_DIR"/got-be? | wc -l
}
all_received() {
	[ "$(received)" -ge "$sent" ]
}
wait_for 20 all_received || true
lost=$(($(lab_kernel_lost) - lost))
for i in 1 2; do lab_stop "count-$i"; done
echo "$moves moves, $sent datagrams, $lost of them dropped by kernels"
expect_between "datagrams received" "$(received)" $((sent - lost)) "$sent"
expect_eq "different ones" "$(cat "$LAB_DIR"/got-be? | sort -u | wc -l)" "$(received)"
expect_eq "flows that were seen by two backends" \
	"$(comm -12 <(cut -d' ' -f1 "$LAB_DIR/got-be1" | sort -u) <(cut -d' ' -f1 "$LAB_DIR/got-be2" | sort -u) | wc -l)" 0
# One of two backends has none of 40 flows: 2^-39.
for i in 1 2; do [ -s "$LAB_DIR/got-be$i" ] || fail "be$i has received nothing"; done

for download in "${downloads[@]}"; do
	wait_for 60 lab_dead "get-$download" || fail "download $download hangs"
	lab_stop "get-$download"
	expect_eq "exit status of download $download" "$LAB_STATUS" 0
	expect_eq "checksum of download $download" "$(sha256sum <"$LAB_DIR/got-$download")" "$sum"
done

wrong() {
	local code=0 answer
	answer=$(lab_ctl "${@:3}" 2>&1) || code=$?
	expect_eq "exit status of ${*:3}" "$code" "$1"
	expect_match "answer to ${*:3}" "$answer" "$2"
}
wrong 6 'no lane 3: there are 3, from 0 on' lane move 3 1
wrong 6 'lcore 0 is no worker' lane move 0 0
wrong 2 'needs LCORE' lane move 0
wrong 2 'whole number' lane move one 1
lab_sluiced_stop
