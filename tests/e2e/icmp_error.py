#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""icmp_error.py VIP PORT CLIENT COUNT SOURCE-PORT...: COUNT times for each of the client's UDP source ports, an ICMP
error to the VIP that quotes a packet from there to the client: port unreachable."""

import ipaddress
import socket
import struct
import sys

from inet import checksum, family


def quoted(source, destination, sport, dport):
    udp = struct.pack("!HHHH", sport, dport, 8 + 100, 0)
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    if len(addresses) == 32:
        return struct.pack("!IHBB", 6 << 28, 8 + 100, 17, 60) + addresses + udp
    head = struct.pack("!BBHHHBB", 0x45, 0, 20 + 8 + 100, 1, 0, 60, 17)
    return head + struct.pack("!H", checksum(head + b"\0\0" + addresses)) + addresses + udp


def main():
    vip, port, client, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    six = ":" in vip
    s = socket.socket(family(vip), socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
    for sport in map(int, sys.argv[5:]):
        body = b"\0\0\0\0" + quoted(vip, client, port, sport)
        if six:  # the kernel writes the checksum
            message = b"\1\4\0\0" + body
        else:
            message = b"\3\3" + struct.pack("!H", checksum(b"\3\3\0\0" + body)) + body
        for _ in range(count):
            s.sendto(message, (vip, 0))


if __name__ == "__main__":
    main()
