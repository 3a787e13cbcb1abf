# SPDX-License-Identifier: BSD-3-Clause
"""What several of these scripts need of IP."""

import select
import socket
import struct


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def checksum(b):
    """RFC 1071; 0 of bytes that hold the right one."""
    b += bytes(len(b) & 1)
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def serve_udp(new_socket, port, addresses, answer):
    """Without end: answer(data, send) for each datagram to one of the addresses; what it sends goes back from there."""
    socks = []
    for address in addresses:
        s = new_socket(address)
        s.bind((address, port))
        socks.append(s)
    print("ready", flush=True)
    while True:
        for s in select.select(socks, [], [])[0]:
            data, peer = s.recvfrom(65535)
            answer(data, lambda reply: s.sendto(reply, peer))
