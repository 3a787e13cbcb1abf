# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# A network laboratory in namespaces, for tests/e2e and scripts/demo. To be sourced under
# "set -euo pipefail", as root:
#
#	lab_up 3; lab_backends_start; lab_conf; lab_sluiced_start; lab_get 100 "http://$VIP4/"
#
#	client eth0 --- sw --- wan lb          sw is a switch: one bridge, everybody on one link.
#	                 |                     LAB_ARMS=2: two bridges with a router between them,
#	            be1..beN eth0              lb has a second port `lan` on the backends' side.
#
# Replies go from a backend straight to the client. Everything carries the id of this shell and its
# own temporary directory, so several laboratories run side by side. lab_up arranges that all of it is
# removed when the shell ends, also by Ctrl-C; only processes started here are ended.
#
# Settings, read by lab_up and lab_conf:
#	LAB_ARMS=1        ports of the balancer
#	LAB_QUEUES=1      queues of every veth, lanes of sluiced
#	LAB_SLOT=0        which pair of CPUs sluiced takes, so that laboratories do not share them
#	LAB_DRIVER=af_xdp LAB_FORWARD=ipip
#	LAB_DSCP=10       what stands for the VIP with LAB_FORWARD=dscp: one VIP a family then
#	LAB_VIPS          "ADDRESS=FAMILY ...": VIPs and the family of their pool's backends
#	LAB_CHECKS        "{ ... }, { ... }": checks, all of them for every pool
#	LAB_POOL          more keys of every pool, as in the file
#	LAB_MORE_POOLS    more pools, each with a comma before it
#	LAB_MORE_VIPS     more VIPs, each with a comma before it
#	LAB_WEIGHTS       weights of be1..beN, 100 where not said; "-" leaves a backend out

LAB_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LAB_BUILD=${SLUICE_BUILD:-$LAB_TOP/build}

# For a build with sanitizers (SLUICE_BUILD=$PWD/build-asan).
: "${ASAN_OPTIONS:=fast_unwind_on_malloc=0}" "${LSAN_OPTIONS:=suppressions=$LAB_TOP/tests/lsan.supp:print_suppressions=0}"
: "${UBSAN_OPTIONS:=halt_on_error=1:print_stacktrace=1}"
export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS

VIP4=203.0.113.10 VIP4B=203.0.113.11
VIP6=2001:db8:77::10 VIP6B=2001:db8:77::11
export VIP4 VIP4B VIP6 VIP6B

: "${LAB_ARMS:=1}" "${LAB_QUEUES:=1}" "${LAB_SLOT:=0}" "${LAB_DRIVER:=af_xdp}" "${LAB_FORWARD:=ipip}" "${LAB_DSCP:=10}"
: "${LAB_VIPS:=$VIP4=4 $VIP6=6}" "${LAB_WEIGHTS:=}" "${LAB_CHECKS:=}" "${LAB_POOL:=}" "${LAB_MORE_POOLS:=}" "${LAB_MORE_VIPS:=}"

# shellcheck source=scripts/netlab-run.sh
. "$LAB_TOP/scripts/netlab-run.sh"
# shellcheck source=scripts/netlab-state.sh
. "$LAB_TOP/scripts/netlab-state.sh"
# shellcheck source=scripts/netlab-client.sh
. "$LAB_TOP/scripts/netlab-client.sh"

# -- the network -----------------------------------------------------------------------------------

# lab_sysctl NAMESPACE KEY=VALUE...
lab_sysctl() {
	local ns=$1
	shift
	lab_exec "$ns" sysctl -qw "$@"
}

lab_netns() {
	ip netns add "$(lab_ns "$1")"
	ip -n "$(lab_ns "$1")" link set lo up
	lab_sysctl "$1" net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 \
		net.ipv6.conf.default.router_solicitations=0 net.ipv4.conf.all.accept_redirects=0
}

# Half-made checksums and merged segments are for one kernel only; a balancer in between needs real packets.
lab_offloads_off() {
	lab_exec "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null
}

# lab_plug NAMESPACE INTERFACE MTU BRIDGE: a cable from the namespace to the bridge in sw.
lab_plug() {
	local queues="numrxqueues $LAB_QUEUES numtxqueues $LAB_QUEUES" sw
	sw=$(lab_ns sw)
	# shellcheck disable=SC2086
	ip -n "$sw" link add "$1-$2" mtu 1600 $queues type veth peer name "$2" mtu "$3" $queues netns "$(lab_ns "$1")"
	ip -n "$sw" link set "$1-$2" master "$4" up
	ip -n "$(lab_ns "$1")" link set "$2" up
	lab_offloads_off sw "$1-$2"
	lab_offloads_off "$1" "$2"
	# A question to a neighbour that gets lost costs 200 ms there, not a second, and three seconds of silence are still
	# needed to give one up. lb stays as kernels are.
	[ "$1" = lb ] || lab_ask_soon "$1" "$2"
}

# lab_ask_soon NAMESPACE INTERFACE
lab_ask_soon() {
	local cache
	for cache in arp_cache ndisc_cache; do
		ip -n "$(lab_ns "$1")" ntable change name $cache dev "$2" retrans 200 mcast_probes 15 ucast_probes 15
	done
}

# lab_address NAMESPACE INTERFACE SUBNET HOST: 10.77.SUBNET.HOST/24 and fd77:SUBNET::HOST/64
lab_address() {
	ip -n "$(lab_ns "$1")" addr add "10.77.$3.$4/24" dev "$2"
	ip -n "$(lab_ns "$1")" addr add "fd77:$3::$4/64" dev "$2" nodad
}

# lab_bridge NAME SUBNET: answers as .254, which is the router when there are two. Its MAC is its own: that of the lowest
# port, which bridges take, changes when a cable is pulled, and hosts that have learnt the old one are deaf for a minute.
lab_bridge() {
	ip -n "$(lab_ns sw)" link add "$1" address "02:00:00:00:0$2:fe" mtu 1600 type bridge mcast_snooping 0
	ip -n "$(lab_ns sw)" link set "$1" up
	lab_address sw "$1" "$2" 254
}

# lab_backend_address N FAMILY
lab_backend_address() {
	if [ "$2" = 4 ]; then echo "10.77.$LAB_SUBNET.$((10 + $1))"; else echo "fd77:$LAB_SUBNET::$((10 + $1))"; fi
}

# lab_route NAMESPACE PREFIX VIA
lab_route() {
	ip -n "$(lab_ns "$1")" route add "$2" via "$3"
}

# Namespaces, cables, addresses, routes. The client reaches the VIPs through lb.
lab_wire() {
	local i arm=br0
	LAB_SUBNET=0
	lab_netns sw
	# Where the kernel has br_netfilter, bridges look into packets and drop broken ones.
	for i in arp ip ip6; do lab_sysctl sw "net.bridge.bridge-nf-call-${i}tables=0" 2>/dev/null || true; done
	lab_bridge br0 0
	if [ "$LAB_ARMS" = 2 ]; then
		LAB_SUBNET=1
		arm=br1
		lab_bridge br1 1
		lab_sysctl sw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	fi

	lab_netns client
	lab_plug client eth0 1500 br0
	lab_address client eth0 0 1
	lab_sysctl client net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range="1024 65000"
	lab_route client 203.0.113.0/24 10.77.0.2
	lab_route client 2001:db8:77::/64 fd77:0::2

	lab_netns lb
	lab_plug lb wan 1600 br0
	lab_address lb wan 0 2
	if [ "$LAB_ARMS" = 2 ]; then
		lab_plug lb lan 1600 br1
		lab_address lb lan 1 2
	fi

	for i in $(seq "$LAB_N"); do
		lab_netns "be$i"
		lab_plug "be$i" eth0 1600 "$arm"
		lab_address "be$i" eth0 "$LAB_SUBNET" $((10 + i))
		lab_sysctl "be$i" net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
		if [ "$LAB_ARMS" = 2 ]; then
			lab_route "be$i" 10.77.0.0/24 10.77.1.254
			lab_route "be$i" fd77:0::/64 fd77:1::254
		fi
	done
}

# lab_up N: the laboratory with N backends, nothing running in it yet.
lab_up() {
	[ "$(id -u)" = 0 ] || fail "this needs root: namespaces and raw packets"
	LAB_N=$1
	LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/sluice-lab.XXXXXX")
	LAB_PREFIX=sluice-lab-$LAB_ID
	LAB_SOCKET=$LAB_DIR/control.sock
	LAB_CONF=$LAB_DIR/sluice.conf
	trap lab_down EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	lab_wire
	lab_wired
}

# Those that exist, by their files: "ip netns list" stumbles over one that another laboratory removes just now.
lab_namespaces() {
	local file
	for file in "/run/netns/sluice-$LAB_ID-"*; do
		if [ -e "$file" ]; then echo "${file##*/}"; fi
	done
}

# What lab_down must not leave behind, one per line.
lab_leftovers() {
	local name
	lab_namespaces
	for name in "${!LAB_PIDS[@]}"; do
		if lab_alive "$name"; then echo "process $name ($(lab_pid "$name"))"; fi
	done
	ls -d "$LAB_DIR" "/run/dpdk/$LAB_PREFIX" 2>/dev/null || true
}

# Signal every process of ours; a namespace of ours holds nothing else.
lab_kill_all() {
	local name ns
	for name in "${!LAB_PIDS[@]}"; do
		if lab_alive "$name"; then kill "-$1" "$(lab_pid "$name")" 2>/dev/null || true; fi
	done
	for ns in $(lab_namespaces); do
		# shellcheck disable=SC2046
		kill "-$1" $(ip netns pids "$ns") 2>/dev/null || true
	done
}

lab_all_dead() {
	local name ns
	for name in "${!LAB_PIDS[@]}"; do
		lab_dead "$name" || return 1
	done
	for ns in $(lab_namespaces); do
		[ -z "$(ip netns pids "$ns")" ] || return 1
	done
}

# Runs at the end of the shell. A failure shows the logs first; a leftover is a failure.
lab_down() {
	local status=$? log ns left
	trap - EXIT
	trap '' INT TERM HUP
	set +e
	if [ "$status" != 0 ] && [ "$status" != 77 ] && [ "$status" -lt 129 ]; then
		for log in "$LAB_DIR"/*.log; do
			[ -s "$log" ] && printf -- '--- %s\n' "${log##*/}" >&2 && tail -n 30 "$log" >&2
		done
		lab_state >&2
	fi
	lab_kill_all TERM
	lab_kill_all CONT # those that a test has stopped
	wait_for 10 lab_all_dead || lab_kill_all KILL
	wait_for 20 lab_all_dead
	wait
	for ns in $(lab_namespaces); do
		ip netns del "$ns"
	done
	rm -rf "$LAB_DIR" "/run/dpdk/$LAB_PREFIX"
	left=$(lab_leftovers)
	if [ -n "$left" ]; then
		printf 'FAIL: left behind:\n%s\n' "$left" >&2
		status=1
	fi
	exit "$status"
}

# -- backends --------------------------------------------------------------------------------------

# lab_nginx_start N: answers "beN" to everything but /files/, one line of access log a request.
lab_nginx_start() {
	local d=$LAB_DIR/be$1 name=be$1
	mkdir -p "$d"
	: >"$d/access.log"
	cat >"$d/nginx.conf" <<-END
		daemon off;
		master_process off;
		error_log $d/error.log;
		pid $d/nginx.pid;
		events { worker_connections 4096; }
		http {
			log_format lab '\$server_addr \$remote_addr:\$remote_port \$status \$connection_requests \$request_length \$uri';
			access_log $d/access.log lab;
			client_body_temp_path $d; proxy_temp_path $d; fastcgi_temp_path $d;
			uwsgi_temp_path $d; scgi_temp_path $d;
			client_max_body_size 0;
			keepalive_timeout 60;
			send_timeout 300;
			keepalive_requests 1000000;
			server {
				listen 80 backlog=4096;
				listen [::]:80 backlog=4096;
				location / { default_type text/plain; return 200 "$name\\n"; }
				location /files/ { root $d; }
				location /upload { proxy_pass http://127.0.0.1:81; } # reads the whole body first
				location /keep { # and leaves it in kept/
					client_body_in_file_only on;
					client_body_temp_path $d/kept;
					proxy_pass http://127.0.0.1:81;
				}
			}
			server {
				listen 127.0.0.1:81;
				access_log off;
				location / { return 200 "$name\\n"; }
			}
		}
	END
	lab_spawn "nginx-$name" "$name" nginx -e "$d/error.log" -c "$d/nginx.conf" -p "$d"
	wait_for 20 lab_logged "$1" || fail "nginx of $name does not answer"
	: >"$d/access.log"
}

# lab_logged N: its one process answers us, so what it has answered before is in its log. This is not logged.
lab_logged() {
	lab_exec "be$1" curl -gsf -o "$LAB_DIR/be$1/first" -m 10 "http://127.0.0.1:81/"
}

# The addresses of LAB_VIPS, one a line.
lab_vip_addresses() {
	local vip
	for vip in $LAB_VIPS; do echo "${vip%=*}"; done
}

# lab_decap_start N: decapsulation and the VIPs of LAB_VIPS on a backend.
lab_decap_start() {
	local args=() vip
	for vip in $(lab_vip_addresses); do
		if [ "$LAB_FORWARD" = dscp ]; then args+=(--dscp "$LAB_DSCP=$vip"); else args+=(--vip "$vip"); fi
	done
	lab_spawn "decap-be$1" "be$1" "$LAB_BUILD/app/sluice-decap/sluice-decap" "${args[@]}" --interface eth0
	lab_ready "decap-be$1" '^(.* )?ready:' 30
}

# lab_vips_on_lo N: what a backend needs for forward = "l2".
lab_vips_on_lo() {
	local vip
	for vip in $(lab_vip_addresses); do
		ip -n "$(lab_ns "be$1")" addr add "$vip" dev lo
	done
}

# nginx on every backend, and what LAB_FORWARD asks of it.
lab_backends_start() {
	local i
	for i in $(seq "$LAB_N"); do
		lab_nginx_start "$i"
		if [ "$LAB_FORWARD" = l2 ]; then lab_vips_on_lo "$i"; else lab_decap_start "$i"; fi
	done
}

# Forget the requests counted so far.
lab_hits_reset() {
	local i
	for i in $(seq "$LAB_N"); do
		lab_logged "$i" || true # it may have been ended
		: >"$LAB_DIR/be$i/access.log"
	done
}

# lab_hits N [VIP]: requests that backend N has answered with 200, to one VIP or to all. Not those for files: one is logged
# when sockets hold the rest of it, which may be at any time of a download.
lab_hits() {
	lab_logged "$1" || true
	awk -v vip="${2:-}" '$3 == 200 && $6 !~ "^/files/" && (vip == "" || $1 == vip)' "$LAB_DIR/be$1/access.log" | wc -l
}

# -- sluiced ---------------------------------------------------------------------------------------

# lab_cpu K: the K-th CPU of this laboratory, out of those we may use.
lab_cpu() {
	local cpus
	mapfile -t cpus < <(awk -F'[:\t]+' '/^Cpus_allowed_list/ {
		n = split($2, r, ",")
		for (i = 1; i <= n; i++) { split(r[i], e, "-"); for (c = e[1]; c <= (e[2] == "" ? e[1] : e[2]); c++) print c }
	}' /proc/self/status)
	echo "${cpus[$(((2 * LAB_SLOT + $1) % ${#cpus[@]}))]}"
}

# The names in LAB_CHECKS, as a list of strings.
lab_check_names() {
	grep -oE 'name = "[^"]*"' <<<"$LAB_CHECKS" | sed -e 's/name = //' | paste -sd, || true
}

lab_conf_pool() {
	local i weights weight sep='' more=''
	[ "$LAB_FORWARD" != dscp ] || more=" dscp = $LAB_DSCP;"
	read -ra weights <<<"$LAB_WEIGHTS"
	printf '  { name = "web%s"; forward = "%s"; %s\n    checks = [ %s ]; backends = (\n' "$1" "$LAB_FORWARD" "$LAB_POOL" \
		"$(lab_check_names)"
	for i in $(seq "$LAB_N"); do
		weight=${weights[i - 1]:-100}
		[ "$weight" != - ] || continue
		printf '    %s{ name = "be%s"; address = "%s"; weight = %s;%s }\n' \
			"$sep" "$i" "$(lab_backend_address "$i" "$1")" "$weight" "$more"
		sep=', '
	done
	printf '  ); }'
}

# lab_conf: writes $LAB_CONF from the settings.
lab_conf() {
	local vip sep='' n=0 workers
	workers=$(lab_cpu 1)
	[ "$workers" != "$(lab_cpu 0)" ] || workers=
	{
		printf 'daemon = { control = { socket = "%s"; }; state_dir = "%s"; };\n' "$LAB_SOCKET" "$LAB_DIR/state"
		printf 'eal = { main_lcore = %s; workers = [ %s ]; lanes = %s; huge = false; file_prefix = "%s"; };\n' \
			"$(lab_cpu 0)" "$workers" "$LAB_QUEUES" "$LAB_PREFIX"
		printf 'ports = ( { name = "wan"; driver = "%s"; interface = "wan"; }' "$LAB_DRIVER"
		[ "$LAB_ARMS" = 1 ] || printf ', { name = "lan"; driver = "%s"; interface = "lan"; }' "$LAB_DRIVER"
		printf ' );\nchecks = ( %s );\npools = (\n' "$LAB_CHECKS"
		lab_conf_pool 4
		printf ',\n'
		lab_conf_pool 6
		printf '%s\n);' "$LAB_MORE_POOLS"
		printf '\n\nvips = (\n'
		for vip in $LAB_VIPS; do
			n=$((n + 1))
			printf '  %s{ name = "vip%s"; address = "%s"; port = 80; pool = "web%s"; }\n' \
				"$sep" "$n" "${vip%=*}" "${vip##*=}"
			sep=', '
		done
		printf '%s);\n' "$LAB_MORE_VIPS"
	} >"$LAB_CONF"
}

lab_sluiced_start() {
	lab_spawn sluiced lb "$LAB_BUILD/app/sluiced/sluiced" -c "$LAB_CONF"
	lab_ready sluiced 'ready: [0-9]+ VIPs, [0-9]+ pools, [0-9]+ backends, [0-9]+ workers' 30
	wait_for 10 lab_hops_known || echo "some backends have no next hop"
}

# No backend of the laboratory is still searched for; or there is nobody to ask, which is the test's business. The daemon
# gives them half a second, then it is ready without them.
lab_hops_known() {
	local list i
	list=$(lab_ctl -j backend list 2>/dev/null) || return 0
	# shellcheck disable=SC2046
	jq -e 'all(.next_hop.state != "unresolved" or (.address | IN($ARGS.positional[]) | not))' --args \
		$(for i in $(seq "$LAB_N"); do lab_backend_address "$i" 4 && lab_backend_address "$i" 6; done) \
		<<<"$list" >/dev/null
}

# lab_sluiced_stop [SIGNAL]: it must end by itself with status 0.
lab_sluiced_stop() {
	lab_stop sluiced "${1:-TERM}"
	expect_eq "exit status of sluiced after SIG${1:-TERM}" "$LAB_STATUS" 0
}

# lab_reload: after lab_conf; returns when workers run on the new configuration.
lab_reload() {
	local before
	before=$(lab_revision)
	kill -HUP "$(lab_pid sluiced)" 2>/dev/null || fail "sluiced is gone"
	wait_for 30 lab_revision_after "$before" || fail "sluiced did not take the new configuration"
}

lab_revision() {
	lab_ctl -j status | jq .rev
}

lab_revision_after() {
	[ "$(lab_revision)" -gt "$1" ]
}

# lab_refused_by COMMAND...: in lb; it must end by itself with status 1, in one sentence and without a crash.
# What it said is in LAB_SAID.
lab_refused_by() {
	lab_spawn refused lb "$@"
	wait_for 30 lab_dead refused || fail "does not end: $*"
	lab_stop refused
	LAB_SAID=$(lab_log refused)
	expect_eq "exit status of $*" "$LAB_STATUS" 1
	! grep -qiE 'segmentation|panic|backtrace|assert|sanitizer' <<<"$LAB_SAID" || fail "crash: $LAB_SAID"
}

# lab_refused CONF: sluiced must refuse to start.
lab_refused() {
	lab_refused_by "$LAB_BUILD/app/sluiced/sluiced" -c "$1"
}

lab_ctl() {
	"$LAB_BUILD/app/sluicectl/sluicectl" -s "$LAB_SOCKET" -t 30 "$@"
}
