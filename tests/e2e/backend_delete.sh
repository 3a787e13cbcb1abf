#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Drain, delete, put back, delete by force, under downloads: what has live connections is not deleted by a slip, what
# comes back while it still has some keeps them, and by force they start over elsewhere at once. Who has which
# connection is read from the backends' kernels; a flow of another pool never notices.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

top=$(dirname "$0")
LAB_VIPS="$VIP4=4" LAB_POOL='slow_start_s = 0;'
LAB_MORE_POOLS=', { name = "seq"; forward = "ipip"; backends = ( { name = "s"; address = "10.77.0.13"; } ); }'
lab_up 3
# Small buffers: a backend is through with a file no sooner than the client.
lab_sysctl client "net.ipv4.tcp_rmem=4096 65536 131072"
for i in 1 2 3; do lab_sysctl "be$i" "net.ipv4.tcp_wmem=4096 65536 131072"; done
lab_backends_start
head -c 4000000 /dev/urandom >"$LAB_DIR/file"
for i in 1 2 3; do
	mkdir "$LAB_DIR/be$i/files"
	ln "$LAB_DIR/file" "$LAB_DIR/be$i/files/file"
done
sum=$(sha256sum <"$LAB_DIR/file")

# conf WEIGHTS: the file, with a VIP for the other pool
conf() {
	LAB_WEIGHTS=$1
	lab_conf
	sed -i "/^vips/a\  { name = \"seq\"; address = \"$VIP4\"; port = 9000; protocol = \"udp\"; pool = \"seq\"; }," "$LAB_CONF"
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

# hits_after N: how many of 60 new connections backend N gets
hits_after() {
	lab_hits_reset
	lab_get 60 "$(lab_url "$VIP4")" >/dev/null
	lab_hits "$1" "$VIP4"
}

# refused REGEX COMMAND...: exit status 5, it says so, and nothing is different
refused() {
	local status=0 said before
	before="$(lab_ctl -j status | jq .accepted_rev) $(members)"
	said=$(lab_ctl "${@:2}" 2>&1) || status=$?
	expect_eq "exit status of ${*:2} ($said)" "$status" 5
	expect_match "what ${*:2} says" "$said" "$1"
	expect_eq "revision and members after ${*:2}" "$(lab_ctl -j status | jq .accepted_rev) $(members)" "$before"
}

conf "100 100 100"
lab_sluiced_start
lab_spawn serve be3 "$top/udp_seq.py" serve be3 9000 "$VIP4"
lab_ready serve ready 10
lab_spawn seq client "$top/udp_seq.py" send "$VIP4" 9000 200
lab_ready seq began 10

# In drain: nothing new, and what it has goes on. It is not deleted, drained or not.
downloads_start 12 500k
had=$(clients 1)
[ -n "$had" ] || fail "be1 has no download: $(lab_ctl backend list)"
n=$(wc -l <<<"$had")
refused "backend \"be1\" has $n live connections.*drain it first" backend del web4/be1
lab_ctl backend drain web4/be1 >/dev/null
refused "backend \"be1\" has $n live connections" backend del web4/be1
refused 'live connections|serves VIP' pool del web4
expect_eq "new connections of be1 in drain" "$(hits_after 1)" 0
expect_eq "connections of be1 in drain" "$(clients 1)" "$had"

# Taken out by the file, so that it leaves as it has nothing left; put back by command while it has: the drain
# is over, it keeps what it had, and gets new ones.
conf "- 100 100"
lab_reload
expect_eq "members" "$(members)" '[["be2","ready"],["be3","ready"]]'
expect_eq "new connections of be1 when it is out" "$(hits_after 1)" 0
expect_eq "connections of be1 when it is out" "$(clients 1)" "$had"
lab_ctl backend add web4/again address=10.77.0.11 >/dev/null
expect_eq "members" "$(members)" '[["be2","ready"],["be3","ready"],["again","ready"]]'
[ "$(hits_after 1)" -gt 0 ] || fail "be1 is back and gets nothing"
expect_eq "connections of be1 when it is back" "$(clients 1)" "$had"
lab_ctl backend drain web4/again >/dev/null
lab_ctl backend ready web4/again >/dev/null
expect_eq "connections of be1 when its drain is cancelled" "$(clients 1)" "$had"
for i in {1..12}; do download_end "$i"; done

# By force: from then on no packet goes there, its downloads end, and those of the others do not notice.
conf "100 100 100"
lab_reload
downloads_start 12 500k
declare -A at=()
for i in 1 2 3; do for port in $(clients "$i"); do at[$port]=$i; done; done
[ -n "$(clients 1)" ] || fail "be1 has no download: $(lab_ctl backend list)"
declare -A of=()
for i in {1..12}; do
	port=$(lab_exec client ss -Htnp state established dst "$VIP4" |
		awk -v pid="pid=$(lab_pid "get-$i")," 'index($0, pid) { print $3 }' | sed 's/.*://')
	of[$i]=${at[$port]:-0}
done
lab_ctl --force backend del web4/be1 >/dev/null
lab_spawn sniff sw python3 "$top/change_storm.py" sniff lb-wan "$LAB_DIR/seen"
lab_ready sniff sniffing 10
moved=0
for i in {1..12}; do
	case ${of[$i]} in
	0) fail "nobody has download $i" ;;
	1)
		wait_for 20 lab_dead "get-$i" || fail "download $i of the deleted be1 goes on"
		lab_stop "get-$i"
		[ "$LAB_STATUS" != 0 ] || fail "download $i of the deleted be1 has ended well"
		moved=$((moved + 1))
		;;
	*) download_end "$i" ;;
	esac
done
lab_stop sniff
echo "$n downloads in drain, $moved ended by force"
[ "$moved" -gt 0 ] || fail "no download was at be1"
expect_eq "where packets went after that" "$(awk '{ print $1 }' "$LAB_DIR/seen" | xargs)" "10.77.0.12 10.77.0.13"

# Without connections it takes no force. Those that have ended are remembered for a while.
lab_ctl backend drain web4/be2 >/dev/null
lab_ctl flow flush --backend web4/be2 >/dev/null
lab_ctl backend del web4/be2 >/dev/null
expect_eq "members" "$(members)" '[["be3","ready"]]'

lab_stop seq
expect_match "the flow of the other pool" "$(lab_log seq)" 'sent [0-9]{3,} lost 0 other 0'
lab_sluiced_stop
