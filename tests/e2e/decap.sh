#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# sluice-decap on a real backend: a namespace "balancer" sends tunnelled packets to a namespace "backend", which
# must answer from the VIP. usage: decap.sh [BUILD_DIR]. Exit 0 passed, 1 failed, 77 skipped.
set -u

here=$(cd "$(dirname "$0")" && pwd)
decap=$(realpath -m "${1:-$here/../../build}")/app/sluice-decap/sluice-decap
probe=$here/decap_probe.py
lb=slcdec$$lb
be=slcdec$$be
dir=$(mktemp -d)
pid=
runner=(ip netns exec "$be")
vip4=203.0.113.10
vip6=2001:db8:f::10

skip() {
	echo "SKIP decap.sh: $*"
	exit 77
}

fail() {
	echo "FAIL: $*" >&2
	sed 's/^/  sluice-decap: /' "$dir/err" >&2
	exit 1
}

cleanup() {
	[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null
	ip netns del "$lb" 2>/dev/null
	ip netns del "$be" 2>/dev/null
	rm -rf "$dir"
}

in_lb() { ip netns exec "$lb" "$@"; }
in_be() { ip netns exec "$be" "$@"; }

make_hosts() {
	for ns in "$lb" "$be"; do
		ip netns add "$ns" || skip "no network namespaces here"
	done
	ip link add eth0 netns "$lb" type veth peer name eth0 netns "$be" || skip "no veth here"
	for ns in "$lb" "$be"; do
		ip -n "$ns" link set lo up
		ip netns exec "$ns" ethtool -K eth0 tx off tso off gso off gro off >/dev/null 2>&1
	done
	ip -n "$lb" addr add 10.9.0.1/24 dev eth0
	ip -n "$lb" addr add 2001:db8:9::1/64 dev eth0 nodad
	ip -n "$be" addr add 10.9.0.2/24 dev eth0
	ip -n "$be" addr add 2001:db8:9::2/64 dev eth0 nodad
	ip -n "$lb" link set eth0 up
	ip -n "$be" link set eth0 up
	ip -n "$be" route add 198.51.100.0/24 via 10.9.0.1
	ip -n "$be" route add 2001:db8:c::/64 via 2001:db8:9::1
	in_be sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.arp_announce=1
}

# Everything that sluice-decap may change, as text.
state() {
	ip -n "$be" addr show dev lo
	in_be sysctl net.ipv4.conf net.ipv6.conf 2>/dev/null
	in_be tc qdisc show
	in_be tc filter show dev eth0 ingress
}

# A filter of somebody else: a classic BPF program that matches nothing.
foreign_filter() { in_be tc filter add dev eth0 "$1" pref 500 bpf bytecode '1,6 0 0 0'; }

# start NAME ARGS...: run it until it is ready.
start() {
	rm -f "$dir/out"
	mkfifo "$dir/out"
	# Not by in_be: in the background a function is a shell of its own, and signals would go to that.
	"${runner[@]}" "$decap" "$@" >"$dir/out" 2>"$dir/err" &
	pid=$!
	local line=
	read -r -t 20 line <"$dir/out"
	[[ $line == ready:* ]] || fail "not ready with: $*"
}

# stop SIGNAL: must end with exit code 0, and silently.
stop() {
	kill -"$1" "$pid"
	wait "$pid"
	local rc=$?
	pid=
	[ $rc = 0 ] || fail "exit code $rc after SIG$1"
	[ ! -s "$dir/err" ] || fail "messages after SIG$1"
}

ask() { in_lb /usr/bin/python3 "$probe" eth0 "$(in_be cat /sys/class/net/eth0/address)" "$@"; }
answers() { ask 5 "$@" || fail "no answer to: $*"; }
silent() { ask 1 "$@" && fail "an answer to: $*"; }
sysctl_is() { [ "$(in_be sysctl -n "$1")" = "$2" ] || fail "$1 is not $2"; }

# refused REASON COMMAND...: exit code 1 and this one sentence.
refused() {
	local reason=$1
	shift
	"$@" >/dev/null 2>"$dir/second" && fail "not refused: $*"
	[ "$(cat "$dir/second")" = "sluice-decap: $reason" ] || {
		cat "$dir/second"
		fail "another reason than: $reason"
	}
}

all_tunnels() {
	for tunnel in 4in4 6in6 4in6 6in4 4in4-options 6in6-limit 4in6-limit plain4 plain6; do
		answers "$tunnel"
	done
}

[ "$(id -u)" = 0 ] || skip "not root"
/usr/bin/python3 -c 'import scapy' 2>/dev/null || skip "no scapy for /usr/bin/python3"
[ -x "$decap" ] || skip "$decap is not built"
trap cleanup EXIT
trap 'exit 1' INT TERM
: >"$dir/err"
make_hosts
state >"$dir/before"

echo "1. without sluice-decap nobody answers for the VIPs"
silent 4in4
silent 6in6
silent plain4

echo "2. with it every tunnel is answered, ARP for the VIP is not"
start --vip $vip4 $vip6 --interface eth0
all_tunnels
answers arp 10.9.0.2
silent arp $vip4
silent 4in4-not-vip
for addr in $vip4/32 $vip6/128; do
	ip -n "$be" addr show dev lo | grep -q "$addr" || fail "$addr is not on lo"
done
sysctl_is net.ipv4.conf.eth0.rp_filter 2
sysctl_is net.ipv4.conf.eth0.arp_ignore 1
sysctl_is net.ipv4.conf.eth0.arp_announce 2
sysctl_is net.ipv4.conf.all.rp_filter 1

echo "3. a second one is refused and disturbs nothing"
refused "another sluice-decap is running on interface eth0" \
	in_be "$decap" --vip $vip4 --interface eth0
answers 4in4

echo "4. SIGINT leaves the host as it was"
stop INT
state | diff "$dir/before" - || fail "host not as before"

echo "5. after kill -9 the filter works on, the next one takes over, drops what is not wanted any more"
start --vip $vip4 203.0.113.11 --vip $vip6 --interface eth0
{
	kill -9 "$pid"
	wait "$pid"
} 2>/dev/null
answers 4in4
start --vip $vip4 $vip6 --interface eth0
ip -n "$be" addr show dev lo | grep -q 203.0.113.11 && fail "left-over VIP is still on lo"
all_tunnels
stop TERM
state | diff "$dir/before" - || fail "host not as before the first one"

echo "6. addresses, filters and settings of others stay"
ip -n "$be" addr add $vip4/32 dev lo
in_be tc qdisc add dev eth0 clsact
foreign_filter ingress || fail "no filter"
in_be sysctl -qw net.ipv4.conf.eth0.arp_ignore=2
state >"$dir/before"
start --vip $vip4 $vip6 --interface eth0
all_tunnels
sysctl_is net.ipv4.conf.eth0.arp_ignore 2
stop INT
state | diff "$dir/before" - || fail "host not as before"

echo "7. a qdisc it made stays with somebody else's filter in it, a setting changed meanwhile too"
in_be tc qdisc del dev eth0 clsact
start --vip $vip4 --interface eth0
foreign_filter egress || fail "no filter"
in_be sysctl -qw net.ipv4.conf.eth0.arp_announce=0
stop TERM
sysctl_is net.ipv4.conf.eth0.arp_announce 0
in_be tc filter show dev eth0 egress | grep -q 'pref 500' || fail "somebody else's filter is gone"
in_be tc filter show dev eth0 ingress | grep -q . && fail "our filter is still there"

echo "8. what cannot work is refused in one sentence, and nothing is left behind"
in_be tc qdisc del dev eth0 clsact
ip -n "$be" addr del $vip4/32 dev lo
state >"$dir/before"
refused "interface nosuch: No such device" in_be "$decap" --vip $vip4 --interface nosuch
refused "interface lo is not an Ethernet interface" in_be "$decap" --vip $vip4 --interface lo
refused "--vip 203.0.113.256: not an IPv4 or IPv6 address" \
	in_be "$decap" --vip 203.0.113.256 --interface eth0
refused "missing capability: CAP_NET_ADMIN; run sluice-decap as root" \
	in_be setpriv --bounding-set=-net_admin "$decap" --vip $vip4 --interface eth0
refused "missing capability: CAP_BPF CAP_PERFMON; run sluice-decap as root" \
	in_be setpriv --bounding-set=-bpf,-perfmon,-sys_admin "$decap" --vip $vip4 --interface eth0
in_be sysctl -qw net.ipv6.conf.lo.disable_ipv6=1
refused "IPv6 is off on lo: sysctl -w net.ipv6.conf.lo.disable_ipv6=0" \
	in_be "$decap" --vip $vip4 $vip6 --interface eth0
in_be sysctl -qw net.ipv6.conf.lo.disable_ipv6=0
state | diff "$dir/before" - || fail "host not as before"

echo "9. CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON are enough"
runner+=(setpriv "--bounding-set=-all,+net_admin,+bpf,+perfmon")
start --vip $vip4 $vip6 --interface eth0
all_tunnels
stop TERM
state | diff "$dir/before" - || fail "host not as before"

echo "decap.sh: passed"
