# SPDX-License-Identifier: BSD-3-Clause
"""For change_storm.sh.

change_storm.py sniff INTERFACE FILE      outer destinations of IPv4-in-IPv4 frames, one a line, each once
change_storm.py weights SOCKET SECONDS    weight changes at 1000 a second; prints how many were accepted
"""
import json
import random
import signal
import socket
import sys
import time


def sniff(interface, path):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    s.bind((interface, 0))
    s.settimeout(0.2)
    seen, going = {}, [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    print("sniffing", flush=True)
    while going:
        try:
            frame = s.recv(2048)
        except TimeoutError:
            continue
        if len(frame) > 34 and frame[12:14] == b"\x08\x00" and frame[23] == 4:
            destination = socket.inet_ntoa(frame[30:34])
            seen[destination] = seen.get(destination, 0) + 1
    with open(path, "w") as f:
        for destination in sorted(seen):
            print(destination, seen[destination], file=f)


def weights(path, seconds):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    f = s.makefile("rw")
    f.readline()
    rng = random.Random(26)
    begin, sent, done = time.monotonic(), 0, 0
    while time.monotonic() - begin < seconds:
        due = int((time.monotonic() - begin) * 1000) - sent
        for _ in range(min(due, 50)):
            args = {"pool": "web4", "backend": rng.choice(["be1", "be2"]), "weight": rng.randint(1, 1000)}
            f.write(json.dumps({"v": 1, "id": sent, "cmd": "backend.weight", "args": args}) + "\n")
            sent += 1
        f.flush()
        for _ in range(min(due, 50)):
            reply = json.loads(f.readline())
            if not reply["ok"]:
                sys.exit(f"refused: {reply}")
            done += 1
        time.sleep(0.001)
    print(done)


if sys.argv[1] == "sniff":
    sniff(sys.argv[2], sys.argv[3])
else:
    weights(sys.argv[2], float(sys.argv[3]))
