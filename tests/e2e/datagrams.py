#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Numbered datagrams and who got them.

send ADDRESS PORT FLOWS N PPS [SIZE...]: FLOWS sockets send N datagrams in all (0: until SIGTERM), PPS a second, each
socket of these sizes in turn. Who was held up does not catch up: a burst would fill queues of the kernel.
receive ADDRESS PORT FILE: writes a line "SOURCE-PORT NUMBER" for each, until it is ended.
"""
import itertools
import signal
import socket
import sys
import time

from inet import family

SO_RCVBUFFORCE = 33


def send(address, port, flows, count, pps, *sizes):
    socks = []
    for _ in range(flows):
        s = socket.socket(family(address), socket.SOCK_DGRAM)
        s.connect((address, port))
        socks.append(s)
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    due, n = time.monotonic(), 0
    for number in range(count // flows) if count else itertools.count():
        if ended:
            break
        data = b"%d" % number
        if sizes:
            data = data.ljust(sizes[number % len(sizes)])
        for s in socks:
            # Nobody answers, and nobody listens everywhere: an ICMP error is not of interest.
            try:
                s.send(data)
            except ConnectionRefusedError:
                s.send(data)
            n += 1
            due = max(due, time.monotonic() - 1 / pps) + 1 / pps
            time.sleep(max(0, due - time.monotonic()))
    print("sent", n, flush=True)


def receive(address, port, path):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    s.bind((address, port))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(path, "w", buffering=1) as out:
        print("ready", flush=True)
        while True:
            data, source = s.recvfrom(65535)
            out.write("%d %s\n" % (source[1], data.decode().rstrip()))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], *map(int, sys.argv[3:]))
    else:
        receive(sys.argv[2], int(sys.argv[3]), sys.argv[4])
