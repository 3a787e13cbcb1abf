#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""For transfer_storm.sh: files are fetched all the time while a pool changes at random.

transfer_storm.py ADDRESS SUMS SOCKET CONF PID SECONDS SEED

It goes on for SECONDS, and on a slow machine until there were enough changes and transfers of each kind, MOST at most.
PID is sluiced's, CONF its file; SUMS has "NAME SHA256" of the file of each backend, which begins with that name. Backends
be1 and be2 are changed in every way that must not touch a connection: weight, drain, ready, taken out by reload, put
back by reload and by command. The others besides in those that end theirs: maintenance, and deletion by force. A
transfer may fail only if the backend it was at had one of those meanwhile, or, if it did not get a first byte, any
of them had. All others must be whole.
"""

import hashlib
import json
import os
import random
import re
import signal
import socket
import sys
import threading
import time

FETCHERS = 10
MOST = 120
PATIENCE = 30
RATE = 2.5e6  # bytes a second of one transfer
ADDRESS = {f"be{n}": f"10.77.0.{10 + n}" for n in range(1, 6)}
GENTLE = ["be1", "be2"]
TOUGH = ["be3", "be4", "be5"]
KINDS = {"weight": 6, "drain": 3, "ready": 6, "add": 6, "reload": 3, "maint": 1, "del": 1}


class Fetcher(threading.Thread):
    """Fetches one file after the other for a while; notes what became of each."""

    def __init__(self, address, sums, ended):
        super().__init__()
        self.address, self.sums, self.ended = address, sums, ended
        self.log = []  # (backend or None, begin, end, error or None)

    def run(self):
        while not self.ended.is_set():
            begin, self.backend = time.monotonic(), None
            try:
                error = self.fetch()
            except OSError as e:
                error = str(e)
            self.log.append((self.backend, begin, time.monotonic(), error))

    def fetch(self):
        with socket.create_connection((self.address, 80), timeout=PATIENCE) as s:
            s.sendall(b"GET /files/file HTTP/1.0\r\n\r\n")
            head, got, begin, digest = b"", 0, time.monotonic(), None
            while data := s.recv(1 << 16):
                if digest is None:
                    head += data
                    _, end, data = head.partition(b"\r\n\r\n")
                    if not end or len(data) < 3:
                        continue
                    self.backend, digest = data[:3].decode(), hashlib.sha256()
                digest.update(data)
                got += len(data)
                time.sleep(max(0, begin + got / RATE - time.monotonic()))
        if digest is None:
            return "ended before its first byte"
        return None if digest.hexdigest() == self.sums[self.backend] else f"wrong after {got} bytes"


class Changer:
    """Makes changes at random, and notes those that end connections."""

    def __init__(self, path, conf, pid, seed):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        self.lines = s.makefile("rw")
        self.lines.readline()
        self.conf, self.pid, self.rng, self.number = conf, pid, random.Random(seed), 0
        with open(conf) as f:
            self.template = f.read()
        self.cuts = []  # [backend, begin, end or None, revision that brings it into force or None]
        self.made, self.deck = {}, []

    def ask(self, cmd, **args):
        """The last line of the answer, with the items before it as "items"."""
        self.number += 1
        print(json.dumps({"v": 1, "id": self.number, "cmd": cmd, "args": args}), file=self.lines, flush=True)
        items = []
        while "ok" not in (line := json.loads(self.lines.readline())):
            items.append(line["item"])
        return line | {"items": items}

    def accepted(self):
        """The revision that is wanted. Cuts that are in force by now have come to their end."""
        status = self.ask("status")["data"]
        if status["config"]["last_apply"] != "ok":
            sys.exit(f"a reload was refused: {status['config']}")
        for cut in self.cuts:
            if cut[2] is None and cut[3] is not None and cut[3] <= status["rev"]:
                cut[2] = time.monotonic()
        return status["accepted_rev"]

    def cut(self, name):
        self.cuts.append([name, time.monotonic(), None, None])

    def said(self):
        """What was begun is accepted, or refused."""
        rev = self.accepted()
        for cut in self.cuts:
            cut[3] = rev if cut[3] is None else cut[3]

    def cut_meanwhile(self, backend, begin, end):
        """May a transfer have been ended? One at no backend yet, by a cut of any."""
        return any(backend in (None, name) and begin <= (until or end) + 3 and since <= end for name, since, until, _ in self.cuts)

    def file(self):
        """Some of the backends, each with a weight and a state; one of the gentle ones always takes connections."""
        rows, sure = [], self.rng.choice(GENTLE)
        for name, address in ADDRESS.items():
            admin = self.rng.choice(["ready"] * 9 + ["drain"] * 3 + ["maint"] * (name in TOUGH))
            if name != sure and self.rng.random() < 0.3:
                continue
            if admin == "maint":
                self.cut(name)
            rows.append(f'{{ name = "{name}"; address = "{address}"; weight = {self.rng.randint(1, 300)}; '
                        f'admin = "{"ready" if name == sure else admin}"; }}')
        return re.sub(r"(?<=backends = \(\n).*?(?=\n  \); \})", lambda _: ",\n    ".join(rows), self.template,
                      count=1, flags=re.S)

    def reload(self):
        text, before = self.file(), self.accepted()
        with open(self.conf + ".new", "w") as f:
            f.write(text)
        os.rename(self.conf + ".new", self.conf)
        os.kill(self.pid, signal.SIGHUP)
        end = time.monotonic() + PATIENCE
        while self.accepted() == before:
            if time.monotonic() > end:
                sys.exit("a reload is not taken")
            time.sleep(0.005)
        return True

    def command(self, kind):
        name = self.rng.choice(TOUGH if kind in ("maint", "del") else list(ADDRESS))
        args = {"pool": "web4", "backend": name}
        if kind == "weight":
            args["weight"] = self.rng.randint(0, 300)
        if kind == "add":
            args.update(address=ADDRESS[name], weight=self.rng.randint(1, 300))
        if kind == "del":
            others = [r for r in self.ask("backend.list", pool="web4")["items"]
                      if r["backend"] != name and r["admin"] == "ready" and r["weight"]]
            args["force"] = bool(others)  # it overrules the guard of the last one, too
        if kind in ("maint", "del"):
            self.cut(name)
        reply = self.ask("backend." + kind, **args)
        if not reply["ok"] and reply["err"]["code"] not in ("EBUSY", "ENOENT") and "exists already" not in reply["err"]["msg"]:
            sys.exit(f"{kind} {args}: {reply}")
        return reply["ok"]

    def step(self):
        if not self.deck:
            self.deck = [kind for kind, n in KINDS.items() for _ in range(n)]
            self.rng.shuffle(self.deck)
        kind = self.deck.pop()
        done = self.reload() if kind == "reload" else self.command(kind)
        self.said()
        self.made[kind] = self.made.get(kind, 0) + done


def lacks(made, log):
    """What there was too little of, or None."""
    if min(made.get(k, 0) for k in KINDS) < 2:
        return "too few changes of a kind"
    # The others may have every one of theirs ended by a change.
    whole = [row[0] for row in log if not row[3]]
    if {row[0] for row in log} >= set(ADDRESS) and min(map(whole.count, GENTLE)) >= 5:
        return None
    return "too few transfers at a backend"


def main():
    address, sums_file, path, conf, pid, seconds, seed = sys.argv[1:]
    print("seed", seed, flush=True)
    with open(sums_file) as f:
        sums = dict(line.split() for line in f)
    changer = Changer(path, conf, int(pid), int(seed))
    begin, ended = time.monotonic(), threading.Event()
    fetchers = [Fetcher(address, sums, ended) for _ in range(FETCHERS)]
    for f in fetchers:
        f.start()
    while (spent := time.monotonic() - begin) < float(seconds) or (
            spent < MOST and lacks(changer.made, [row for f in fetchers for row in f.log])):
        changer.step()
        time.sleep(0.05)
    ended.set()
    for f in fetchers:
        f.join()
    log = [row for f in fetchers for row in f.log]
    whole = [row for row in log if not row[3]]
    wrong = [row for row in log if row[3] and not changer.cut_meanwhile(*row[:3])]
    by = {name: sum(row[0] == name for row in whole) for name in ADDRESS}
    print(f"{sum(changer.made.values())} changes {changer.made}, {len(log)} transfers, {len(whole)} whole {by}")
    print("ended by a change:", [row[0] for row in log if row[3] and row not in wrong])
    for row in wrong:
        print(f"transfer at {row[0]}, {row[2] - row[1]:.1f} s: {row[3]}")
    if wrong:
        return 1
    return lacks(changer.made, log)


if __name__ == "__main__":
    sys.exit(main())
