#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A web server that lets every request wait until it is told what to answer.

held_http.py PORT DIRECTORY
The n-th request is answered as soon as DIRECTORY/answer-n exists: with the status in it, on a connection that the
client may have closed. Prints "ready", "asked n", "closed n" when the client is gone, and "answered n".
"""

import os
import socket
import sys
import threading
import time


def serve(conn, n, directory):
    conn.recv(4096)
    print(f"asked {n}", flush=True)
    conn.settimeout(0.02)
    path = os.path.join(directory, f"answer-{n}")
    closed = False
    while not os.path.exists(path) or not os.path.getsize(path):
        try:
            gone = not closed and conn.recv(4096) == b""
        except socket.timeout:
            continue
        except OSError:
            gone = True
        if gone:
            print(f"closed {n}", flush=True)
            closed = True
        time.sleep(0.02)
    with open(path, encoding="ascii") as f:
        status = f.read().strip()
    try:
        conn.sendall(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    except OSError:
        pass
    print(f"answered {n}", flush=True)
    conn.close()


def main():
    port, directory = int(sys.argv[1]), sys.argv[2]
    listener = socket.create_server(("", port))
    print("ready", flush=True)
    n = 0
    while True:
        conn = listener.accept()[0]
        n += 1
        threading.Thread(target=serve, args=(conn, n, directory), daemon=True).start()


if __name__ == "__main__":
    main()
