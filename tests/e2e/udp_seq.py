#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Flows with sequence numbers, to see whether somebody else's trouble touches them.

udp_seq.py send ADDRESS PORT RATE [FLOWS]  numbered datagrams, from FLOWS sockets in turn (1), until SIGTERM
udp_seq.py serve NAME PORT ADDRESS...      echoes them back from the address they were sent to, with its name
The sender waits for the last answers, until 3 s pass without one, after SIGUSR1 until 1 s does; it prints "sent N lost M
other K doubled D": K answers came from another backend than the one before them of the same flow, D datagrams were
answered twice. With FLOWS then one line for each way that flows went, in their order: "3 flows be1 be2". Where some were
lost, which: "lost 17-19 at 0.085-0.095 s", and how long the sender itself was held up at most. Exit status 1 unless
lost, doubled and, of one flow, other are 0.

A sender that was held up does not catch up: a burst would fill queues of the kernel that hold 256 packets.
"""

import collections
import select
import signal
import socket
import sys
import time

from inet import family, serve_udp

SO_RCVBUFFORCE = 33
RECEIVE_BYTES = 8 << 20  # seconds of a late reader


def new_socket(address):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
    return s


def serve(name, port, addresses):
    tag = f" {name} {time.monotonic_ns()}".encode()

    def answer(data, send):
        try:
            send(data + tag)
        except OSError as error:  # no way to the client just now: the next one may have one
            print(f"not answered: {data.decode()}: {error}", flush=True)

    serve_udp(new_socket, port, addresses, answer)


class Sender:
    """What was sent when, and who has answered it."""

    def __init__(self, address, port, flows):
        self.socks = [new_socket(address) for _ in range(flows)]
        for s in self.socks:
            s.connect((address, port))
        self.ways = {s: [] for s in self.socks}
        self.got, self.at, self.answers = set(), [], 0

    def send(self, now):
        self.at.append(now)
        number = len(self.at)
        for _ in range(2):  # what an ICMP error says of an earlier datagram keeps this one from being sent
            try:
                self.socks[number % len(self.socks)].send(b"%d" % number)
                break
            except OSError:
                pass

    def receive(self, seconds):
        """Whether anything has come."""
        ready = select.select(self.socks, [], [], max(0, seconds))[0]
        for s in ready:
            try:
                number, server = s.recv(2048).split(b" ", 1)
            except OSError:
                continue
            self.got.add(int(number))
            self.answers += 1
            if not self.ways[s] or self.ways[s][-1] != server:
                self.ways[s].append(server)
        return bool(ready)

    def lost(self):
        """As ranges of numbers: first and last."""
        ranges = []
        for n in range(1, len(self.at) + 1):
            if n in self.got:
                continue
            if ranges and ranges[-1][1] == n - 1:
                ranges[-1][1] = n
            else:
                ranges.append([n, n])
        return ranges

    def report(self):
        """Prints it; the exit status."""
        sent, missing = len(self.at), len(self.at) - len(self.got)
        other = sum(len(way) - 1 for way in self.ways.values() if way)
        doubled = self.answers - len(self.got)
        print(f"sent {sent} lost {missing} other {other} doubled {doubled}")
        if len(self.socks) > 1:
            names = (" ".join(x.split()[0].decode() for x in way) for way in self.ways.values())
            for way, n in sorted(collections.Counter(names).items()):
                print(n, "flows", way)
        if missing:
            begin = self.at[0]
            for first, last in self.lost()[:20]:
                print(f"lost {first}-{last} at {self.at[first - 1] - begin:.3f}-{self.at[last - 1] - begin:.3f} s")
            held = max((b - a for a, b in zip(self.at, self.at[1:])), default=0)
            print(f"held up for {held:.3f} s at most")
        sys.stdout.flush()
        return 1 if missing or doubled or (other and len(self.socks) == 1) else 0


def send(address, port, rate, flows=1):
    sender = Sender(address, port, flows)
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(3))
    signal.signal(signal.SIGUSR1, lambda *_: ended.append(1))
    print("began", flush=True)
    due = time.monotonic()
    while not ended:
        now = time.monotonic()
        if now >= due:
            sender.send(now)
            due = max(due, now - 1 / rate) + 1 / rate
        sender.receive(due - time.monotonic())
    last, limit = time.monotonic(), time.monotonic() + 8
    while len(sender.got) < len(sender.at) and time.monotonic() < min(limit, last + ended[0]):
        if sender.receive(0.1):
            last = time.monotonic()
    while sender.receive(0.2) and time.monotonic() < limit:  # those that are answered twice
        pass
    return sender.report()


def main():
    if sys.argv[1] == "serve":
        return serve(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
    return send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), *map(int, sys.argv[5:]))


if __name__ == "__main__":
    sys.exit(main())
