# SPDX-License-Identifier: BSD-3-Clause
"""What changes cost the workers: sluiced under full load, left alone and changed all the time, in turn.

Changes come by the control socket, as many as sluiced takes of 1,000 weights a second, and by SIGHUP, 20 reloads a
second. Time is what the worker's thread had of its CPU.

A CPU that is busy slows the others down, whatever it does: they share the clock's limits, a cache, often a core.
That is the machine's, not the changes'. So the changes are held against a neutral neighbour: a loop that touches no
memory and takes as much of the same CPU as the changes took, those who ask for them included.
"""

import json
import multiprocessing
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
KINDS = ("weights", "reloads")
SETTLE_S = 60
NEIGHBOUR_STEP_S = 0.001


def other_threads_ns(pid):
    """ns of CPU time that all threads of sluiced but the worker had."""
    total = 0
    for comm in pathlib.Path(f"/proc/{pid}/task").glob("*/comm"):
        try:
            if "worker" not in comm.read_text():
                total += int((comm.parent / "schedstat").read_text().split()[0])
        except OSError:
            pass  # it has ended
    return total


def spin(cpu, share):
    """Keep a CPU busy for this share of each step, with nothing."""
    os.sched_setaffinity(0, {cpu})
    pair.die_with_parent()
    while True:
        begin = time.monotonic()
        while time.monotonic() - begin < share * NEIGHBOUR_STEP_S:
            pass
        time.sleep(max(0, begin + NEIGHBOUR_STEP_S - time.monotonic()))


class Neighbour:
    """A neutral one while the block runs."""

    def __init__(self, cpu, share):
        self.process = multiprocessing.Process(target=spin, args=(cpu, min(share, 1)))

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()


class Busy:
    """Share of a CPU that sluiced but for its worker, and this process, took while the block ran."""

    def __init__(self, pid):
        self.pid, self.share = pid, 0

    def now(self):
        return other_threads_ns(self.pid) / 1e9 + time.process_time()

    def __enter__(self):
        self.wall, self.cpu = time.monotonic(), self.now()
        return self

    def __exit__(self, *_):
        self.share = (self.now() - self.cpu) / (time.monotonic() - self.wall)


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


class Asker:
    """One request after the other by the control socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))
        self.file = self.sock.makefile("rw", encoding="utf-8")
        self.file.readline()  # the greeting
        self.sent = 0

    def ask(self, cmd, **args):
        """The whole answer."""
        self.sent += 1
        self.file.write(json.dumps({"v": 1, "id": self.sent, "cmd": cmd, "args": args}) + "\n")
        self.file.flush()
        answer = json.loads(self.file.readline())
        if not answer.get("ok"):
            raise pair.Broken(f"sluiced refused {cmd}: {answer}")
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


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
    ns, packets, _ = program.counted(lambda: int(schedstat.read_text().split()[0]), seconds)
    return ns / packets


def storm(program, weights, kind):
    """The block in which changes of this kind come."""
    if kind == "weights":
        return Every(WEIGHTS_PER_S, weights.change)
    return Every(RELOADS_PER_S, lambda _: program.process.send_signal(signal.SIGHUP))


def one_round(o, program, weights, kind, row):
    """Alone, with changes, and with a neighbour that takes as much of the CPU as they did."""
    clock, seconds = worker_schedstat(program.process.pid), 0.2 if o.quick else 0.5
    row["alone"].append(slice_ns(program, clock, seconds))
    before = weights.accepted
    with Busy(program.process.pid) as busy:
        with storm(program, weights, kind) as changes:
            row["changed"].append(slice_ns(program, clock, seconds))
    row["done"] += weights.accepted - before if kind == "weights" else changes.done
    weights.settle()
    with Neighbour(o.main_cpu, busy.share):
        time.sleep(seconds / 5)
        row["neighbour"].append(slice_ns(program, clock, seconds))
    row["cpu"].append(busy.share)


def measure(o, program, weights):
    rows = {kind: {"alone": [], "changed": [], "neighbour": [], "cpu": [], "done": 0} for kind in KINDS}
    for _ in range(o.rounds):
        for kind, row in rows.items():
            one_round(o, program, weights, kind, row)
    return rows


def rate(row, against):
    """Rate under changes as a share of another one, round by round."""
    return stats.sample([a / b for a, b in zip(row[against], row["changed"])])


def compare(rows):
    return [{
        "name": kind,
        "per_round": row["done"] / len(row["changed"]),
        "cpu": stats.sample(row["cpu"]),
        "quiet_ns": stats.sample(row["alone"]),
        "neighbour_ns": stats.sample(row["neighbour"]),
        "ns": stats.sample(row["changed"]),
        "rate": rate(row, "alone"),
        "rate_neighbour": rate(row, "neighbour"),
    } for kind, row in rows.items()]


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
            # Who asks for the changes stays away from the worker, too.
            allowed = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {o.main_cpu})
            weights = Weights(f"{runtime_dir(prefix)}.sock")
            result = compare(measure(o, program, weights))
            os.sched_setaffinity(0, allowed)
            pair.no_drops(program)
            weights.close()
        finally:
            program.end()
    pcap.unlink()
    return result
