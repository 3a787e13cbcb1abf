# SPDX-License-Identifier: BSD-3-Clause
"""What changes cost the workers: sluiced under full load, left alone and changed all the time, in turn.

Changes come by the control socket, as many as sluiced takes of 1,000 weights a second, and by SIGHUP, 20 reloads a
second, of a file in which a weight has changed. Time is what the worker's thread had of its CPU.

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

# What the caches of one core hold, and what wants the cache that all cores share.
FLOWS = ("1k", "100k")
TABLE = 1 << 20
WEIGHTS_PER_S = 1000
RELOADS_PER_S = 20
SETTLE_S = 60
AT_REST = 0.05  # of a CPU
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
        self.pid, self.share, self.took_s = pid, 0, 0

    def now(self):
        return other_threads_ns(self.pid) / 1e9 + time.process_time()

    def __enter__(self):
        self.wall, self.cpu = time.monotonic(), self.now()
        return self

    def __exit__(self, *_):
        self.took_s = time.monotonic() - self.wall
        self.share = (self.now() - self.cpu) / self.took_s


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


def connect(path):
    """A connection to the control socket, and what is read from it, behind the greeting."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(path))
    answers = sock.makefile("r", encoding="utf-8")
    answers.readline()
    return sock, answers


def request(sock, number, cmd, **args):
    sock.sendall((json.dumps({"v": 1, "id": number, "cmd": cmd, "args": args}) + "\n").encode())


class Asker:
    """One request after the other by the control socket."""

    def __init__(self, path):
        self.sock, self.answers = connect(path)
        self.sent = 0

    def ask(self, cmd, **args):
        """The whole answer."""
        self.sent += 1
        request(self.sock, self.sent, cmd, **args)
        answer = json.loads(self.answers.readline())
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
        self.sock, self.answers = connect(path)
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
        request(self.sock, self.sent, "backend.weight", pool="pool", backend=f"b{i % 100}", weight=50 + i % 100)

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


class Reloads:
    """Reloads of two files in turn that differ in a weight, so that each leads to a new table and a new generation."""

    def __init__(self, program, path):
        self.program, self.path = program, path
        text = path.read_text()
        self.files = [path.with_suffix(f".{i}") for i in range(2)]
        self.files[0].write_text(text)
        self.files[1].write_text(text.replace('{ name = "b0"; ', '{ name = "b0"; weight = 50; '))

    def change(self, i):
        link = self.path.with_suffix(".next")
        link.symlink_to(self.files[i % 2].name)
        os.replace(link, self.path)
        self.program.process.send_signal(signal.SIGHUP)


def rest(program):
    """Until sluiced has done what it was asked for: its threads but for the worker do nearly nothing."""
    end, share = time.monotonic() + SETTLE_S, 1
    while share > AT_REST and time.monotonic() < end:
        before, begin = other_threads_ns(program.process.pid), time.monotonic()
        time.sleep(0.05)
        share = (other_threads_ns(program.process.pid) - before) / 1e9 / (time.monotonic() - begin)


class Case:
    """Changes of one kind, and what they are held against."""

    def __init__(self, o, program, kind, act, per_s):
        self.o, self.program, self.kind, self.act, self.per_s = o, program, kind, act, per_s
        self.clock, self.seconds = worker_schedstat(program.process.pid), 0.2 if o.quick else 0.3
        self.share, self.done, self.took_s = 0.3, 0, 0
        self.ns = {"alone": [], "changed": [], "neighbour": []}
        self.cpu = []

    def alone(self):
        return slice_ns(self.program, self.clock, self.seconds)

    def changed(self):
        with Busy(self.program.process.pid) as busy, Every(self.per_s, self.act) as changes:
            ns = slice_ns(self.program, self.clock, self.seconds)
        rest(self.program)
        self.share = busy.share
        self.cpu.append(busy.share)
        self.done += changes.done
        self.took_s += busy.took_s
        return ns

    def neighbour(self):
        with Neighbour(self.o.main_cpu, self.share):
            time.sleep(self.seconds / 5)
            return slice_ns(self.program, self.clock, self.seconds)

    def one_round(self, i):
        """In another order each time, so that what comes before what is the same for all."""
        parts = list(self.ns)
        for name in parts[i % 3:] + parts[:i % 3]:
            self.ns[name].append(getattr(self, name)())

    def rate(self, against):
        """Rate under changes as a share of another one, round by round."""
        return stats.sample([a / b for a, b in zip(self.ns[against], self.ns["changed"])])

    def row(self, flows):
        return {"name": self.kind, "flows": flows, "per_s": self.done / self.took_s,
                "cpu": stats.sample(self.cpu), "quiet_ns": stats.sample(self.ns["alone"]),
                "neighbour_ns": stats.sample(self.ns["neighbour"]), "ns": stats.sample(self.ns["changed"]),
                "rate": self.rate("alone"), "rate_neighbour": self.rate("neighbour")}


def revision(path):
    """The revision in force."""
    with Asker(path) as asker:
        return asker.ask("status")["data"]["rev"]


def measure(o, program, sock, path, flows):
    weights = Weights(sock)
    cases = [Case(o, program, "weights", weights.change, WEIGHTS_PER_S),
             Case(o, program, "reloads", Reloads(program, path).change, RELOADS_PER_S)]
    before = revision(sock)
    for i in range(o.rounds):
        for case in cases:
            case.one_round(i)
            weights.settle()
    weights.close()
    if revision(sock) == before:
        raise pair.Broken("no change came into force")
    return [case.row(flows) for case in cases]


def run_flows(build, bench, o, flows):
    out, n = pathlib.Path(o.out), pair.count(flows)
    pcap = out / "packets.pcap"
    prefix = f"sluice-control-{os.getpid()}"
    subprocess.run([str(bench), "--flows", flows, "--write", str(pcap)], check=True)
    with Hugepages(pair.need_mb(n)) as huge:
        program = pair.start_sluiced(build, o, huge, ("control", ["--flows", flows], TABLE, "ipip"), pcap, n, prefix,
                                     out)
        allowed = os.sched_getaffinity(0)
        try:
            program.wait_ready()
            # Who asks for the changes stays away from the worker, too.
            os.sched_setaffinity(0, {o.main_cpu})
            result = measure(o, program, f"{runtime_dir(prefix)}.sock", out / "sluiced1.conf", flows)
            pair.no_drops(program)
        finally:
            os.sched_setaffinity(0, allowed)
            program.end()
    pcap.unlink()
    for left in out.glob("sluiced1.*"):
        if left.suffix != ".log":
            left.unlink()
    return result


def run(build, bench, o):
    if o.cpu == o.main_cpu:
        print("SKIP: control: this machine has one CPU; two are needed")
        return []
    return [row for flows in (FLOWS[:1] if o.quick else FLOWS) for row in run_flows(build, bench, o, flows)]
