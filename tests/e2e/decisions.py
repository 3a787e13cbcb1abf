#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""decisions.py VIP: which backend answers, for 200 fixed source ports of the client, one a line. That is what the
table decides. Closing by RST frees the port at once."""

import socket
import struct
import sys

for port in range(2000, 2200):
    with socket.socket() as s:
        s.settimeout(15)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.bind(("10.77.0.1", port))
        s.connect((sys.argv[1], 80))
        s.send(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while data := s.recv(4096):
            answer += data
        print(answer.split()[-1].decode())
