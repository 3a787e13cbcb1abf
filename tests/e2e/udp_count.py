#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A steady flow of UDP packets that are counted at both ends.

    udp_count.py receive PORT            prints the number of packets received, at SIGTERM
    udp_count.py send ADDRESS PORT PPS   prints the number of packets sent, at SIGTERM

The sender uses eight source ports in turn. The receiver counts a packet once: each carries a number.
"""
import signal
import socket
import sys
import time


class Ended(Exception):
    pass


def end(signum, frame):
    raise Ended


def receive(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    sock.bind(("", port))
    seen = set()
    try:
        while True:
            seen.add(sock.recv(64))
    except Ended:
        pass
    sock.setblocking(False)
    try:
        while True:
            seen.add(sock.recv(64))
    except BlockingIOError:
        pass
    print(len(seen))


def send(address, port, pps):
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
    for sock in socks:
        sock.connect((address, port))
    sent, start, ended = 0, time.monotonic(), []
    # Not in the middle of a packet: what was sent is counted.
    signal.signal(signal.SIGTERM, lambda signum, frame: ended.append(signum))
    while not ended:
        # Never a burst: who was held up does not catch up.
        due = int((time.monotonic() - start) * pps)
        if sent < due:
            start += max(0, due - sent - pps // 20) / pps
            socks[sent % 8].send(b"%d" % sent)
            sent += 1
        else:
            time.sleep(1 / pps)
    print(sent)


signal.signal(signal.SIGTERM, end)
if sys.argv[1] == "receive":
    receive(int(sys.argv[2]))
else:
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
