#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ask a daemon for every change there is, as if it had another revision than it has.

    stale_revision.py SOCKET REVISION

REVISION is the newest one. Each request names an earlier or a later one and must be refused with ESTALE and
the revision to ask with; tried without doing it, too, where that can be. Prints how many commands were asked.
"""
import json
import socket
import sys

VALUES = {"string": "x", "integer": 1, "boolean": True, "array": [], "any": 1}


def ask(lines, request):
    lines.write((json.dumps(request) + "\n").encode())
    lines.flush()
    return json.loads(lines.readline())


def rows(lines):
    lines.write(b'{"v":1,"id":1,"cmd":"schema"}\n')
    lines.flush()
    while "item" in (line := json.loads(lines.readline())):
        yield line["item"]


def must_be_refused(lines, request, newest):
    reply = ask(lines, request)
    err = reply.get("err", {})
    want = f'the configuration is at revision {newest}, not {request["if_rev"]}'
    if err.get("code") != "ESTALE" or err.get("msg") != want or str(newest) not in err.get("hint", ""):
        sys.exit(f"{request}\n  {reply}")


def main(path, newest):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(30)
    sock.connect(path)
    lines = sock.makefile("rwb")
    lines.readline()
    changes = [row for row in rows(lines) if row["kind"] in ("change", "action")]
    for row in changes:
        args = {a["name"]: VALUES[a["type"]] for a in row["args"] if a["required"]}
        request = {"v": 1, "id": 2, "cmd": row["command"], "args": args}
        for other in (0, newest - 1, newest + 1, 2**63 - 1):
            must_be_refused(lines, request | {"if_rev": other}, newest)
        if row["dry_run"]:
            must_be_refused(lines, request | {"if_rev": newest - 1, "dry_run": True}, newest)
    print(len(changes))


main(sys.argv[1], int(sys.argv[2]))
