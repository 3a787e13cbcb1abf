#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Everything a client should not do to the control socket, as user nobody.

    control_abuse.py SOCKET

Who is let in, is a viewer (the socket's group is nogroup). Ends with a traceback unless every limit
holds as docs/control-protocol.md says.
"""
import json
import os
import resource
import socket
import sys
import threading
import time

PATH = sys.argv[1]
NOBODY = 65534
PLACES = 30  # for others than root
STATUS = b'{"v":1,"id":1,"cmd":"status"}\n'
failures = []


def connect():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(PATH)  # waits while the queue of the socket is full
    sock.settimeout(60)
    return sock


class Client:
    def __init__(self):
        self.sock = connect()
        self.buf = b""

    def line(self):
        while b"\n" not in self.buf:
            piece = self.sock.recv(65536)
            if not piece:
                return None
            self.buf += piece
        text, self.buf = self.buf.split(b"\n", 1)
        return json.loads(text)

    def ask(self, text):
        self.sock.sendall(text)
        return self.line()


def closed_within(sock, low, high, what):
    """The daemon must hang up, not sooner than low and not later than high seconds from now."""
    start = time.monotonic()
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    took = time.monotonic() - start
    assert low <= took <= high, f"{what}: closed after {took:.1f} s, not {low} to {high}"


def crowd():
    """1000 at once: as many as there are places are greeted, the others told why not."""
    clients = [Client() for _ in range(1000)]
    first = [c.line() for c in clients]
    greeted = [c for c, l in zip(clients, first) if "hello" in l]
    refused = [l for l in first if "err" in l]
    assert len(greeted) == PLACES, f"{len(greeted)} of 1000 were let in"
    assert len(refused) == 1000 - PLACES
    assert all(l["err"]["code"] == "EBUSY" for l in refused)
    assert all(l["hello"]["role"] == "viewer" for l in first if "hello" in l)
    return greeted


def half_line(client):
    """A byte now and then is not a request."""
    start = time.monotonic()
    client.sock.settimeout(0.5)
    for byte in b'{"v":1,"id":1,"cmd":"status","args":{}' * 10:
        try:
            client.sock.send(bytes([byte]))
            if not client.sock.recv(1):
                break
        except socket.timeout:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
    took = time.monotonic() - start
    assert 4 < took < 60, f"half a line: closed after {took:.1f} s"


def slow_reader(client):
    """Asks and does not read. What waits for it is bounded; then the daemon has had enough."""
    request = b'{"v":1,"id":1,"cmd":"drops"}\n' * 100
    client.sock.settimeout(1)
    start = time.monotonic()
    while time.monotonic() - start < 80:
        try:
            client.sock.send(request)
        except socket.timeout:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
    took = time.monotonic() - start
    assert 8 < took < 80, f"a reader that stopped: closed after {took:.1f} s"


TOO_LONG = {
    "id": None,
    "ok": False,
    "err": {
        "code": "EINVAL",
        "msg": "the request is longer than 65536 bytes",
        "hint": "send less in one request",
    },
}


def long_line(client):
    """1 GiB without a newline: one answer as soon as it is too long, and the end when its 5 seconds are over. If
    it is whole before that, the connection goes on with the next line."""
    piece, sent = b"x" * (1 << 16), 0
    start = time.monotonic()
    while sent < 1 << 20:
        sent += client.sock.send(piece)
    answer = client.line()
    assert answer == TOO_LONG, answer
    assert time.monotonic() - start < 5, "the answer came with the end of the line's time"
    try:
        while sent < 1 << 30:
            sent += client.sock.send(piece)
        client.sock.sendall(b"\n" + STATUS)
    except (BrokenPipeError, ConnectionResetError):
        took = time.monotonic() - start
        assert 4.9 < took < 60, f"a long line: closed after {took:.1f} s and {sent} bytes"
        return
    assert client.line()["ok"]


def malformed(client):
    """Each is refused with a reason, and the connection goes on; also what only others may do."""
    deep = b'{"v":1,"id":1,"cmd":"status","args":' + b'{"a":' * 10000 + b"1" + b"}" * 10001
    for text, word in (
        (b"[" * 60000, "nested"),
        (deep, "nested"),
        (b'{"v":1,"id":1,"cmd":"sta\xfftus"}', "JSON"),
        (b'{"v":1,"id":1,"cmd":"sta\0tus"}', "NUL"),
        (b'{"v":1,"id":1,"id":2,"cmd":"status"}', "duplicate"),
        (b'{"v":1,"id":1,"cmd":"status"} {}', "JSON"),
        (b'{"v":1,"id":1,"cmd":"status","force":true}', "unknown request key"),
        (b'{"v":1,"id":1,"cmd":"status","args":{"a":1}}', "takes no argument"),
        (b'"' * 65536, "JSON"),
        (b" " * 65537, "longer than"),
        (b'{"v":1,"id":1,"cmd":"backend.weight","args":{"backend":"be1","weight":0}}', "needs the role"),
        (b'{"v":1,"id":1,"cmd":"batch","args":{"ops":[{"cmd":"pool.del","args":{"pool":"web4"}}]}}', "needs the role"),
        (b'{"v":1,"id":1,"cmd":"flow.flush","args":{"all":true}}', "needs the role"),
    ):
        answer = client.ask(text + b"\n")
        assert answer["err"]["code"] == ("EPERM" if "role" in word else "EINVAL"), (text[:60], answer)
        assert word in answer["err"]["msg"], (text[:60], answer)
        assert client.ask(STATUS)["ok"]
    client.sock.close()


def refused_often(client):
    """What a viewer may not do is told in the log, but does not fill it."""
    request = b'{"v":1,"id":1,"cmd":"flow.flush","args":{"all":true}}\n'
    for _ in range(2000):
        assert client.ask(request)["err"]["code"] == "EPERM"
    time.sleep(1.1)
    assert client.ask(request)["err"]["code"] == "EPERM"


def churn():
    """Comes and goes, in the middle of everything."""
    for i in range(1000):
        sock = connect()
        try:
            if i % 3:
                sock.send(STATUS[: i % len(STATUS)] if i % 3 == 1 else STATUS * 50)
        except BrokenPipeError:
            pass  # no place was left
        sock.close()


def guarded(fn, *args):
    def run():
        try:
            fn(*args)
        except BaseException as e:  # shown by the main thread
            failures.append(f"{fn.__name__}: {e!r}")

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    held = crowd()
    print("1000 at once")
    work = [half_line] * 8 + [slow_reader] * 8 + [long_line] * 2 + [malformed] * 8 + [refused_often]
    threads = [guarded(fn, client) for fn, client in zip(work, held)]
    for client in held[len(work):]:
        client.sock.close()
    threads.append(guarded(churn))
    for thread in threads:
        thread.join()
    assert not failures, "\n".join(failures)
    print("half lines, slow readers, long lines, malformed requests, coming and going")


main()
