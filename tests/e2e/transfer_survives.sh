#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Downloads go on, whole and from the same backend, while weights change and their backend is drained and
# removed from the configuration.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

transfers=6

lab_up 3
lab_backends_start
head -c 4000000 /dev/urandom >"$LAB_DIR/file"
for i in 1 2 3; do
	mkdir "$LAB_DIR/be$i/files"
	ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
done
sum=$(sha256sum <"$LAB_DIR/file")
lab_conf
lab_sluiced_start

# N downloads of about 4 s to each VIP, spread over the backends.
download() {
	local n
	for n in $(seq "$transfers"); do
		lab_spawn "get-$1-$n" client curl -sS --fail -m 60 --limit-rate 1M -o "$LAB_DIR/got-$1-$n" \
			"$(lab_url "$1")files/file"
	done
}

begun() {
	[ "$(find "$LAB_DIR" -name 'got-*' -size +0 | wc -l)" = $((2 * transfers)) ]
}

download "$VIP4"
download "$VIP6"
wait_for 10 begun || fail "not all downloads have begun"
for weights in "1 1000 1" "1000 1 500" "0 100 100" "- 100 100" "- 0 100" "- - 100" "100 - -"; do
	LAB_WEIGHTS=$weights
	lab_conf
	lab_reload
done
for vip in "$VIP4" "$VIP6"; do
	for n in $(seq "$transfers"); do
		wait_for 30 lab_dead "get-$vip-$n" || fail "a download hangs"
		lab_stop "get-$vip-$n"
		expect_eq "exit status of a download from $vip" "$LAB_STATUS" 0
		expect_eq "checksum of a download from $vip" "$(sha256sum <"$LAB_DIR/got-$vip-$n")" "$sum"
	done
done
expect_eq "requests served" "$(cat "$LAB_DIR"/be?/access.log | wc -l)" $((2 * transfers))
lab_sluiced_stop
