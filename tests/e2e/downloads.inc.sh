# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034
#
# For the backend_delete*.sh tests, sourced by them behind netlab.sh: three web servers of web4 under downloads, four each,
# that go on until the test ends them. Who has which connection is read from the backends' kernels.

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
	LAB_WEIGHTS="100 100 100 -"
	health_conf
	lab_sluiced_start
	faults_begin
}

# clients N: the ports of the clients that backend N's kernel has a connection with
clients() {
	lab_exec "be$1" ss -Htn state established '( sport = :80 )' dst 10.77.0.1 | awk '{ print $NF }' | sed 's/.*://' | sort
}

downloads_start() {
	# shellcheck disable=SC2046
	lab_spawn get client "$LAB_TOP/tests/e2e/held_get.py" "$VIP4" /files/file "$LAB_DIR/file" $(lab_ports 4 be1 be2 be3)
	lab_ready get '^begun' 60
	for i in 1 2 3; do expect_eq "downloads from be$i" "$(clients "$i" | wc -l)" 4; done
}

# downloads_end: what became of them is in the log of get, "PORT whole" or "PORT ended: why"
downloads_end() {
	kill -USR1 "$(lab_pid get)"
	wait_for 40 lab_dead get || fail "downloads hang"
	lab_stop get
	expect_eq "exit status of the downloads" "$LAB_STATUS" 0
}

# members: with their state, as sluiced says
members() {
	lab_ctl -j backend list web4 | jq -c 'map([.backend, .admin])'
}
