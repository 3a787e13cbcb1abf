#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks a web server from an address, with a DSCP.

    rule_from.py SERVER SOURCE DSCP N       N connections, one after the other; prints the bodies
    rule_from.py SERVER SOURCE DSCP keep    one connection: asks once, then once more for each line of standard
                                            input, and prints the bodies
"""

import socket
import sys


def connect(server, source, dscp):
    sock = socket.socket()
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
    sock.settimeout(30)
    sock.bind((source, 0))
    sock.connect((server, 80))
    return sock


def ask(sock, server):
    sock.sendall(f"GET / HTTP/1.1\r\nHost: {server}\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data or not data.endswith(b"\n"):
        piece = sock.recv(4096)
        assert piece, f"ended after {data!r}"
        data += piece
    print(data.split(b"\r\n\r\n", 1)[1].decode().strip(), flush=True)


server, source, dscp = sys.argv[1], sys.argv[2], int(sys.argv[3])
if sys.argv[4] == "keep":
    sock = connect(server, source, dscp)
    ask(sock, server)
    for _ in sys.stdin:
        ask(sock, server)
else:
    for _ in range(int(sys.argv[4])):
        ask(connect(server, source, dscp), server)
