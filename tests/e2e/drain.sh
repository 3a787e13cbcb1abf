#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Drain and maintenance by reload, under real downloads: a drained backend keeps what it has and gets nothing
# new, its time runs over rebuilds and ends; one in maintenance has no flow left.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 3
lab_backends_start
head -c 3000000 /dev/urandom >"$LAB_DIR/file"
for i in 1 2 3; do
	mkdir "$LAB_DIR/be$i/files"
	ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
done
sum=$(sha256sum <"$LAB_DIR/file")

# admin N STATE [DRAIN_TIMEOUT_S]: the configuration with backend N in that state.
admin() {
	lab_conf
	sed -i -E "s/(name = \"be$1\";)/\\1 admin = \"$2\";/; s/(name = \"web[46]\";)/\\1 drain_timeout_s = ${3:-3600};/" "$LAB_CONF"
}

# column N KEY: of backend N in pool web4
column() {
	lab_ctl -j --filter "backend=be$1" backend list web4 | jq -r ".[0].$2"
}

column_is() {
	[ "$(column "$1" "$2")" = "$3" ]
}

begun() {
	[ "$(find "$LAB_DIR" -name 'got-*' -size +0 | wc -l)" = 6 ]
}

# downloads_start RATE N BACKEND...: six of 3 MB, N from each of these backends
downloads_start() {
	local ports
	rm -f "$LAB_DIR"/got-*
	read -ra ports <<<"$(lab_ports "${@:2}")"
	for download in {1..6}; do
		lab_spawn "get-$download" client curl -sS --fail -m 90 --limit-rate "$1" --local-port "${ports[download - 1]}" \
			-o "$LAB_DIR/got-$download" "$(lab_url "$VIP4")files/file"
	done
	wait_for 10 begun || fail "not all downloads have begun"
}

downloads_end() {
	for download in {1..6}; do
		wait_for 30 lab_dead "get-$download" || fail "download $download hangs"
		lab_stop "get-$download"
		expect_eq "exit status of download $download" "$LAB_STATUS" 0
		expect_eq "checksum of download $download" "$(sha256sum <"$LAB_DIR/got-$download")" "$sum"
	done
}

lab_conf
lab_sluiced_start
downloads_start 1M 2 be1 be2 be3
for i in 1 2 3; do expect_eq "flows of be$i" "$(column "$i" flows)" 2; done

for i in 1 2; do
	admin "$i" drain
	lab_reload
	expect_eq "state of be$i" "$(column "$i" admin)" drain
	expect_eq "share of be$i" "$(column "$i" slots)" 0
	before=$(column "$i" new_flows)
	lab_hits_reset
	lab_get 60 "$(lab_url "$VIP4")" >/dev/null
	expect_eq "requests to the drained be$i" "$(lab_hits "$i" "$VIP4")" 0
	expect_eq "new flows of the drained be$i" "$(column "$i" new_flows)" "$before"
done
downloads_end

# Another weight of another backend makes a new build each time; the clock of be1 does not start over, or its drain would
# not end while that goes on. Downloads of half a minute: only the purge ends them so early.
downloads_start 100k 3 be1 be3
[ "$(column 1 flows)" -gt 0 ] || fail "be1 has no download"
admin 1 drain 2
lab_reload
i=0
until column_is 1 flows 0; do
	i=$((i + 1))
	[ $i -le 30 ] || fail "be1 has $(column 1 flows) flows long after its drain_timeout_s"
	admin 1 drain 2
	sed -i "s/weight = 100; }/weight = $((99 - i)); }/" "$LAB_CONF"
	lab_reload
	sleep 0.4
done
for download in {1..6}; do
	if lab_alive "get-$download"; then lab_stop "get-$download"; fi
done

# Maintenance: nothing is left at once, and it serves again afterwards.
admin 1 ready
lab_reload
lab_get 60 "$(lab_url "$VIP4")" >/dev/null
[ "$(column 1 flows)" -gt 0 ] || fail "be1 has no flow"
admin 1 maint
lab_reload
expect_eq "state of be1" "$(column 1 admin)" maint
wait_for 8 column_is 1 flows 0 || fail "be1 has $(column 1 flows) flows in maintenance"
lab_hits_reset
lab_get 60 "$(lab_url "$VIP4")" >/dev/null
expect_eq "requests to be1 in maintenance" "$(lab_hits 1 "$VIP4")" 0
admin 1 ready
lab_reload
lab_get 60 "$(lab_url "$VIP4")" >/dev/null
[ "$(lab_hits 1 "$VIP4")" -gt 0 ] || fail "be1 is ready and serves nobody"
lab_sluiced_stop
