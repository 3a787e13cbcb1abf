# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034
#
# For the odd_*.sh tests, sourced by them behind netlab.sh: packets by scapy (wire.py), beside the background flow.

# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "${BASH_SOURCE[0]}")/faults.inc.sh"

# odd_up N [VIPS]: a laboratory with N backends of which the last one has the background flow alone, a VIP that serves
# TCP port 80 and one that serves UDP port 9 in both families, and more VIPs, each as in the file with a comma before it.
odd_up() {
	local vips=$LAB_VIPS i
	/usr/bin/python3 -c 'import scapy' 2>/dev/null || skip "no scapy for /usr/bin/python3"
	lab_up "$1"
	# Kernels shall not tell the balancer what they think of odd packets and of the answers to them.
	ip -n "$(lab_ns client)" -6 route add blackhole default
	for i in $(seq "$1"); do
		ip -n "$(lab_ns "be$i")" route add blackhole 10.77.0.2
		ip -n "$(lab_ns "be$i")" route add blackhole fd77::2
	done
	LAB_WEIGHTS="$(printf '100 %.0s' $(seq $(($1 - 1))))-"
	LAB_MORE_VIPS=", { name = \"udp4\"; address = \"$VIP4\"; port = 9; protocol = \"udp\"; pool = \"web4\"; }
		, { name = \"udp6\"; address = \"$VIP6\"; port = 9; protocol = \"udp\"; pool = \"web6\"; } ${2:-}"
	LAB_VIPS="$VIP4=4 $VIP6=6 $VIP4B=4 $VIP6B=6" # all that a test may use, so that no backend refuses one
	health_backends_start
	LAB_VIPS=$vips
	health_conf
	lab_sluiced_start
}

# odd_run SCRIPT [ARGUMENT...]: of tests/e2e, with the background flow beside it. The last line that it prints says the
# drops that it has caused: those are all.
odd_run() {
	faults_begin
	LAB_ID=$LAB_ID LAB_N=$LAB_N LAB_SOCKET=$LAB_SOCKET timeout 200 /usr/bin/python3 "$LAB_TOP/tests/e2e/$1" "${@:2}" \
		>"$LAB_DIR/odd.out" || fail "$LAB_DRIVER: $1"
	head -n -1 "$LAB_DIR/odd.out"
	# shellcheck disable=SC2046
	faults_end $(tail -n 1 "$LAB_DIR/odd.out")
}
