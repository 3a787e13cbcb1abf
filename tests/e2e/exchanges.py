#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Replay the exchanges of a document against a running daemon.

    exchanges.py SOCKET DOCUMENT

An exchange is a block fenced by ```exchange, in which "> " begins a line to the daemon and "< " one
of its lines. Each block is a connection of its own. "< ..." stands for any number of lines, "..." at
the end of an object for more keys. What is different every time (VARIES) is compared by its type.
Every command of the daemon must occur, in an exchange and in a table (| `command` ...).
"""
import json
import re
import socket
import sys

VARIES = {"uptime_s", "path", "version", "lcore", "heartbeat_age_us", "time"}


class Mismatch(Exception):
    pass


def parse(text):
    text = re.sub(r",?\s*\.\.\.\s*}", lambda m: ',"...":0}' if m[0][0] == "," else '"...":0}', text)
    return json.loads(text)


def compare(want, got, where):
    def differ(what):
        raise Mismatch(f"{where or 'line'}: {what}")

    if isinstance(want, dict) and isinstance(got, dict):
        missing = want.keys() - got.keys() - {"..."}
        if missing:
            differ(f"no {sorted(missing)} in {got}")
        more = got.keys() - want.keys()
        if more and "..." not in want:
            differ(f"also has {sorted(more)}")
        for key in want.keys() & got.keys():
            compare(want[key], got[key], f"{where}.{key}")
    elif isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            differ(f"{len(got)} elements, not {len(want)}: {got}")
        for i, (w, g) in enumerate(zip(want, got)):
            compare(w, g, f"{where}[{i}]")
    elif where.rsplit(".", 1)[-1] in VARIES:
        if isinstance(want, str) != isinstance(got, str):
            differ(f"{got!r}, not of the type of {want!r}")
    elif want != got or isinstance(want, bool) != isinstance(got, bool):
        differ(f"{got!r}, not {want!r}")


def blocks(document):
    """(number of the first line, lines) of every exchange."""
    inside, first, lines = False, 0, []
    for number, line in enumerate(open(document, encoding="utf-8"), 1):
        if inside and line.startswith("```"):
            inside = False
            yield first, lines
        elif inside:
            lines.append(line.rstrip("\n"))
        elif line.rstrip() == "```exchange":
            inside, first, lines = True, number + 1, []


class Connection:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(path)
        self.file = self.sock.makefile("rb")

    def send(self, text):
        self.sock.sendall(text.encode() + b"\n")

    def line(self):
        text = self.file.readline()
        if not text:
            raise Mismatch("the daemon closed the connection")
        return json.loads(text)


def expect(connection, text, skipping):
    """The next line is this; or, after "< ...", a later one."""
    want = parse(text)
    while True:
        got = connection.line()
        try:
            compare(want, got, "")
            return
        except Mismatch:
            if not skipping or "ok" in got:
                raise


def replay(path, first, lines, commands):
    connection = Connection(path)
    if not lines[0].startswith('< {"hello"'):
        connection.line()
    skipping = False
    for number, line in enumerate(lines, first):
        try:
            if line.startswith("> "):
                connection.send(line[2:])
                commands.update(re.findall(r'"cmd":"([^"]+)"', line))
            elif line == "< ...":
                skipping = True
            elif line.startswith("< "):
                expect(connection, line[2:], skipping)
                skipping = False
            else:
                raise Mismatch(f"not a line of an exchange: {line}")
        except (Mismatch, ValueError, OSError) as e:
            sys.exit(f"line {number}: {line}\n  {e}")


def known(path):
    connection = Connection(path)
    connection.line()
    connection.send('{"v":1,"id":1,"cmd":"schema"}')
    names = []
    while "item" in (line := connection.line()):
        names.append(line["item"]["command"])
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        sys.exit(f"more than one row for {sorted(twice)}")
    return set(names)


def main(path, document):
    shown = set()
    n = 0
    for first, lines in blocks(document):
        replay(path, first, lines, shown)
        n += 1
    names = known(path)
    text = open(document, encoding="utf-8").read()
    tables = "\n".join(re.findall(r"^\| `.*$", text, re.M))
    listed = {name for name in names if f"`{name}`" in tables}
    if names - shown:
        sys.exit(f"no exchange shows {sorted(names - shown)}")
    if names - listed:
        sys.exit(f"no table has {sorted(names - listed)}")
    print(f"{n} exchanges, {len(names)} commands")


main(sys.argv[1], sys.argv[2])
