# SPDX-License-Identifier: BSD-3-Clause
"""One worker and two: how much more two forward, sluiced and testpmd.

Each worker has a receive queue of its own (a file of packets for each queue of net_pcap). The factor is
2 * c1 / c2, c being CPU time a packet with one and with two workers: 2.00 when the second worker costs the first one
nothing. That bare forwarding scales is the condition for saying anything about sluiced.
"""

import os
import pathlib
import shutil
import subprocess

import pair
import stats
from hugepages import Hugepages

CASES = [("10k", 1 << 20), ("100k", 1 << 20)]
QUICK_FLOWS = "10k"


def workers(o):
    """The main CPU and two more, or None."""
    others = [c for c in sorted(os.sched_getaffinity(0)) if c != o.main_cpu]
    return others[-2:] if len(others) >= 2 else None


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
        lambda: pair.start_testpmd(o, huge, pcap, n, prefix + "-t1", out, cpus[:1]),
        lambda: pair.start_testpmd(o, huge, pcap, 2 * n, prefix + "-t2", out, cpus),
        lambda: pair.start_sluiced(build, o, huge, described, pcap, n, prefix + "-s1", out, cpus[:1]),
        lambda: pair.start_sluiced(build, o, huge, described, pcap, 2 * n, prefix + "-s2", out, cpus),
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
        return {"flows": flows, "bare": factor(bare1, bare2), "sluiced": factor(full1, full2)}
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
