# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Packets that do not fit once they wear the outer header, on a link of 1500 bytes, both families outside and
# inside, by the tunnel of LAB_FORWARD. With DF, and over IPv6, the client's kernel is told the MTU and adapts: ping,
# TCP, UDP. Without DF the backend puts the pieces together. Sourced by the tests of one tunnel each, behind netlab.sh.

# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "${BASH_SOURCE[0]}")/faults.inc.sh"

LAB_VIPS="$VIP4=4 $VIP4B=6 $VIP6=6 $VIP6B=4"
lab_up 2
LAB_MORE_VIPS=''
for vip in $LAB_VIPS; do
	LAB_MORE_VIPS+=", { name = \"echo${#LAB_MORE_VIPS}\"; address = \"${vip%=*}\"; port = 17; protocol = \"udp\"; pool = \"web${vip#*=}\"; }"
done
ip -n "$(lab_ns lb)" link set wan mtu 1500
health_backends_start
for i in 1 2; do
	ip -n "$(lab_ns "be$i")" link set eth0 mtu 1500
	# shellcheck disable=SC2046
	lab_spawn "echo$i" "be$i" "$LAB_TOP/tests/e2e/udp_whole.py" serve 17 $(lab_vip_addresses)
	lab_ready "echo$i" ready 30
done
head -c 1500000 /dev/urandom >"$LAB_DIR/file"
sum=$(sha256sum <"$LAB_DIR/file")

forget_paths() {
	lab_exec client ip route flush cache
	lab_exec client ip -6 route flush cache
	lab_exec client ip tcp_metrics flush
}

# path_mtu VIP: what the client's kernel has learnt of it, or nothing
path_mtu() {
	lab_exec client ip route get "$1" | sed -nE 's/.* mtu ([0-9]+).*/\1/p'
}

path_mtu_is() {
	[ "$(path_mtu "$1")" = "$2" ]
}

counter() {
	lab_ctl -j status | jq ".$1_packets"
}

# told VIP MTU [MOST]: the client knows the MTU, from one answer, or up to MOST.
told() {
	wait_for 20 path_mtu_is "$1" "$2" || fail "$LAB_FORWARD: MTU to $1 is \"$(path_mtu "$1")\", expected $2"
	expect_between "$LAB_FORWARD: answers for $1" $(($(counter answered) - before)) 1 "${3:-1}"
	before=$(counter answered)
}

health_conf
sed -i 's/; pool = "/; echo = "backend"; pool = "/g' "$LAB_CONF"
lab_sluiced_start
faults_begin
for vip in $LAB_VIPS; do
	outer=${vip#*=} vip=${vip%=*} headers=28 inner=4
	case $vip in *:*) headers=48 inner=6 ;; esac
	case $LAB_FORWARD/$outer in
	ipip/4) mtu=1480 ;;
	ipip/6) mtu=1460 ;;
	gue/4) mtu=1468 ;;
	gue/6) mtu=1448 ;;
	esac
	forget_paths
	before=$(counter answered)

	# What fits passes; a byte more does not, and the client is told. It cuts then, and the backend answers.
	lab_exec client "$LAB_TOP/tests/e2e/ping.py" "$vip" $((mtu - headers)) 3
	expect_eq "MTU to $vip before" "$(path_mtu "$vip")" ""
	expect_eq "answers before" "$(counter answered)" "$before"
	lab_exec client "$LAB_TOP/tests/e2e/ping.py" "--told=$mtu" "$vip" $((mtu - headers + 1)) 1
	told "$vip" "$mtu"
	lab_exec client "$LAB_TOP/tests/e2e/ping.py" "$vip" $((mtu - headers + 1)) 1
	lab_exec client "$LAB_TOP/tests/e2e/ping.py" "$vip" $((1500 - headers)) 1

	# TCP finds out by itself.
	forget_paths
	lab_curl -m 60 --data-binary "@$LAB_DIR/file" -o "$LAB_DIR/said" "$(lab_url "$vip")keep"
	told "$vip" "$mtu" 100
	expect_eq "$LAB_FORWARD: checksum of an upload to $vip" "$(sha256sum <"$LAB_DIR/$(<"$LAB_DIR/said")/kept/"*)" "$sum"
	rm "$LAB_DIR"/be?/kept/*

	# UDP with DF, or over IPv6; without DF nobody is told anything.
	forget_paths
	lab_exec client "$LAB_TOP/tests/e2e/udp_whole.py" insist "$vip" 17 $((1500 - headers))
	told "$vip" "$mtu" 50
	lab_exec client "$LAB_TOP/tests/e2e/udp_whole.py" insist "$vip" 17 20000 60000
	[ $inner = 4 ] || continue
	forget_paths
	before=$(counter answered)
	lab_exec client "$LAB_TOP/tests/e2e/udp_whole.py" ask "$vip" 17 $((mtu - 28)) $((mtu - 27)) 1471 1472 1473 5000 20000
	expect_eq "MTU to $vip" "$(path_mtu "$vip")" ""
	expect_eq "answers to $vip" "$(counter answered)" "$before"
done

# Those that may be cut, dropped instead.
for pool in web4 web6; do lab_ctl pool set $pool oversize=drop >/dev/null; done
for vip in "$VIP4" "$VIP4B"; do
	for _ in 1 2 3 4 5; do lab_exec client "$LAB_TOP/tests/e2e/ping.py" --may-cut --send-only "$vip" 1472 1; done
done
all() { [ "$(drops_of too_big)" = 10 ]; }
wait_for 20 all || fail "$LAB_FORWARD: dropped as too_big: $(drops_of too_big), expected 10"
faults_end too_big=10
lab_sluiced_stop
