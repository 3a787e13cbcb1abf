#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""telemetry_ask.py SOCKET COMMAND[,PARAMETER]: the reply, as any client of the DPDK telemetry socket gets it."""

import socket
import sys

s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(20)
s.connect(sys.argv[1])
s.recv(16384)
s.send(sys.argv[2].encode())
print(s.recv(16384).decode())
