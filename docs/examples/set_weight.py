#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""set_weight.py POOL BACKEND WEIGHT [SOCKET]: a client of sluiced's control socket."""
import json
import socket
import sys


class Sluice:
    def __init__(self, path="/run/sluice/control.sock"):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.lines = self.sock.makefile("r", encoding="utf-8")
        self.last_id = 0
        greeting = json.loads(self.lines.readline())
        if "hello" not in greeting:  # no place left for one more client
            sys.exit(greeting["err"]["msg"])

    def ask(self, cmd, args, **options):
        """(last line, items); a no ends the program, but for a change of somebody else's."""
        self.last_id += 1
        request = {"v": 1, "id": self.last_id, "cmd": cmd, "args": args, **options}
        self.sock.sendall(json.dumps(request).encode() + b"\n")
        items = []
        while "item" in (line := json.loads(self.lines.readline())):
            items.append(line["item"])
        if not line["ok"] and line["err"]["code"] not in ("EAGAIN", "ESTALE"):
            sys.exit("{code}: {msg}".format(**line["err"]))
        return line, items


pool, backend, weight = sys.argv[1], sys.argv[2], int(sys.argv[3])
sluice = Sluice(*sys.argv[4:])
while True:  # until nobody else changes the configuration between our look and our change
    end, members = sluice.ask("backend.list", {"pool": pool})
    if not end["ok"]:
        continue
    now = next((m["weight"] for m in members if m["backend"] == backend), "?")
    end, _ = sluice.ask("backend.weight", {"pool": pool, "backend": backend, "weight": weight}, if_rev=end["rev"])
    if end["ok"]:
        break
sluice.ask("applied", {"rev": end["rev"]})
print(f"{pool}/{backend}: {now} -> {weight}, in force with revision {end['rev']}")
