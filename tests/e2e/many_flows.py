#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""For many_flows.sh: millions of connections through pipes that net_pcap reads and writes.

many_flows.py IN OUT VIP CHUNKS GO

Sends one ACK of each of CHUNKS * 64512 connections, which begins them, and another one, which confirms them; waits for
the file GO, and sends a third. Every frame that comes out must be the next one that went in, in a tunnel. Prints
what each backend (last byte of its address) got in each pass, and in the end how many connections had another
backend than in the first. Meanwhile frames for nobody keep
the reader of the pipe, which waits for whole bursts, from waiting.
"""

import fcntl
import os
import socket
import struct
import sys
import threading
import time

from inet import checksum

PORTS = 65536 - 1024
TURNS = 3
IN, OUT = 16 + 54, 16 + 20 + 54
HEADER = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)


def ip_header(chunk, vip):
    h = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0x4000, 64, 6, 0, bytes((20, 0, chunk >> 8, chunk & 255)), socket.inet_aton(vip))
    return h[:10] + struct.pack("!H", checksum(h)) + h[12:]


def records(vip, n):
    """n records of chunk 0, one a source port; what differs in another chunk is written over."""
    head = struct.pack("<IIII", 0, 0, 54, 54) + b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + ip_header(0, vip)
    return bytearray(b"".join(
        head + struct.pack("!HHIIBBHHH", 1024 + i, 80, 1, 1, 0x50, 0x10, 512, 0, 0) for i in range(n)))


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


class Sender:
    def __init__(self, path, vip, chunks):
        self.fd = os.open(path, os.O_WRONLY)
        fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.vip, self.chunks, self.all = vip, chunks, records(vip, PORTS)
        self.nobody = bytes(records("192.0.2.77", 64))
        write_all(self.fd, HEADER)

    def send_all(self):
        for chunk in range(self.chunks):
            header = ip_header(chunk, self.vip)
            for at in (10, 11, 14, 15):
                self.all[30 + at::IN] = header[at:at + 1] * PORTS
            write_all(self.fd, self.all)

    def idle_until(self, done):
        while not done():
            write_all(self.fd, self.nobody)
            time.sleep(0.002)


class Judge(threading.Thread):
    """Reads passes of all chunks; went[] has the backend of each connection, a byte each."""

    def __init__(self, path, chunks):
        super().__init__(daemon=True)
        self.path, self.chunks = path, chunks
        self.went = [b""] * TURNS
        self.done, self.wrong = 0, None

    def run(self):
        with open(self.path, "rb", buffering=1 << 20) as f:
            if len(f.read(24)) != 24:
                self.wrong = "no capture file"
            for turn in range(TURNS):
                self.went[turn] = b"".join(self.chunk(f.read(OUT * PORTS), c) for c in range(self.chunks))
                self.done += 1
            while f.read(1 << 16):
                self.wrong = "frames that nobody sent"

    def chunk(self, data, chunk):
        ports = b"".join(struct.pack("!H", p) for p in range(1024, 65536))
        inner = 16 + 14 + 20
        if len(data) != OUT * PORTS or data[16 + 14 + 9::OUT] != b"\x04" * PORTS:
            self.wrong = f"chunk {chunk}: not so many frames in IPv4 tunnels"
        if (data[inner + 20::OUT], data[inner + 21::OUT]) != (ports[0::2], ports[1::2]):
            self.wrong = f"chunk {chunk}: frames lost, doubled or out of order"
        if (data[inner + 14::OUT], data[inner + 15::OUT]) != (bytes((chunk >> 8,)) * PORTS, bytes((chunk & 255,)) * PORTS):
            self.wrong = f"chunk {chunk}: frames of another one"
        return data[16 + 14 + 19::OUT]


def spread(went):
    return {n: went.count(n) for n in range(256) if n in went}


def main():
    path_in, path_out, vip, chunks, go = sys.argv[1:]
    judge = Judge(path_out, int(chunks))
    judge.start()
    sender = Sender(path_in, vip, int(chunks))
    for turn in range(TURNS):
        sender.send_all()
        sender.idle_until(lambda: judge.done > turn)
        if judge.wrong:
            sys.exit(judge.wrong)
        print(f"pass {turn + 1}: {len(judge.went[turn])} connections, at {spread(judge.went[turn])}", flush=True)
        if turn == TURNS - 2:
            sender.idle_until(lambda: os.path.exists(go))
    moved = sum(a != b for a, b in zip(judge.went[0], judge.went[-1]))
    print(f"moved {moved}", flush=True)
    sender.idle_until(lambda: bool(judge.wrong))  # until it is ended


if __name__ == "__main__":
    main()
