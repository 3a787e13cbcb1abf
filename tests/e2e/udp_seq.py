#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Flows with sequence numbers, to see whether somebody else's trouble touches them.

udp_seq.py send ADDRESS PORT RATE [FLOWS]  numbered datagrams, from FLOWS sockets in turn (1), until SIGTERM
udp_seq.py serve NAME PORT ADDRESS...      echoes them back from the address they were sent to, with its name
The sender waits a second for the last answers and prints "sent N lost M other K doubled D": K answers came from
another backend than the one before them of the same flow, D datagrams were answered twice. With FLOWS then one line
for each way that flows went, in their order: "3 flows be1 be2". Exit status 1 unless lost, doubled and, of one flow,
other are 0.
"""

import collections
import select
import signal
import socket
import sys
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(name, port, addresses):
    socks = []
    for address in addresses:
        s = socket.socket(family(address), socket.SOCK_DGRAM)
        s.bind((address, port))
        socks.append(s)
    print("ready", flush=True)
    tag = f" {name} {time.monotonic_ns()}".encode()
    while True:
        for s in select.select(socks, [], [])[0]:
            data, peer = s.recvfrom(2048)
            s.sendto(data + tag, peer)


def send(address, port, rate, flows=1):
    socks = [socket.socket(family(address), socket.SOCK_DGRAM) for _ in range(flows)]
    for s in socks:
        s.connect((address, port))
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(time.monotonic()))
    got, sent, answers = set(), 0, 0
    ways = {s: [] for s in socks}
    due = time.monotonic()
    print("began", flush=True)
    while not ended or time.monotonic() < ended[0] + 1:
        now = time.monotonic()
        if not ended and now >= due:
            sent += 1
            try:
                socks[sent % flows].send(b"%d" % sent)
            except OSError:
                pass
            due += 1 / rate
            continue
        wait = (ended[0] + 1 if ended else due) - now
        for s in select.select(socks, [], [], max(0, wait))[0]:
            try:
                number, server = s.recv(2048).split(b" ", 1)
            except OSError:
                continue
            got.add(int(number))
            answers += 1
            if not ways[s] or ways[s][-1] != server:
                ways[s].append(server)
    other = sum(len(way) - 1 for way in ways.values() if way)
    doubled = answers - len(got)
    print(f"sent {sent} lost {sent - len(got)} other {other} doubled {doubled}")
    if flows > 1:
        names = (" ".join(x.split()[0].decode() for x in way) for way in ways.values())
        for way, n in sorted(collections.Counter(names).items()):
            print(n, "flows", way)
    sys.stdout.flush()
    return 1 if sent != len(got) or doubled or (other and flows == 1) else 0


def main():
    if sys.argv[1] == "serve":
        return serve(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
    return send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), *map(int, sys.argv[5:]))


if __name__ == "__main__":
    sys.exit(main())
