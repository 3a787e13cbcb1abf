#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""syn_many.py ADDRESS PORT RATE: opens so many TCP connections a second, without end. One that is answered is closed
at once, one that is not is given up after 4 s; the kernel sends its SYN again after one second. On SIGTERM: `opened N
connected N`."""

import collections
import select
import signal
import socket
import sys
import time

from inet import family


def main():
    address, port, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    poll, waiting, order = select.poll(), {}, collections.deque()
    opened = connected = 0
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    print("began", flush=True)
    due = time.monotonic()
    while not ended:
        now = time.monotonic()
        while due <= now:
            s = socket.socket(family(address))
            s.setblocking(False)
            s.connect_ex((address, port))
            waiting[s.fileno()] = s
            order.append((now + 4, s))
            poll.register(s, select.POLLOUT)
            opened += 1
            due += 1 / rate
        for fd, event in poll.poll(max(0, (due - now) * 1000)):
            connected += event == select.POLLOUT
            poll.unregister(fd)
            waiting.pop(fd).close()
        while order and order[0][0] < now:
            s = order.popleft()[1]
            if waiting.get(s.fileno()) is s:
                poll.unregister(s)
                del waiting[s.fileno()]
            s.close()
    print(f"opened {opened} connected {connected}", flush=True)


main()
