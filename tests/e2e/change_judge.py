#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""For change_judged.sh: sluiced at the rate of two pipes that net_pcap reads and writes, while its pool changes.

change_judge.py IN OUT VIP SOCKET CONF A B

In batches: connections begin, are confirmed, and send once more later. Meanwhile 1000 weights a second by command,
then the files A and B in turn as CONF, as fast as they are accepted. Every frame that comes out is judged, from first
to last: it is the next one that went in, in a tunnel; a new connection goes to a member of a set that was in force
between the time that its batch was written and the time that it was read; one that is known goes where it began.
"""

import itertools
import json
import os
import random
import shutil
import socket
import struct
import sys
import threading
import time

from many_flows import HEADER, IN, OUT, ip_header, records, write_all

BATCH = 8192
CHUNKS_PS = 40  # batches of new connections a second; what else there is room for are known ones
CHUNKS = 40 * 18  # not more of them than the flow table has room for
SYN, ACK = 2, 16
FLAGS = 16 + 14 + 20 + 13
WEIGHTS_S, RELOADS_S = 5, 5  # or longer, until there are enough of them, on a machine with other work
WEIGHTS, RELOADS, FRAMES = 2000, 100, 1000000


class Pipe(threading.Thread):
    """Writes batches; order[] says which: (chunk, first time, when)."""

    def __init__(self, path, vip):
        super().__init__(daemon=True)
        self.vip, self.fd, self.going = vip, os.open(path, os.O_WRONLY), True
        self.frames = {SYN: records(vip, BATCH), ACK: records(vip, BATCH)}
        self.frames[SYN][FLAGS::IN] = bytes((SYN,)) * BATCH
        self.order = []
        self.nobody = bytes(records("192.0.2.77", 64))
        write_all(self.fd, HEADER)

    def batch(self, chunk, flags):
        header = ip_header(chunk, self.vip)
        frames = self.frames[flags]
        for at in (10, 11, 14, 15):
            frames[30 + at::IN] = header[at:at + 1] * BATCH
        self.order.append((chunk, flags == SYN, time.monotonic()))
        write_all(self.fd, frames)

    def run(self):
        begin, chunks, known = time.monotonic(), 0, 0
        while self.going:
            if chunks < min(CHUNKS, 1 + (time.monotonic() - begin) * CHUNKS_PS):
                self.batch(chunks, SYN)
                self.batch(chunks, ACK)
                chunks += 1
            self.batch(known % chunks, ACK)
            known += 1
        try:
            while True:  # the reader of the pipe waits for whole bursts
                write_all(self.fd, self.nobody)
                time.sleep(0.002)
        except BrokenPipeError:
            pass


class Judge(threading.Thread):
    """Reads the batches; seen[] has of each the backends of new connections, and when it was read."""

    ports = b"".join(struct.pack("!H", 1024 + i) for i in range(BATCH))

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.pipe = path, None
        self.began, self.seen, self.frames, self.wrong = {}, [], 0, None

    def run(self):
        with open(self.path, "rb", buffering=1 << 20) as f:
            if len(f.read(24)) != 24:
                self.wrong = "no capture file"
            while not self.wrong:
                data = f.read(OUT * BATCH)
                if not data:
                    return
                self.take(data, *self.pipe.order[len(self.seen)])

    def take(self, data, chunk, new, written):
        inner = 16 + 14 + 20
        went = data[16 + 14 + 19::OUT]
        if len(data) != OUT * BATCH or data[16 + 14 + 9::OUT] != b"\x04" * BATCH:
            self.wrong = f"chunk {chunk}: not so many frames in IPv4 tunnels"
        elif (data[inner + 20::OUT], data[inner + 21::OUT]) != (self.ports[0::2], self.ports[1::2]):
            self.wrong = f"chunk {chunk}: frames lost, doubled or out of order"
        elif (data[inner + 14::OUT], data[inner + 15::OUT]) != (bytes((chunk >> 8,)) * BATCH, bytes((chunk & 255,)) * BATCH):
            self.wrong = f"chunk {chunk}: frames of another one"
        elif not new and went != self.began[chunk]:
            moved = sum(a != b for a, b in zip(went, self.began[chunk]))
            self.wrong = f"chunk {chunk}: {moved} known connections went elsewhere"
        if new:
            self.began[chunk] = went
        self.seen.append((frozenset(went) if new else None, written, time.monotonic()))
        self.frames += BATCH


class Control:
    """Asks sluiced; sets[] has each set of members: when it was asked for, and when it was surely in force."""

    def __init__(self, path, members):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.file = self.sock.makefile("rw")
        self.file.readline()
        self.sets = [[0.0, 0.0, members]]
        self.id = 0

    def send(self, cmd, **args):
        self.id += 1
        self.file.write(json.dumps({"v": 1, "id": self.id, "cmd": cmd, "args": args}) + "\n")

    def ask(self, cmd, **args):
        self.send(cmd, **args)
        self.file.flush()
        return self.answer()

    def answer(self):
        reply = json.loads(self.file.readline())
        if not reply["ok"]:
            sys.exit(f"refused: {reply}")
        return reply

    def weights(self, seconds):
        begin, sent, rng = time.monotonic(), 0, random.Random(26)
        while time.monotonic() - begin < seconds or sent < WEIGHTS:
            due = min(int((time.monotonic() - begin) * 1000) - sent, 50)
            for _ in range(due):
                self.send("backend.weight", pool="web", backend=rng.choice(["be1", "be2"]), weight=rng.randint(1, 1000))
            self.file.flush()
            for _ in range(due):
                self.answer()
            sent += due
            time.sleep(0.001)
        return sent

    def apply(self, path, conf, members):
        shutil.copy(path, conf + ".new")
        os.rename(conf + ".new", conf)
        self.sets.append([time.monotonic(), float("inf"), members])
        self.ask("config.apply")

    def settle(self):
        self.ask("applied")
        self.sets[-1][1] = time.monotonic()

    def reloads(self, seconds, conf, files):
        begin = time.monotonic()
        for n in itertools.count():
            if time.monotonic() - begin > seconds and n >= RELOADS:
                return n
            self.apply(files[n % 2][0], conf, files[n % 2][1])
            if n % 16 in (0, 5):
                self.settle()
                time.sleep(0.15)

    def allowed(self, since, until):
        """Every set that may have been in force at some time between these."""
        out, later = frozenset(), float("inf")
        for asked, applied, members in reversed(self.sets):
            if asked <= until and later >= since:
                out |= members
            later = min(later, applied)
        return out


def main():
    path_in, path_out, vip, path_socket, conf, a, b = sys.argv[1:]
    set_a, set_b = frozenset((11, 12)), frozenset((11, 13))
    judge = Judge(path_out)
    judge.start()
    pipe = judge.pipe = Pipe(path_in, vip)  # waits for sluiced to open it
    pipe.start()
    while not judge.seen and not judge.wrong:
        time.sleep(0.01)
    control = Control(path_socket, set_a)
    n_weights = control.weights(WEIGHTS_S)
    n_reloads = control.reloads(RELOADS_S, conf, ((b, set_b), (a, set_a)))
    control.settle()
    while judge.frames < FRAMES and not judge.wrong:
        time.sleep(0.05)
    pipe.going = False
    while len(judge.seen) < len(pipe.order) and not judge.wrong:
        time.sleep(0.05)
    if judge.wrong:
        sys.exit(judge.wrong)
    strict = 0
    for n, (went, written, read) in enumerate(judge.seen):
        if went is None:
            continue
        may = control.allowed(written, read)
        if not went <= may:
            sys.exit(f"batch {n}: new connections at {sorted(went)}, members were {sorted(may)}")
        strict += len(may) == 2 and written > control.sets[1][0]
    print(f"judged {judge.frames} frames, {n_weights} weights, {n_reloads} reloads, {strict} batches with one set", flush=True)
    time.sleep(60)  # until it is ended: the pipe's reader waits for frames


main()
