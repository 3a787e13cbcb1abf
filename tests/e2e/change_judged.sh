#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# At the rate that a worker can do, 1000 weight changes a second, then one reload after the other: every packet that
# leaves is judged (change_judge.py). None is lost, none goes to who is no member, no known connection moves.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# conf NAME BACKEND: ports are pipes; be1 and one more
conf() {
	cat >"$LAB_DIR/$1" <<-END
		daemon = { control = { socket = "$LAB_SOCKET"; }; state_dir = "$LAB_DIR/state"; };
		eal = { main_lcore = $(lab_cpu 0); workers = [ $(lab_cpu 1) ]; huge = false; file_prefix = "$LAB_PREFIX"; };
		flows = { per_lane = 8388608; };
		ports = ( { name = "lab"; driver = "vdev"; next_hop_mac = "02:00:00:00:00:02"; mtu = 1600;
		            device = "net_pcap0,rx_pcap=$LAB_DIR/in,tx_pcap=$LAB_DIR/out"; } );
		pools = ( { name = "web"; tunnel_source = [ "10.77.0.2" ]; slow_start_s = 0; backends = (
		              { name = "be1"; address = "10.77.0.11"; },
		              { name = "$2"; address = "10.77.0.1${2#be}"; } ); } );
		vips = ( { name = "vip"; address = "$VIP4"; port = 80; pool = "web"; } );
	END
}

in_force() {
	lab_log sluiced | grep -cE 'revision [0-9]+ in force' || true
}

lab_up 1
conf a be2
conf b be3
cp "$LAB_DIR/a" "$LAB_CONF"
mkfifo "$LAB_DIR/in" "$LAB_DIR/out"
began=$SECONDS
lab_spawn judge lb "$(dirname "$0")/change_judge.py" "$LAB_DIR/in" "$LAB_DIR/out" "$VIP4" "$LAB_SOCKET" "$LAB_CONF" \
	"$LAB_DIR/a" "$LAB_DIR/b"
lab_sluiced_start
lab_ready judge '^judged ' 50
took=$((SECONDS - began + 1))
said=$(lab_log judge)
echo "$said; $(in_force) revisions took force in $took s"
read -r frames weights reloads strict <<<"$(sed -nE 's/^judged ([0-9]+) frames, ([0-9]+) weights, ([0-9]+) reloads, ([0-9]+) .*/\1 \2 \3 \4/p' <<<"$said")"
[ "$frames" -ge 1000000 ] || fail "only $frames frames"
[ "$weights" -ge 2000 ] || fail "only $weights weights"
[ "$reloads" -ge 100 ] || fail "only $reloads reloads"
[ "$strict" -ge 5 ] || fail "only $strict batches that one set alone was right for"
expect_between "revisions that took force" "$(in_force)" 3 $((4 * took + 4))
expect_eq "drops beside the frames for nobody" "$(lab_ctl -j drops | jq -c 'map(select(.packets > 0).reason)')" '["no_vip"]'
expect_eq "connections that found no place" "$(lab_ctl -j flow stats | jq '.[0].bypass')" 0
lab_stop judge # sluiced waits for the pipe; its end wakes it
lab_sluiced_stop
