# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# For the tests of one way of forwarding each, sourced by them behind netlab.sh.

# Requests that backends have read whole into kept/: logged a moment after the answer.
mode_kept() {
	[ "$(cat "$LAB_DIR"/be?/access.log | grep -c '/keep$')" = "$1" ]
}

# VIPs for datagrams beside those for HTTP, and who sends them back on every backend.
mode_datagrams() {
	local vip n=0 i
	LAB_MORE_VIPS=
	for vip in $LAB_VIPS; do
		n=$((n + 1))
		LAB_MORE_VIPS+=", { name = \"udp$n\"; address = \"${vip%=*}\"; port = 17; protocol = \"udp\"; pool = \"web${vip#*=}\"; }"
	done
	for i in $(seq "$LAB_N"); do
		# shellcheck disable=SC2046
		lab_spawn "udp-be$i" "be$i" "$LAB_TOP/tests/e2e/udp_whole.py" serve 17 $(lab_vip_addresses)
		lab_ready "udp-be$i" ready 30
	done
}

# mode_up: three backends with 10 MB to give.
mode_up() {
	local i
	lab_up 3
	lab_backends_start
	mode_datagrams
	head -c 10000000 /dev/urandom >"$LAB_DIR/file"
	for i in 1 2 3; do
		mkdir "$LAB_DIR/be$i/files"
		ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
	done
	lab_conf
	lab_sluiced_start
}

# mode_works: every backend gets its share of every VIP; 10 MB come down whole and go up whole; datagrams of all sizes go
# there and back, fragments too.
mode_works() {
	local vip sum vips=0
	mode_up
	sum=$(sha256sum <"$LAB_DIR/file")
	for vip in $(lab_vip_addresses); do lab_even "$vip"; done
	lab_hits_reset
	for vip in $(lab_vip_addresses); do
		vips=$((vips + 1))
		lab_curl -m 60 -o "$LAB_DIR/got" "$(lab_url "$vip")files/file" || fail "download from $vip"
		expect_eq "checksum of a download from $vip" "$(sha256sum <"$LAB_DIR/got")" "$sum"
		expect_match "answer to an upload to $vip" \
			"$(lab_curl -m 60 --data-binary "@$LAB_DIR/file" "$(lab_url "$vip")keep")" '^be[123]$'
		lab_exec client "$LAB_TOP/tests/e2e/udp_whole.py" ask "$vip" 17 0 1 2 100 999 1400 1452 1453 1472 1473 4000 30000 ||
			fail "datagrams to $vip"
	done
	wait_for 20 mode_kept $vips || fail "not every upload has arrived"
	expect_eq "checksums of $vips uploads" "$(sha256sum "$LAB_DIR"/be?/kept/* | cut -d' ' -f1 | uniq -c | sed 's/^ *//')" \
		"$vips ${sum%% *}"
	lab_sluiced_stop
}
