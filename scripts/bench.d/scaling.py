# SPDX-License-Identifier: BSD-3-Clause
"""One worker and two: how much more two forward, sluiced and testpmd.

Each worker has a receive queue of its own (a file of packets for each queue of net_pcap), and what it sends goes back
to that device, which counts and drops it. (Not to net_null: its queues count by atomic additions to one cache line, 40
bytes a queue, so that two senders wait for each other whatever program they belong to.) The factor is 2 * c1 / c2, c
being CPU time a packet with one and with two workers: 2.00 when the second worker costs the first one nothing. That
bare forwarding scales is the condition for saying anything about sluiced.
"""

import os
import pathlib
import shutil
import subprocess

import pair
import stats
from hugepages import Hugepages

# Packets that the caches of one core hold, and as many as go to memory, which the cores share.
CASES = [("1k", 1 << 20), ("100k", 1 << 20)]
QUICK_FLOWS = "1k"


def core(cpu):
    """What CPUs of one core have in common. A virtual machine may not be told."""
    path = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        return path.read_text().strip()
    except OSError:
        return str(cpu)


def workers(o):
    """Two CPUs beside the main one, of different cores and not of its core where there are such, or None."""
    others = [c for c in reversed(sorted(os.sched_getaffinity(0))) if c != o.main_cpu]
    pairs = [(a, b) for i, a in enumerate(others) for b in others[i + 1:]]
    return min(pairs, key=lambda p: (core(p[0]) == core(p[1]), core(o.main_cpu) in map(core, p)), default=None)


def place(o, cpus):
    """Where they run, for a person."""
    shared = [c for c in cpus if core(c) == core(o.main_cpu)]
    return (f"{cpus[0]}, {cpus[1]}: " + ("one core" if core(cpus[0]) == core(cpus[1]) else "two cores") +
            (", one of them the main CPU's" if shared else ""))


def factor(one, two):
    return stats.sample([2 * a / b for a, b in zip(one, two)])


def interleaved(o, programs):
    """CPU time a packet of each program, round by round."""
    times = [[] for _ in programs]
    for _ in range(o.rounds):
        for p, out in zip(programs, times):
            out.append(p.slice(0.1 if o.quick else 0.25)[0])
    return times


def measure(build, o, huge, pcap, n, case, cpus, out):
    prefix = f"sluice-scale-{os.getpid()}"
    flows, table = case
    described = ("scaling", ["--flows", flows], table, "ipip")
    starts = [
        lambda: pair.start_testpmd(o, huge, pcap, n, prefix + "-t1", out, cpus[:1], True),
        lambda: pair.start_testpmd(o, huge, pcap, 2 * n, prefix + "-t2", out, cpus, True),
        lambda: pair.start_sluiced(build, o, huge, described, pcap, n, prefix + "-s1", out, cpus[:1], True),
        lambda: pair.start_sluiced(build, o, huge, described, pcap, 2 * n, prefix + "-s2", out, cpus, True),
    ]
    started = []
    try:
        for start in starts:
            started.append(start())
            started[-1].wait_ready()
            started[-1].stop()
        bare1, bare2, full1, full2 = interleaved(o, started)
        for p in started[2:]:
            p.go_on()
            pair.no_drops(p)
        return {"flows": flows, "cpus": place(o, cpus), "bare": factor(bare1, bare2), "sluiced": factor(full1, full2)}
    finally:
        for p in started:
            p.end()


def run(build, bench, o):
    cpus = workers(o)
    if shutil.which("dpdk-testpmd") is None:
        print("SKIP: scaling: dpdk-testpmd is not there (Debian: dpdk)")
        return []
    if cpus is None:
        print("SKIP: scaling: three CPUs are needed, one for the control thread and two for workers")
        return []
    out = pathlib.Path(o.out)
    done = []
    for case in CASES:
        n = pair.count(case[0])
        if o.quick and case[0] != QUICK_FLOWS:
            continue
        pcap = out / "packets.pcap"
        subprocess.run([str(bench), "--flows", case[0], "--write", str(pcap)], check=True)
        with Hugepages(6 * pair.need_mb(n)) as huge:
            done.append(measure(build, o, huge, pcap, n, case, cpus, out))
        pcap.unlink()
    return done
