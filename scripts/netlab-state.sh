# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The part of netlab.sh that looks at a laboratory: is it wired, what was lost, why did a test fail. Sourced by netlab.sh.

# lab_reaches NAMESPACE ADDRESS...: the kernel of each of them refuses a connection, so it has had the question.
lab_reaches() {
	local address said
	for address in "${@:2}"; do
		said=$(LC_ALL=C lab_exec "$1" timeout 1 bash -c "exec 3<>/dev/tcp/$address/9" 2>&1) || true
		[[ $said == *refused* ]] || return 1
	done
}

# Interfaces and bridge ports come up a while after they were told to: every cable carries both families, from the
# client to lb and from each backend to the client, or to the router, as the client has no way to backends behind it.
lab_wired() {
	local i peer=1
	[ "$LAB_ARMS" = 1 ] || peer=254
	wait_for 20 lab_reaches client 10.77.0.2 fd77:0::2 || fail "the client does not reach lb"
	for i in $(seq "$LAB_N"); do
		wait_for 20 lab_reaches "be$i" "10.77.$LAB_SUBNET.$peer" "fd77:$LAB_SUBNET::$peer" ||
			fail "be$i does not reach its neighbour .$peer"
	done
}

# Packets that a kernel had no room for, on any link (a veth with XDP queues 256), in an AF_XDP socket whose reader is late
# or in a UDP socket, since the laboratory was made. Nobody else counts them.
lab_kernel_lost() {
	local ns
	for ns in $(lab_namespaces); do
		ip -n "$ns" -j -s link | jq '[.[].stats64.tx.dropped] | add // 0'
		if [[ $ns = *-lb ]]; then lab_xdp_lost "$ns" wan; fi
		ip netns exec "$ns" nstat -azs UdpRcvbufErrors Udp6RcvbufErrors | awk '/RcvbufErrors/ { print $2 }'
	done | awk '{ n += $1 } END { print n + 0 }'
}

# lab_xdp_lost NAMESPACE INTERFACE: what XDP wanted to hand over and could not, which is not what it dropped.
lab_xdp_lost() {
	{ ip netns exec "$1" ethtool -S "$2" 2>/dev/null || true; } |
		awk '/rx_queue_[0-9]+_drops:/ { n += $2 } END { print n + 0 }'
}

# lab_threads PID: of each thread the CPU it was on last, how long it has run, and how long it has waited for a CPU, in ms;
# whether it sleeps now, and where in the kernel.
lab_threads() {
	local task ran waited
	for task in "/proc/$1/task/"*; do
		read -r ran waited _ <"$task/schedstat" || continue
		printf '%s: CPU %s, ran %d ms, waited %d ms, state %s in %s\n' "$(<"$task/comm")" \
			"$(sed 's/.*) //' "$task/stat" | cut -d' ' -f37)" $((ran / 1000000)) $((waited / 1000000)) \
			"$(sed 's/.*) //' "$task/stat" | cut -d' ' -f1)" "$(cat "$task/wchan")"
	done
}

# What may say why a test failed: the machine, the daemon, what kernels have dropped and what they have learnt.
lab_state() {
	local ns question
	printf -- '--- load %s\n' "$(cat /proc/loadavg)"
	if lab_alive sluiced; then
		printf -- '--- threads of sluiced\n'
		lab_threads "$(lab_pid sluiced)"
		for question in status "lcore list" "port list" "vip list" "backend list" drops; do
			printf -- '--- sluicectl %s\n' "$question"
			# shellcheck disable=SC2086
			lab_ctl -t 2 $question || break
		done
	fi
	for ns in $(lab_namespaces); do
		printf -- '--- %s\n' "$ns"
		lab_kernel_counts "$ns"
		lab_kernel_knows "$ns"
	done
}

# lab_kernel_counts NAMESPACE: links that have lost something, and the counters of what kernels refuse or send again, those
# that are not zero, in few lines.
lab_kernel_counts() {
	ip -n "$1" -j -s link | jq -r '.[] | select([.stats64[] | .dropped, .errors, .carrier_errors // 0] | add > 0)
		| "\(.ifname): rx dropped \(.stats64.rx.dropped) errors \(.stats64.rx.errors) tx dropped \(.stats64.tx.dropped) " +
			"errors \(.stats64.tx.errors) carrier \(.stats64.tx.carrier_errors)"'
	ip netns exec "$1" nstat -as | awk '
		/Err|Drop|Discard|Overflow|NoRoute|Filter|Fail|QFull|Unknown|NoPort|DestUnreach|PktTooBig|Retrans|Timeouts|Rsts|Prune/ {
			printf "%s%s %s", n++ ? ", " : "counters: ", $1, $2
		}
		END { if (n) print "" }'
}

# lab_kernel_knows NAMESPACE: its MACs, neighbours (used/confirmed/updated so many seconds ago), where a bridge believes MACs
# to be, path MTUs, addresses that may not be used yet.
lab_kernel_knows() {
	ip -n "$1" -br link | awk '$1 != "lo" { sub("@.*", "", $1); print $1, $2, $3 }'
	ip -n "$1" -s neigh show | sed 's/^/neighbour /'
	bridge -n "$1" fdb show dynamic 2>/dev/null | sed 's/^/bridge /'
	ip -n "$1" -4 route show cache | sed 's/^ */path /'
	ip -n "$1" -6 route show cache | sed 's/^ */path /'
	ip -n "$1" -6 addr show tentative | sed 's/^ */tentative: /'
}
