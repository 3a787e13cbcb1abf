#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""gue_checksum.py INTERFACE MAC VIP...: TCP segments of many sizes to each VIP, put on the interface as a client's; what
comes back must be GUE with the right UDP checksum, IPv4 checksum and lengths, and the segment inside as it was sent. Then
as many IPv4 packets with a wrong header checksum as sizes, of which none may come back. Prints how many were right and how
many were wrong."""

import socket
import sys
import time

from scapy.all import IP, TCP, UDP, Ether, IPv6, Raw, raw

SIZES = (0, 1, 2, 3, 63, 64, 511, 512, 1300)
interface, mac, vips = sys.argv[1], sys.argv[2], sys.argv[3:]
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((interface, 0))


def segment(vip, size, port):
    ip = IPv6(src="2001:db8:c::7", dst=vip) if ":" in vip else IP(src="198.51.100.7", dst=vip)
    data = bytes((i * 7 + size) & 0xFF for i in range(size))
    return raw(ip / TCP(sport=port, dport=80, flags="PA", seq=1, ack=1) / Raw(data))


def send(packet):
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    wire.send(raw(Ether(dst=mac, src="02:00:00:00:00:99", type=kind)) + packet)


def checked(frame):
    """The packet inside, None for what is no GUE; ends the program when something is wrong."""
    eth = Ether(frame)
    ip = eth.payload
    if eth.src != mac or not isinstance(ip, (IP, IPv6)) or UDP not in ip:
        return None
    wrong = ip.copy()
    if isinstance(ip, IP):
        del wrong.chksum
    del wrong[UDP].chksum
    again = ip.__class__(raw(wrong))
    if not ip[UDP].chksum or again[UDP].chksum != ip[UDP].chksum:
        sys.exit("UDP checksum %#x, not %#x" % (ip[UDP].chksum or 0, again[UDP].chksum))
    if isinstance(ip, IP) and again.chksum != ip.chksum:
        sys.exit("IPv4 checksum %#x, not %#x" % (ip.chksum, again.chksum))
    return raw(ip[UDP].payload)[4:]


def wait_for(packet):
    wire.settimeout(0.2)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            got = checked(wire.recv(65536))
        except socket.timeout:
            continue
        if got is not None:
            if got != packet:
                sys.exit("another packet inside: %d bytes, not %d" % (len(got), len(packet)))
            return
    sys.exit("%d bytes do not come back" % len(packet))


def main():
    right = 0
    for vip in vips:
        for n, size in enumerate(SIZES):
            packet = segment(vip, size, 20000 + n)
            send(packet)
            wait_for(packet)
            right += 1
    wrong = 0
    for size in SIZES:
        packet = bytearray(segment([v for v in vips if ":" not in v][0], size, 30000))
        packet[10] ^= 1
        send(bytes(packet))
        wrong += 1
    # What comes first now was sent behind them.
    packet = segment(vips[0], 5, 31000)
    send(packet)
    wait_for(packet)
    print(right + 1, wrong)


main()
