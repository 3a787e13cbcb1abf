#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""ping.py ADDRESS BYTES COUNT: echo requests of BYTES data bytes, each answered within two seconds by ADDRESS with the
same bytes. Exit status 0 when all are."""

import os
import socket
import struct
import sys
import time


def checksum(b):
    b += bytes(len(b) & 1)
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def main():
    address, size, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    six = ":" in address
    family = socket.AF_INET6 if six else socket.AF_INET
    ask, answer = (128, 129) if six else (8, 0)
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
    s.connect((address, 0))
    ident = os.getpid() & 0xFFFF
    for seq in range(count):
        data = os.urandom(size)
        head = struct.pack("!BBHHH", ask, 0, 0, ident, seq)
        if not six:  # over IPv6 the kernel does it
            head = struct.pack("!BBHHH", ask, 0, checksum(head + data), ident, seq)
        s.send(head + data)
        end = time.monotonic() + 2
        while True:
            s.settimeout(max(0.001, end - time.monotonic()))
            try:
                got = s.recv(65536)
            except socket.timeout:
                sys.exit("no answer to %d from %s" % (seq, address))
            if not six:
                if checksum(got[:20]) != 0 or checksum(got[20:]) != 0:
                    sys.exit("wrong checksum in the answer from %s" % address)
                got = got[20:]
            if got[0] == answer and got[4:8] == head[4:8]:
                if got[8:] != data:
                    sys.exit("other bytes from %s" % address)
                break


main()
