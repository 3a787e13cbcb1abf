#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""ping.py [--send-only] [--may-cut] [--told=MTU] ADDRESS BYTES COUNT: echo requests of BYTES data bytes, each answered
within LIMIT seconds by ADDRESS with the same bytes. Exit status 0 when all are. --send-only: nobody waits for answers.
--may-cut: over IPv4 without DF. --told: no answer, but this MTU is the kernel's for the way to ADDRESS afterwards."""

import os
import socket
import struct
import sys
import time

from inet import checksum, family

LIMIT = 20


def path_mtu(address):
    """What the kernel knows: IP_MTU, IPV6_MTU."""
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.connect((address, 9))
    return s.getsockopt(*((socket.IPPROTO_IPV6, 24) if ":" in address else (socket.IPPROTO_IP, 14)))


def wait_told(address, mtu):
    """The kernel learns from an error only while the socket that it is about is there."""
    end = time.monotonic() + LIMIT
    while path_mtu(address) != mtu:
        if time.monotonic() > end:
            sys.exit("MTU to %s is %d, expected %d" % (address, path_mtu(address), mtu))
        time.sleep(0.005)


def main():
    options = [a for a in sys.argv if a.startswith("--")]
    address, size, count = [a for a in sys.argv[1:] if a not in options]
    size, count = int(size), int(count)
    told = [a[len("--told="):] for a in options if a.startswith("--told=")]
    six = ":" in address
    ask, answer = (128, 129) if six else (8, 0)
    s = socket.socket(family(address), socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
    if "--may-cut" in options:
        s.setsockopt(socket.IPPROTO_IP, 10, 0)  # IP_MTU_DISCOVER, IP_PMTUDISC_DONT
    s.connect((address, 0))
    ident = os.getpid() & 0xFFFF
    for seq in range(count):
        data = os.urandom(size)
        head = struct.pack("!BBHHH", ask, 0, 0, ident, seq)
        if not six:  # over IPv6 the kernel does it
            head = struct.pack("!BBHHH", ask, 0, checksum(head + data), ident, seq)
        s.send(head + data)
        if "--send-only" in options:
            continue
        if told:
            wait_told(address, int(told[0]))
            continue
        end = time.monotonic() + LIMIT
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
