#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGTERM and SIGINT end sluiced with status 0, and the capture file of a pcap port is complete.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1
lab_backends_start

# 500 SYNs to the VIP, from as many ports, recorded as a file in pcap format.
/usr/bin/python3 - "$LAB_DIR/in.pcap" "$VIP4" <<'END'
import socket, struct, sys

def checksum(data):
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF

src, dst = socket.inet_aton("10.77.0.1"), socket.inet_aton(sys.argv[2])
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    for port in range(10000, 10500):
        tcp = struct.pack("!HHIIBBHHH", port, 80, 1, 0, 0x50, 2, 64240, 0, 0)
        tcp = tcp[:16] + struct.pack("!H", checksum(src + dst + struct.pack("!HH", 6, 20) + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, port, 0x4000, 64, 6, 0, src, dst)
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        frame = bytes.fromhex("020000000001" "020000000009" "0800") + ip + tcp
        f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
END

# The records of a pcap file, or an error if its end is cut.
records() {
	/usr/bin/python3 - "$1" <<'END'
import struct, sys
data = open(sys.argv[1], "rb").read()
at, n = 24, 0
while at < len(data):
    at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    n += 1
assert at == len(data), "the last record is cut"
print(n)
END
}

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
	wait_for 5 forwarded || fail "500 packets are not counted: $(lab_ctl -j status)"
	lab_sluiced_stop "$signal"
	expect_eq "packets in the capture after SIG$signal" "$(records "$LAB_DIR/out.pcap")" 500

	lab_conf
	lab_sluiced_start
	lab_get 10 "$(lab_url "$VIP4")" >/dev/null
	lab_sluiced_stop "$signal"
done
