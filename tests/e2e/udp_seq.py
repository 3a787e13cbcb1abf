#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A flow with sequence numbers, to see whether somebody else's trouble touches it.

udp_seq.py send ADDRESS PORT RATE        from one socket: a number a datagram, until SIGTERM; prints how many
udp_seq.py serve PORT ADDRESS...         echoes them back from the address they were sent to
The sender waits a second for the last answers and prints "sent N lost M other K": K answers came from
another backend than the first one did. Exit status 1 unless lost and other are 0.
"""

import select
import signal
import socket
import sys
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(port, addresses):
    name = socket.gethostname().encode()
    socks = []
    for address in addresses:
        s = socket.socket(family(address), socket.SOCK_DGRAM)
        s.bind((address, port))
        socks.append(s)
    print("ready", flush=True)
    tag = str(time.monotonic_ns()).encode()
    while True:
        for s in select.select(socks, [], [])[0]:
            data, peer = s.recvfrom(2048)
            s.sendto(data + b" " + name + b"-" + tag, peer)


def send(address, port, rate):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.connect((address, port))
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(time.monotonic()))
    got, servers, sent = set(), [], 0
    due = time.monotonic()
    print("began", flush=True)
    while not ended or time.monotonic() < ended[0] + 1:
        now = time.monotonic()
        if not ended and now >= due:
            sent += 1
            try:
                s.send(b"%d" % sent)
            except OSError:
                pass
            due += 1 / rate
            continue
        wait = (ended[0] + 1 if ended else due) - now
        if not select.select([s], [], [], max(0, wait))[0]:
            continue
        try:
            number, server = s.recv(2048).split(b" ", 1)
        except OSError:
            continue
        got.add(int(number))
        servers.append(server)
    other = sum(1 for x in servers if x != servers[0])
    print(f"sent {sent} lost {sent - len(got)} other {other}", flush=True)
    return 1 if sent != len(got) or other else 0


def main():
    if sys.argv[1] == "serve":
        return serve(int(sys.argv[2]), sys.argv[3:])
    return send(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))


if __name__ == "__main__":
    sys.exit(main())
