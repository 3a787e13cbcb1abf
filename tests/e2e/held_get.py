#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Downloads that last as long as a test wants.

held_get.py ADDRESS PATH FILE PORT...
Fetches PATH over a connection from each of these local ports, and prints "begun" when every one has its first bytes. It
reads the rest after SIGUSR1, and prints "PORT whole" where that is what FILE holds, "PORT ended: why" otherwise.
"""
import signal
import socket
import sys


def begin(address, path, port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)  # the server cannot be through with it
    s.settimeout(60)
    s.bind(("", port))
    s.connect((address, 80))
    s.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    return s, s.recv(1)


def rest(s, got):
    while data := s.recv(1 << 16):
        got += data
    head, _, body = got.partition(b"\r\n\r\n")
    return body if b" 200 " in head.split(b"\r\n")[0] else b""


def main():
    address, path, name, ports = sys.argv[1], sys.argv[2], sys.argv[3], list(map(int, sys.argv[4:]))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    with open(name, "rb") as f:
        whole = f.read()
    connections = [begin(address, path, port) for port in ports]
    print("begun", flush=True)
    signal.sigwait([signal.SIGUSR1])
    for port, (s, first) in zip(ports, connections):
        try:
            body = rest(s, first)
        except OSError as e:
            print(f"{port} ended: {e}")
        else:
            print(f"{port} whole" if body == whole else f"{port} ended: {len(body)} bytes")


main()
