#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Datagrams of any size, and whether they arrive whole.

udp_whole.py serve PORT ADDRESS...           answers each with its SHA-256, from the address that it was sent to
udp_whole.py ask ADDRESS PORT SIZE...        one datagram of random bytes for each size, each from a socket of its own; the
                                             answer must be the right one. Over IPv4 without DF
udp_whole.py insist ADDRESS PORT SIZE...     the same with DF, or over IPv6; sent again until it is answered
"""

import hashlib
import os
import select
import socket
import sys
import time

from inet import family, serve_udp

IP_MTU_DISCOVER, IP_PMTUDISC_DONT, IP_PMTUDISC_WANT = 10, 0, 1
LIMIT = 20.0


def new_socket(address, dont_fragment=False):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    if ":" not in address:
        s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT if dont_fragment else IP_PMTUDISC_DONT)
    return s


def ask(address, port, size, insist):
    data = os.urandom(size)
    s = new_socket(address, insist)
    s.connect((address, port))
    end, sent = time.monotonic() + LIMIT, 0
    while time.monotonic() < end:
        if not sent or insist:
            sent += 1
            try:
                s.send(data)
            except OSError as error:  # what came back about the one before
                if not insist:
                    sys.exit(f"{size} bytes to {address}: {error}")
        # Sent again soon at first, then every second: each that is too large costs an answer.
        if not select.select([s], [], [], min(1, 0.1 * 2 ** (sent - 1)) if insist else LIMIT)[0]:
            continue
        try:
            if s.recv(65535) != hashlib.sha256(data).digest():
                sys.exit(f"{size} bytes to {address}: others arrived")
            return
        except OSError as error:
            if not insist:
                sys.exit(f"{size} bytes to {address}: {error}")
    sys.exit(f"{size} bytes to {address}: sent {sent} times, not answered")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve_udp(
            new_socket, int(sys.argv[2]), sys.argv[3:], lambda data, send: send(hashlib.sha256(data).digest())
        )
    for n in sys.argv[4:]:
        ask(sys.argv[2], int(sys.argv[3]), int(n), sys.argv[1] == "insist")
