#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""pcap.py write FILE VIP: 500 SYNs to the VIP, from as many ports, recorded as a file in pcap format.
pcap.py count FILE: the records of such a file, or an error if its end is cut."""

import socket
import struct
import sys

from inet import checksum


def syn(src, dst, port):
    tcp = struct.pack("!HHIIBBHHH", port, 80, 1, 0, 0x50, 2, 64240, 0, 0)
    tcp = tcp[:16] + struct.pack("!H", checksum(src + dst + struct.pack("!HH", 6, 20) + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, port, 0x4000, 64, 6, 0, src, dst)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes.fromhex("020000000001" "020000000009" "0800") + ip + tcp


def write(path, vip):
    src, dst = socket.inet_aton("10.77.0.1"), socket.inet_aton(vip)
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for port in range(10000, 10500):
            frame = syn(src, dst, port)
            f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def count(path):
    with open(path, "rb") as f:
        data = f.read()
    at, n = 24, 0
    while at < len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        n += 1
    assert at == len(data), "the last record is cut"
    print(n)


{"write": write, "count": count}[sys.argv[1]](*sys.argv[2:])
