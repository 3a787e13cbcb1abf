# SPDX-License-Identifier: BSD-3-Clause
"""What changes cost the workers: sluiced under full load, left alone and changed all the time, in turn.

Changes come by the control socket, as many as sluiced takes of 1,000 weights a second, and by SIGHUP, 20 reloads a
second. Each makes new
tables and a new generation, on other CPUs than the worker's. Time is what the worker's thread had of its CPU.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pair
import stats
from hugepages import Hugepages
from telemetry import runtime_dir

FLOWS = "100k"
TABLE = 1 << 20
WEIGHTS_PER_S = 1000
RELOADS_PER_S = 20
SETTLE_S = 60


def worker_schedstat(pid):
    """Where the kernel says how many ns of CPU time the only worker had (proc(5), schedstat)."""
    for comm in pathlib.Path(f"/proc/{pid}/task").glob("*/comm"):
        if "worker" in comm.read_text():
            return comm.parent / "schedstat"
    raise pair.Broken("sluiced has no thread of a worker")


class Every:
    """A thread that acts so many times a second while the block runs."""

    def __init__(self, per_s, act):
        self.period, self.act, self.ending, self.done = 1 / per_s, act, threading.Event(), 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        due = time.monotonic()
        while not self.ending.is_set():
            self.act(self.done)
            self.done += 1
            due += self.period
            time.sleep(max(0, due - time.monotonic()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


class Weights:
    """Weight changes by the control socket, without waiting for one answer before the next request."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))
        self.answers = self.sock.makefile("r", encoding="utf-8")
        self.answers.readline()  # the greeting
        self.sent = self.accepted = 0
        self.refused = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        try:
            for line in self.answers:
                answer = json.loads(line)
                if answer.get("ok"):
                    self.accepted += 1
                else:
                    self.refused.append(answer)
        except OSError:
            pass  # closed at the end, with requests under way

    def change(self, i):
        self.sent += 1
        request = {"v": 1, "id": self.sent, "cmd": "backend.weight",
                   "args": {"pool": "pool", "backend": f"b{i % 100}", "weight": 50 + i % 100}}
        self.sock.sendall((json.dumps(request) + "\n").encode())

    def settle(self):
        """Until every request is answered, so that nothing is left for the quiet part of the next round."""
        end = time.monotonic() + SETTLE_S
        while self.accepted + len(self.refused) < self.sent:
            if time.monotonic() > end:
                raise pair.Broken(f"sluiced has not answered {self.sent} changes in {SETTLE_S} s")
            time.sleep(0.01)

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.sock.close()
        if self.refused:
            raise pair.Broken(f"sluiced refused a weight: {self.refused[0]}")


def slice_ns(program, schedstat, seconds):
    """ns of the worker's CPU time a packet."""
    def now():
        return int(schedstat.read_text().split()[0]), program.packets()

    cpu, packets = now()
    time.sleep(seconds)
    cpu2, packets2 = now()
    if packets2 <= packets:
        raise pair.Broken("sluiced has stopped forwarding")
    return (cpu2 - cpu) / (packets2 - packets)


def rounds(o, program, weights):
    clock = worker_schedstat(program.process.pid)
    seconds = 0.2 if o.quick else 0.5
    times = {"quiet": [], "weights": [], "reloads": []}
    done = {"weights": 0, "reloads": 0}
    for _ in range(o.rounds):
        times["quiet"].append(slice_ns(program, clock, seconds))
        before = weights.accepted
        with Every(WEIGHTS_PER_S, weights.change):
            times["weights"].append(slice_ns(program, clock, seconds))
        done["weights"] += weights.accepted - before
        weights.settle()
        with Every(RELOADS_PER_S, lambda _: program.process.send_signal(signal.SIGHUP)) as storm:
            times["reloads"].append(slice_ns(program, clock, seconds))
        done["reloads"] += storm.done
    return times, done


def compare(times, done):
    """Rate under changes as a share of the rate without, round by round."""
    return [{
        "name": name,
        "per_round": done[name] / len(times[name]),
        "quiet_ns": stats.sample(list(times["quiet"])),
        "ns": stats.sample(list(times[name])),
        "rate": stats.sample([a / b for a, b in zip(times["quiet"], times[name])]),
    } for name in ("weights", "reloads")]


def run(build, bench, o):
    if o.cpu == o.main_cpu:
        print("SKIP: control: this machine has one CPU; two are needed")
        return []
    out, n = pathlib.Path(o.out), pair.count(FLOWS)
    pcap = out / "packets.pcap"
    prefix = f"sluice-control-{os.getpid()}"
    subprocess.run([str(bench), "--flows", FLOWS, "--write", str(pcap)], check=True)
    with Hugepages(pair.need_mb(n)) as huge:
        program = pair.start_sluiced(build, o, huge, ("control", ["--flows", FLOWS], TABLE, "ipip"), pcap, n, prefix,
                                     out)
        try:
            program.wait_ready()
            weights = Weights(f"{runtime_dir(prefix)}.sock")
            result = compare(*rounds(o, program, weights))
            pair.no_drops(program)
            weights.close()
        finally:
            program.end()
    pcap.unlink()
    return result
