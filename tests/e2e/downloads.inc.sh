# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034
#
# For the backend_delete*.sh tests, sourced by them behind netlab.sh: three web servers of web4 under slow downloads. Who
# has which connection is read from the backends' kernels.

# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "${BASH_SOURCE[0]}")/faults.inc.sh"

# The background flow has a backend of its own.
downloads_lab() {
	LAB_VIPS="$VIP4=4" LAB_POOL='slow_start_s = 0;'
	lab_up 4
	# Small buffers: a backend is through with a file no sooner than the client.
	lab_sysctl client "net.ipv4.tcp_rmem=4096 65536 131072"
	for i in 1 2 3; do lab_sysctl "be$i" "net.ipv4.tcp_wmem=4096 65536 131072"; done
	health_backends_start
	head -c 2000000 /dev/urandom >"$LAB_DIR/file"
	for i in 1 2 3; do
		mkdir "$LAB_DIR/be$i/files"
		ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
	done
	sum=$(sha256sum <"$LAB_DIR/file")
	LAB_WEIGHTS="100 100 100 -"
	health_conf
	lab_sluiced_start
	faults_begin
}

# clients N: the ports of the clients that backend N's kernel has a connection with
clients() {
	lab_exec "be$1" ss -Htn state established '( sport = :80 )' dst 10.77.0.1 | awk '{ print $NF }' | sed 's/.*://' | sort
}

established() {
	[ "$(for i in 1 2 3; do clients "$i"; done | wc -l)" = "$1" ]
}

# downloads_start N RATE
downloads_start() {
	rm -f "$LAB_DIR"/got-*
	for ((i = 1; i <= $1; i++)); do
		lab_spawn "get-$i" client curl -sS --fail -m 60 --limit-rate "$2" -o "$LAB_DIR/got-$i" "$(lab_url "$VIP4")files/file"
	done
	wait_for 10 established "$1" || fail "not all downloads have begun"
}

# download_end N: it must end well
download_end() {
	wait_for 40 lab_dead "get-$1" || fail "download $1 hangs"
	lab_stop "get-$1"
	expect_eq "exit status of download $1" "$LAB_STATUS" 0
	expect_eq "checksum of download $1" "$(sha256sum <"$LAB_DIR/got-$1")" "$sum"
}

# members: with their state, as sluiced says
members() {
	lab_ctl -j backend list web4 | jq -c 'map([.backend, .admin])'
}
