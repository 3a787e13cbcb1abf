#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Client and backend in a VLAN, with one tag and with two, by both drivers that share an interface with the kernel: HTTP and
# an upload go through, pings are answered with the tags that came, and without `vlan` nothing arrives. The kernel's routes
# say nothing here: where it has no VLAN interfaces, tc programs are the VLAN of client and backend (vlan.bpf.c), and
# tests/unit/test_kernel_links.c has the rest.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1
lab_backends_start
head -c 1000000 /dev/urandom >"$LAB_DIR/file"
# Tags stay in the frame where XDP is to see them.
lab_exec sw ethtool -K lb-wan txvlan off tx-vlan-stag-hw-insert off >/dev/null
mac=$(ip -n "$(lab_ns be1)" -j link show eth0 | jq -r '.[0].address')

# filter NAMESPACE DIRECTION SECTION
filter() {
	lab_exec "$1" tc qdisc add dev eth0 clsact 2>/dev/null || true
	lab_exec "$1" tc filter replace dev eth0 "$2" pref 10 handle 1 protocol all bpf da \
		obj "$LAB_DIR/vlan.o" sec "$3"
}

# into_vlan OUTER INNER
into_vlan() {
	clang -O2 -target bpf -idirafter "/usr/include/$(gcc -print-multiarch)" "-DOUTER=$1" "-DINNER=$2" \
		-c "$LAB_TOP/tests/e2e/vlan.bpf.c" -o "$LAB_DIR/vlan.o"
	filter be1 ingress tc/pop
	filter client ingress tc/pop
	filter client egress tc/push
}

hop() {
	lab_ctl backend list web4 | awk 'NR == 2' | grep -o "${mac}[^ ]*" || true
}

# works WHAT: both families, small and large, and what Sluice answers itself.
works() {
	local vip
	for vip in "$VIP4" "$VIP6"; do
		lab_get 3 "$(lab_url "$vip")"
		lab_curl -m 60 -o "$LAB_DIR/said" --data-binary "@$LAB_DIR/file" "$(lab_url "$vip")upload" ||
			fail "$1: upload to $vip"
		lab_exec client "$LAB_TOP/tests/e2e/ping.py" "$vip" 56 2 || fail "$1: ping of $vip"
	done
}

# live WHAT TAGS: taken off and put back while it runs.
live() {
	lab_ctl port set wan vlan= >/dev/null
	expect_eq "$1: next hop without VLAN" "$(hop)" "$mac@wan,static"
	lab_silent "$(lab_url "$VIP4")" || fail "$1: the backend takes frames without tags"
	lab_ctl port set wan "vlan=$2" >/dev/null
	lab_get 2 "$(lab_url "$VIP4")"
}

# run DRIVER TAGS OFFLOADS WORK: WORK is what the device does
run() {
	local what="$1, $2, offloads $3"
	LAB_DRIVER=$1
	lab_conf
	sed -i "s|interface = \"wan\";|& next_hop_mac = \"$mac\"; vlan = \"$2\"; offloads = $3;|" "$LAB_CONF"
	lab_sluiced_start
	expect_eq "$what: next hop" "$(hop)" "$mac@wan.$2,static"
	expect_eq "$what: work of the device" "$(lab_ctl -j port list | jq -r '.[0].offloads | join(",")')" "$4"
	works "$what"
	if [ "$3" = false ]; then live "$what" "$2"; fi
	lab_sluiced_stop
}

into_vlan 100 0
run af_xdp 100 true ""
run af_packet 100 true rx-vlan,tx-vlan
into_vlan 200 7
run af_xdp 200.7 true ""
run af_packet 200.7 false ""
