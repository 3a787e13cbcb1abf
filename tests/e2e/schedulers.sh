#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A session that goes through the schedulers under real HTTP traffic: no request fails, downloads stay whole on their
# backend, and each scheduler spreads new connections as it says.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# p2c goes by flows alone here: a SYN that a busy machine makes come twice is no error of the backend.
LAB_VIPS="$VIP4=4" LAB_POOL='p2c = { errors = 0; };'
lab_up 3
lab_backends_start
head -c 40000000 /dev/urandom >"$LAB_DIR/file"
for i in 1 2 3; do
	mkdir "$LAB_DIR/be$i/files"
	ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
done
sum=$(sha256sum <"$LAB_DIR/file")
url=$(lab_url "$VIP4")
# conf: what was chosen is remembered to the end, so a backend's flows only become more.
conf() {
	lab_conf
	echo 'flows = { tcp_closing_s = 3600; };' >>"$LAB_CONF"
}

conf
lab_sluiced_start

# table PATH: of the first item of table show
table() {
	lab_ctl -j table show web4 | jq -r ".[0].$1"
}

# hits N: requests that backend N has logged, without downloads: one is logged when sockets hold the rest of it
hits() {
	awk '$6 == "/"' "$LAB_DIR/be$1/access.log" | wc -l
}

logged() {
	[ $(($(hits 1) + $(hits 2) + $(hits 3))) -ge "$1" ]
}

# served: requests to each backend for 60 new connections
served() {
	lab_hits_reset
	lab_get 60 "$url" >/dev/null
	wait_for 30 logged 60 || fail "not every request is logged"
	echo "$(hits 1) $(hits 2) $(hits 3)"
}

# flows: of each backend
flows() {
	lab_ctl -j backend list web4 | jq -r 'map(.flows) | join(" ")'
}

# least_first WEIGHT...: of 60 new connections each goes to the backend with the fewest flows for its weight. So none
# had more, when it got its last one, than any other has at the end.
least_first() {
	local had has got weight=("$@") i j
	read -ra had <<<"$(flows)"
	got=$(served)
	read -ra has <<<"$(flows)"
	echo "flows ${had[*]}, requests $got, flows ${has[*]}"
	for i in 0 1 2; do
		expect_eq "flows that became more at be$((i + 1))" $((has[i] - had[i])) "$(cut -d' ' -f$((i + 1)) <<<"$got")"
		for j in 0 1 2; do
			[ "${has[i]}" = "${had[i]}" ] || [ $((has[i] * weight[j])) -le $(((has[j] + 1) * weight[i])) ] ||
				fail "be$((i + 1)) got flows while be$((j + 1)) had fewer"
		done
	done
}

begun() {
	[ "$(find "$LAB_DIR" -name 'got-*' -size +0 | wc -l)" = ${#downloads[@]} ]
}

downloads=(1 2 3 4 5 6)
for download in "${downloads[@]}"; do
	lab_spawn "get-$download" client curl -sS --fail -m 200 --limit-rate 3M -o "$LAB_DIR/got-$download" \
		"${url}files/file"
done
wait_for 30 begun || fail "not all downloads have begun"

# What is refused changes nothing.
status=0
said=$(lab_ctl pool set web4 scheduler=source-hash hash=5-tuple 2>&1) || status=$?
expect_eq "exit status of source-hash with another hash" "$status" 1
expect_match "what it says" "$said" 'hashes the source'
expect_eq "scheduler after it" "$(table scheduler)" maglev

# rr: 20 each, whatever the weights; wrr: by weight, smoothly.
lab_ctl pool set web4 scheduler=rr >/dev/null
expect_eq "scheduler" "$(table scheduler)" rr
expect_eq "requests by rr" "$(served)" "20 20 20"
lab_ctl backend weight web4/be1 400 >/dev/null
expect_eq "requests by rr with weights" "$(served)" "20 20 20"
lab_ctl pool set web4 scheduler=wrr >/dev/null
expect_eq "requests by wrr" "$(served)" "40 10 10"
expect_eq "turns of wrr" "$(table slots)" 6
lab_ctl backend weight web4/be1 100 >/dev/null

# lc begins with about 30 more at be1; wlc, with four times the weight there, from equal numbers.
lab_ctl pool set web4 scheduler=lc >/dev/null
expect_eq "scheduler" "$(table scheduler)" lc
least_first 1 1 1
lab_ctl backend weight web4/be1 400 >/dev/null
lab_ctl pool set web4 scheduler=wlc >/dev/null
expect_eq "scheduler" "$(table scheduler)" wlc
least_first 400 100 100
lab_ctl backend weight web4/be1 100 >/dev/null

# p2c: be1 now has 40 flows more than the others, or nearly: of any two it is the worse one. Of the others the one with
# fewer wins two of three draws, the other one a third: that one of them gets less than 10 of 60 has a chance of 1e-15.
lab_ctl pool set web4 scheduler=p2c >/dev/null
expect_eq "scheduler" "$(table scheduler)" p2c
got=$(served)
expect_match "requests by p2c" "$got" '^0 [1-5][0-9] [1-5][0-9]$'

# Without probes there is no latency: by turns.
lab_ctl pool set web4 scheduler=least-latency >/dev/null
expect_eq "scheduler" "$(table scheduler)" least-latency
expect_eq "requests by least-latency" "$(served)" "20 20 20"

# By hash and by chance everybody gets something. The least share is 0.318, be1's of ring: the chance that a backend
# gets nothing of 60 is 1e-10.
for scheduler in ring random maglev; do
	lab_ctl pool set web4 "scheduler=$scheduler" >/dev/null
	expect_eq "scheduler" "$(table scheduler)" "$scheduler"
	got=$(served)
	for hits in $got; do
		[ "$hits" -gt 0 ] || fail "$scheduler: a backend got nothing: $got"
	done
done
lab_ctl pool set web4 scheduler=source-hash >/dev/null
expect_match "requests by source-hash" "$(served)" '^(60 0 0|0 60 0|0 0 60)$'

# A program of one's own; one that does not verify changes nothing.
examples=$(cd "$(dirname "$0")/../.." && pwd)/build/examples/sched
lab_ctl pool set web4 scheduler=bpf "program=$examples/affinity.bpf.o" hash= >/dev/null
expect_eq "shape" "$(table shape)" program
served >/dev/null
expect_eq "answers that named no member" "$(table strays)" 0
printf 'no object' >"$LAB_DIR/bad.o"
programs=$LAB_BUILD/tests/packet
before=$(lab_revision)
for bad in "$LAB_DIR/bad.o" "$programs/loop.bpf.o" "$programs/map.bpf.o" "$LAB_DIR/missing.o" "$LAB_DIR"; do
	status=0
	said=$(lab_ctl pool set web4 "program=$bad" 2>&1) || status=$?
	expect_eq "exit status for a bad program" "$status" 1
	expect_match "what it says" "$said" "^sluicectl: program $bad(:| is)"
	status=0
	lab_ctl table diff web4 "program=$bad" 2>/dev/null || status=$?
	expect_eq "exit status of a diff to a bad program" "$status" 1
done
expect_eq "revision after bad programs" "$(lab_revision)" "$before"
expect_eq "scheduler after them" "$(table scheduler)" bpf
served >/dev/null

# Another program under the same name: named again, it is read again. A file that changes is not.
cp "$programs/first.bpf.o" "$LAB_DIR/own.o"
lab_ctl pool set web4 "program=$LAB_DIR/own.o" >/dev/null
expect_eq "requests by a program that names the first" "$(served)" "60 0 0"
cp "$programs/last.bpf.o" "$LAB_DIR/own.o"
lab_ctl backend weight web4/be1 90 >/dev/null
expect_eq "requests by it still" "$(served)" "60 0 0"
expect_match "what setting it again says" "$(lab_ctl pool set web4 "program=$LAB_DIR/own.o")" 'in force'
expect_eq "requests by the new one" "$(served)" "0 0 60"
expect_match "what setting it once more says" "$(lab_ctl pool set web4 "program=$LAB_DIR/own.o")" 'nothing to change'
lab_ctl backend weight web4/be1 100 >/dev/null
lab_ctl pool set web4 scheduler=source-hash program= >/dev/null

# A prediction, and nothing changed by it.
diff=$(lab_ctl -j table diff web4/be1 weight=0)
expect_eq "what it goes by" "$(jq -r .by <<<"$diff")" slots
jq -e '.moved > 0.30 and .moved < 0.40' <<<"$diff" >/dev/null || fail "a third of three is to move: $diff"
expect_eq "backends in the table" "$(table backends)" 3
expect_match "diff for people" "$(lab_ctl table diff web4 scheduler=rr)" 'source-hash -> rr, 3 -> 3 backends'
status=0
lab_ctl table diff web4 scheduler=rrr 2>/dev/null || status=$?
expect_eq "exit status of a diff to nothing known" "$status" 1
status=0
lab_ctl table show wbe4 2>/dev/null || status=$?
expect_eq "exit status of table show for no pool" "$status" 6
expect_match "table show" "$(lab_ctl table show web4)" 'be2 .* 33\.'

# A reload goes back to what the file says.
conf
lab_reload
expect_eq "scheduler after the reload" "$(table scheduler)" maglev

for download in "${downloads[@]}"; do
	wait_for 150 lab_dead "get-$download" || fail "download $download hangs"
	lab_stop "get-$download"
	expect_eq "exit status of download $download" "$LAB_STATUS" 0
	expect_eq "checksum of download $download" "$(sha256sum <"$LAB_DIR/got-$download")" "$sum"
done
lab_sluiced_stop
