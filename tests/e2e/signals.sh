#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGTERM and SIGINT end sluiced with status 0, however many of them come, and the capture file of a pcap port is complete.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1
lab_backends_start
"$LAB_TOP/tests/e2e/pcap.py" write "$LAB_DIR/in.pcap" "$VIP4"

forwarded() {
	[ "$(lab_ctl -j status | jq .forwarded_packets)" = 500 ]
}

# A port without a kernel side: addresses and next hop are said in the file.
pcap_conf() {
	cat >"$LAB_CONF" <<-END
		daemon = { control = { socket = "$LAB_SOCKET"; }; };
		eal = { main_lcore = $(lab_cpu 0); workers = [ $(lab_cpu 1) ]; huge = false; file_prefix = "$LAB_PREFIX"; };
		ports = ( { name = "lab"; driver = "vdev"; next_hop_mac = "02:00:00:00:00:02";
		            device = "net_pcap0,rx_pcap=$LAB_DIR/in.pcap,tx_pcap=$LAB_DIR/out.pcap"; } );
		pools = ( { name = "web"; tunnel_source = [ "10.77.0.2" ];
		            backends = ( { name = "be1"; address = "10.77.0.11"; } ); } );
		vips = ( { name = "vip"; address = "$VIP4"; port = 80; pool = "web"; } );
	END
}

LAB_VIPS="$VIP4=4"
for signal in TERM INT; do
	pcap_conf
	lab_sluiced_start
	wait_for 20 forwarded || fail "500 packets are not counted: $(lab_ctl -j status)"
	lab_sluiced_stop "$signal"
	expect_eq "packets in the capture after SIG$signal" "$("$LAB_TOP/tests/e2e/pcap.py" count "$LAB_DIR/out.pcap")" 500

	lab_conf
	lab_sluiced_start
	lab_get 10 "$(lab_url "$VIP4")" >/dev/null
	while lab_alive sluiced; do kill "-$signal" "$(lab_pid sluiced)" 2>/dev/null || true; done
	lab_sluiced_stop "$signal"
done
