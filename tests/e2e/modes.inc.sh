# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# For the tests of one way of forwarding each, sourced by them behind netlab.sh.

# Requests of 10 MB that backends have read: logged a moment after the answer.
mode_uploads() {
	[ "$(cat "$LAB_DIR"/be?/access.log | awk '$5 > 10000000' | wc -l)" = "$1" ]
}

# mode_works: every backend gets its share of every VIP; 10 MB come down whole; full-size segments go up.
mode_works() {
	local i vip sum
	lab_up 3
	lab_backends_start
	head -c 10000000 /dev/urandom >"$LAB_DIR/file"
	sum=$(sha256sum <"$LAB_DIR/file")
	for i in 1 2 3; do
		mkdir "$LAB_DIR/be$i/files"
		ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
	done
	lab_conf
	lab_sluiced_start
	for vip in $(lab_vip_addresses); do lab_even "$vip"; done
	lab_hits_reset
	for vip in $(lab_vip_addresses); do
		lab_curl -m 60 -o "$LAB_DIR/got" "$(lab_url "$vip")files/file" || fail "download from $vip"
		expect_eq "checksum of a download from $vip" "$(sha256sum <"$LAB_DIR/got")" "$sum"
		expect_match "answer to an upload to $vip" \
			"$(lab_curl -m 60 --data-binary "@$LAB_DIR/file" "$(lab_url "$vip")upload")" '^be[123]$'
	done
	wait_for 5 mode_uploads "$(lab_vip_addresses | wc -l)" || fail "not every upload has arrived whole"
	lab_sluiced_stop
}
