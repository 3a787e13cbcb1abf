# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034
#
# For the health_*.sh tests, sourced by them behind netlab.sh: a check at a twentieth of the default times, a
# background flow that nothing may touch, and questions to sluicectl.

# inter 2000, fastinter 500, downinter 2000, timeout 1000 ms, divided by 20; fall 3, jitter 10 %.
health_inter=100 health_fast=25 health_timeout=50
health_times="inter_ms = $health_inter; fastinter_ms = $health_fast; downinter_ms = 100; timeout_ms = $health_timeout;"
health_http="{ name = \"http\"; type = \"http\"; port = 80; $health_times }"
health_tcp="{ name = \"tcp\"; type = \"tcp\"; port = 80; $health_times }"

# Worst cases to DOWN. The backend dies right behind a good probe, and jitter makes every pause a tenth longer. Who
# refuses answers at once. Of who is silent each probe ends by its timeout, and the next one comes at least 20 ms after
# that end. At full length that is 3.3 s and 5.2 s.
refused_ms=$(((health_inter + 2 * health_fast) * 11 / 10))
silent_ms=$((health_inter * 11 / 10 + 2 * (health_timeout + 20) + health_timeout))
# From DOWN to the new table in force.
rebuild_ms=100
# What a machine may add to each: so much, because processes take their time to die; for each of the turns of the
# control loop that a verdict takes, three probes and their answers, what `status` says that its timers were late in the
# last 5 s for want of a CPU; and what the kernel says that other threads, one of which builds tables while a worker says
# that it no longer reads the old ones, have waited for a CPU since the fault. That is told apart from what the daemon
# itself was busy, which is not forgiven.
busy_ms=150 busy_turns=6
# Where the end is seen by this script, which looks every 50 ms, and not read from an event.
look_ms=150

# ms that the threads of sluiced have waited for a CPU so far.
health_waited() {
	cat "/proc/$(lab_pid sluiced)/task/"*/schedstat 2>/dev/null | awk '{ ns += $2 } END { printf "%d\n", ns / 1000000 }'
}

# health_begins: the fault, whatever comes of it and health_took is asked for.
health_begins() {
	health_waited_before=$(health_waited)
}

# health_took WHAT MS WORST-MS [NEUTRAL]: not longer than the worst case, and what the machine adds. A result that the
# daemon calls neutral, because it was held up itself, gives the backend one more probe: NEUTRAL of them since the fault.
# To be called soon after it, and health_begins right before it; health_strike does that.
health_took() {
	local late waited most
	waited=$(($(health_waited) - health_waited_before))
	late=$(lab_ctl -j status | jq '.loop | .late_5s_ms - .hold_now_ms | if . > 0 then ceil else 0 end')
	most=$(($3 + busy_ms + busy_turns * late + waited + ${4:-0} * (health_inter + 2 * health_timeout)))
	echo "$1: $2 ms, at worst $3 ms; up to $most ms here, with $late ms want of CPU, $waited of all threads, and ${4:-0} neutral probes"
	# What came of it may be earlier than the clock was read.
	expect_between "ms: $1" "$2" -5000 "$most"
}

# health_strike SIGNAL NAME...: to processes of ours; `struck` is when, in ms since the epoch: not sooner than that, whatever
# held up this script before.
health_strike() {
	local name pids=()
	for name in "${@:2}"; do pids+=("$(lab_pid "$name")"); done
	health_begins
	kill "-$1" "${pids[@]}"
	struck=$((${EPOCHREALTIME//[.,]/} / 1000))
}

# rebuild_took POOL N: ms from the DOWN of backend N to the generation in force, if that came of it.
rebuild_took() {
	lab_ctl -j pool show "$1" | jq --arg n "be$2" '(.members[] | select(.backend == $n) | .since_s) - .generation_s | . * 1000 | round'
}

# A pool and a VIP of their own for the background flow, on the last backend alone, so that no other is in its way.
health_bg_vip=203.0.113.99
health_bg_pool() {
	printf ', { name = "bg"; forward = "%s"; backends = ( { name = "be%s"; address = "%s"; } ); }' \
		"$LAB_FORWARD" "$LAB_N" "$(lab_backend_address "$LAB_N" 4)"
}

# health_vip NAME ADDRESS PORT POOL: one more VIP, of UDP, in the file.
health_vip() {
	sed -i "s/^vips = ($/&\n  { name = \"$1\"; address = \"$2\"; port = $3; protocol = \"udp\"; pool = \"$4\"; },/" "$LAB_CONF"
}

# lab_conf with the background pool and its VIP, and one of UDP for web4.
health_conf() {
	local more=$LAB_MORE_POOLS
	LAB_MORE_POOLS="$more$(health_bg_pool)"
	lab_conf
	LAB_MORE_POOLS=$more
	health_vip bg "$health_bg_vip" 9 bg
	health_vip flows "$VIP4" 7 web4
}

# Backends with one more VIP, for the background flow.
health_backends_start() {
	local vips=$LAB_VIPS
	LAB_VIPS="$vips $health_bg_vip=4"
	lab_backends_start
	LAB_VIPS=$vips
	lab_spawn bg-server "be$LAB_N" "$LAB_TOP/tests/e2e/udp_seq.py" serve "be$LAB_N" 9 "$health_bg_vip"
	lab_ready bg-server ready 10
}

health_bg_start() {
	lab_spawn bg client "$LAB_TOP/tests/e2e/udp_seq.py" send "$health_bg_vip" 9 200
	lab_ready bg began 10
	health_bg_lost=$(lab_kernel_lost)
}

# Whether a datagram to the backend of the background flow is answered.
health_bg_answers() {
	lab_exec client python3 - "$health_bg_vip" <<-'END' 2>/dev/null
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.settimeout(1)
		s.connect((sys.argv[1], 9))
		s.send(b"0")
		s.recv(64)
	END
}

# A new background flow, where the fault takes the first one's packets: what came back came from one backend, once.
health_bg_again() {
	wait_for 10 health_bg_answers || fail "nobody answers at $health_bg_vip"
	lab_stop bg USR1
	expect_match "background flow under the fault" "$(lab_log bg)" '^sent [1-9][0-9]+ lost [1-9][0-9]* other 0 doubled 0$'
	health_bg_start
}

# health_lost WHAT NAME OTHER BEFORE: what a sender says: nothing was lost and nothing doubled. Packets that the kernel
# says it had no room for, since it said BEFORE, are not Sluice's: so many may be lost.
health_lost() {
	local lost most
	expect_match "$1" "$(lab_log "$2")" "^sent [1-9][0-9]+ lost [0-9]+ other $3 doubled 0\$"
	lost=$(sed -nE 's/^sent [0-9]+ lost ([0-9]+) .*/\1/p' "$LAB_DIR/$2.log")
	most=$(($(lab_kernel_lost) - $4))
	[ "$lost" = 0 ] || echo "$1: lost $lost, and the kernel says that it dropped $most: $(lab_log "$2")"
	expect_between "$1: lost, of what the kernel says it dropped" "$lost" 0 "$most"
}

# Nothing was lost, nothing went elsewhere.
health_bg_end() {
	lab_stop bg
	health_lost "background flow" bg 0 "$health_bg_lost"
}

# 96 flows over web4, 200 pps together: that a backend of four has none of them has a chance of 1e-12. What answers them is not what the checks ask, so no packet has to get lost
# when a check fails.
health_flows_start() {
	local i
	for i in $(seq "$LAB_N"); do
		lab_spawn "flow-server-$i" "be$i" "$LAB_TOP/tests/e2e/udp_seq.py" serve "be$i" 7 "$VIP4"
	done
	for i in $(seq "$LAB_N"); do lab_ready "flow-server-$i" ready 10; done
	lab_spawn flows client "$LAB_TOP/tests/e2e/udp_seq.py" send "$VIP4" 7 200 96
	lab_ready flows began 10
	health_flows_lost=$(lab_kernel_lost)
}

flows_sent() { lab_ctl -j --filter vip=flows vip list | jq '.[0].packets'; }
flows_reached() { [ "$(flows_sent)" -ge "$1" ]; }

# Until each of them has sent a packet since: what has changed shows with that.
health_flows_go_on() {
	wait_for 10 flows_reached $(($(flows_sent) + 192)) || fail "the flows do not go on"
}

# Nothing of them was lost. What ways they went by then, each on a line: "be1 be2".
health_flows_end() {
	health_flows_go_on
	lab_stop flows
	health_lost flows flows '[0-9]+' "$health_flows_lost" >&2
	sed -n 's/^[0-9]* flows //p' "$LAB_DIR/flows.log"
}

# pool KEY [POOL]; member N KEY [POOL]
pool() {
	lab_ctl -j pool show "${2:-web4}" | jq -r ".$1"
}

member() {
	lab_ctl -j --filter "backend=be$1" backend list "${3:-web4}" | jq -r ".[0].$2"
}

member_is() {
	[ "$(member "$1" "$2" "${4:-web4}")" = "$3" ]
}

pool_is() {
	[ "$(pool "$1" "${3:-web4}")" = "$2" ]
}

# wait_pool POOL CONDITION SECONDS
wait_pool() {
	lab_ctl -t $(($3 * LAB_PATIENCE)) wait pool "$1" "$2" || fail "pool $1: $2 did not come about: $(lab_ctl pool show "$1")"
}

now_ms() {
	local t=${EPOCHREALTIME//[.,]/}
	echo $((t / 1000))
}

# event_ms OBJECT TEXT: when that event was last, in ms since the epoch; fails if it never was.
event_ms() {
	local at
	at=$(lab_ctl -j events | jq -rs --arg o "$1" --arg t "$2" \
		'[.[] | select(.object == $o and (.event | startswith($t)))] | last | .time // 0 | . * 1000 | round')
	[ "$at" != 0 ] || fail "no event \"$1 $2\": $(lab_ctl events)"
	echo "$at"
}

# events_of OBJECT TEXT: how many.
events_of() {
	lab_ctl -j events | jq -rs --arg o "$1" --arg t "$2" '[.[] | select(.object == $o and (.event | startswith($t)))] | length'
}

drops_of() {
	lab_ctl -j --all --filter "reason=$1" drops | jq '.[0].packets // 0'
}

# neutral POOL/BACKEND...: results so far that said nothing of these backends.
neutral() {
	lab_ctl -j health list | jq --args '[.[] | select("\(.pool)/\(.backend)" | IN($ARGS.positional[])) | .neutral] | add' "$@"
}

# listens N yes|no: the web server of a backend; the kernel refuses connections without it.
listens() {
	if [ "$2" = yes ]; then lab_nginx_start "$1"; else lab_stop "nginx-be$1" KILL 2>/dev/null; fi
}

# decides POOL REASON [SINCE-MS NEUTRAL]: soon enough, where it counts from a kill, before which the pool's checks had so
# many neutral results
decides() {
	wait_for 10 pool_is decision "$2" "$1" || fail "$1 is not $2: $(lab_ctl pool show "$1")"
	[ -z "${3:-}" ] || health_took "killed, to $2" $(($(event_ms "$1" "$2") - $3)) $refused_ms $(($(neutral "$1"/be{1,2}) - $4))
}

# wait_both CONDITION: in web4 and in web6, which are asked alike
wait_both() {
	wait_pool web4 "$1" 10
	wait_pool web6 "$1" 10
}

# syns_again: how many SYNs the client's kernel has sent once more so far, for want of an answer in time
syns_again() {
	lab_exec client nstat -azs TcpRetransSegs | awk '$1 == "TcpRetransSegs" { print $2 }'
}

# served BE...: the new table is in force when 60 requests meet all these and nobody else
served() {
	local want i
	want=$(printf '%s\n' "$@")
	for i in {1..40}; do
		lab_curl "$(lab_url "$VIP4")?[1-60]" >"$LAB_DIR/bodies" 2>/dev/null && [ "$(sort -u "$LAB_DIR/bodies")" = "$want" ] && return
		sleep 0.05
	done
	fail "not $* but $(sort "$LAB_DIR/bodies" | uniq -c | xargs)"
}
