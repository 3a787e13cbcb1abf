#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Downloads go on, whole and from the same backend, while weights change and their backend is drained and
# removed from the configuration.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

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

begun() {
	[ "$(find "$LAB_DIR" -name 'got-*' -size +0 | wc -l)" = ${#downloads[@]} ]
}

# Six of about 4 s to each VIP, spread over the backends.
downloads=()
for download in {1..6}-"$VIP4" {1..6}-"$VIP6"; do
	downloads+=("$download")
	lab_spawn "get-$download" client curl -sS --fail -m 60 --limit-rate 1M -o "$LAB_DIR/got-$download" \
		"$(lab_url "${download#*-}")files/file"
done
wait_for 30 begun || fail "not all downloads have begun"
for weights in "1 1000 1" "1000 1 500" "0 100 100" "- 100 100" "- 0 100" "- - 100" "100 - -"; do
	LAB_WEIGHTS=$weights
	lab_conf
	lab_reload
done
for download in "${downloads[@]}"; do
	wait_for 60 lab_dead "get-$download" || fail "download $download hangs"
	lab_stop "get-$download"
	expect_eq "exit status of download $download" "$LAB_STATUS" 0
	expect_eq "checksum of download $download" "$(sha256sum <"$LAB_DIR/got-$download")" "$sum"
done
for i in 1 2 3; do lab_logged "$i"; done
expect_eq "requests served" "$(cat "$LAB_DIR"/be?/access.log | wc -l)" ${#downloads[@]}
lab_sluiced_stop
