# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# For the decap_*.sh tests, sourced by them: lb is the balancer and sends tunnelled packets itself,
# be1 runs sluice-decap and must answer them from the VIP. No sluiced takes part.

# shellcheck source=scripts/netlab.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/netlab.sh"

DECAP=("$LAB_BUILD/app/sluice-decap/sluice-decap") # the program, with what restricts it before it

decap_up() {
	/usr/bin/python3 -c 'import scapy' 2>/dev/null || skip "no scapy for /usr/bin/python3"
	lab_up 1
	lab_route be1 198.51.100.0/24 10.77.0.2
	lab_route be1 2001:db8:c::/64 fd77:0::2
	# What sluice-decap is to arrange must not be so already.
	lab_sysctl be1 net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0 \
		net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.arp_announce=1
}

# Everything that sluice-decap may change, as text.
host_state() {
	ip -n "$(lab_ns be1)" addr show dev lo
	lab_exec be1 sysctl net.ipv4.conf net.ipv6.conf 2>/dev/null
	lab_exec be1 tc qdisc show
	lab_exec be1 tc filter show dev eth0 ingress
}

host_remember() {
	host_state >"$LAB_DIR/before"
}

host_as_before() {
	host_state | diff "$LAB_DIR/before" - || fail "the host is not as before: $1"
}

# on_lo ADDRESS/LENGTH
on_lo() {
	grep -qF " $1 " <<<"$(ip -n "$(lab_ns be1)" addr show dev lo)"
}

# foreign_filter DIRECTION: a filter of somebody else, a classic BPF program that matches nothing.
foreign_filter() {
	lab_exec be1 tc filter add dev eth0 "$1" pref 500 bpf bytecode '1,6 0 0 0' || fail "no foreign filter"
}

# setting_is NAME VALUE: under net.ipv4.conf of be1.
setting_is() {
	expect_eq "$1" "$(lab_exec be1 sysctl -n "net.ipv4.conf.$1")" "$2"
}

# decap_start ARGUMENTS...: runs it until it is ready.
decap_start() {
	lab_spawn decap be1 "${DECAP[@]}" "$@"
	lab_ready decap '^ready:' 20
}

# decap_stop SIGNAL: it must end with exit status 0, and have said nothing but that it was ready.
decap_stop() {
	lab_stop decap "$1"
	expect_eq "exit status of sluice-decap after SIG$1" "$LAB_STATUS" 0
	expect_eq "messages after SIG$1" "$(lab_log decap | grep -v '^ready:' || true)" ""
}

# decap_refused REASON ARGUMENTS...: exit status 1 and this one sentence.
decap_refused() {
	lab_spawn refused be1 "${DECAP[@]}" "${@:2}"
	wait_for 15 lab_dead refused || fail "does not end: ${*:2}"
	lab_stop refused
	expect_eq "exit status with ${*:2}" "$LAB_STATUS" 1
	expect_eq "refusal of ${*:2}" "$(lab_log refused)" "sluice-decap: $1"
}

# probe SECONDS WHAT [ADDRESS]: "answered" or "silent", see decap_probe.py.
probe() {
	lab_exec lb /usr/bin/python3 "$LAB_TOP/tests/e2e/decap_probe.py" wan \
		"$(lab_exec be1 cat /sys/class/net/eth0/address)" "$@"
}

answers() {
	expect_eq "probe $*" "$(probe 20 "$@")" answered
}

silent() {
	expect_eq "probe $*" "$(probe 1 "$@")" silent
}

all_tunnels() {
	local tunnel
	for tunnel in 4in4 6in6 4in6 6in4 4in4-options 6in6-limit 4in6-limit plain4 plain6; do
		answers "$tunnel"
	done
}
