# SPDX-License-Identifier: BSD-3-Clause
"""What else is promised of sluiced: how soon it forwards, what its control thread takes while nothing changes, how soon
a new weight is in force, and how long a table takes to build."""

import os
import pathlib
import re
import subprocess
import time

import control
import pair
import stats
from hugepages import Hugepages
from telemetry import Telemetry, runtime_dir

FLOWS = "1k"
TABLE = 1 << 20
CASE = ("start", ["--flows", FLOWS], TABLE, "ipip")
PROBED_CASE = ("probes", *CASE[1:])
STARTS, QUICK_STARTS = 7, 2
WEIGHTS, QUICK_WEIGHTS = 9, 3
WEIGHTS_APART_S = 0.5  # longer than changes are gathered
IDLE_S, QUICK_IDLE_S = 4, 1
STEP_S = 0.001


def first_packet_ms(program, begin):
    """From the start of the process to the first packet that left, seen by telemetry."""
    telemetry = None
    while time.monotonic() - begin < pair.START_S and program.process.poll() is None:
        try:
            telemetry = telemetry or Telemetry(program.prefix)
            if telemetry.ask("/ethdev/stats,1")["opackets"] > 0:
                telemetry.close()
                return (time.monotonic() - begin) * 1000
        except (OSError, KeyError, TypeError):
            pass
        time.sleep(STEP_S)
    raise pair.Broken(f"sluiced does not forward, see {program.log}")


def control_thread_pct(program, seconds):
    """Share of a CPU that the control thread takes: health checks, statistics, nothing else."""
    path = pathlib.Path(f"/proc/{program.process.pid}/task/{program.process.pid}/schedstat")

    def ns():
        return int(path.read_text().split()[0])

    before, begin = ns(), time.monotonic()
    time.sleep(seconds)
    return (ns() - before) / (time.monotonic() - begin) / 1e7


def weight_ms(path, count):
    """From the request for a weight to the answer that the workers use it."""
    taken = []
    with control.Asker(path) as asker:
        for i in range(count):
            time.sleep(WEIGHTS_APART_S)
            begin = time.monotonic()
            rev = asker.ask("backend.weight", pool="pool", backend="b0", weight=10 + i)["rev"]
            asker.ask("applied", rev=rev)
            taken.append((time.monotonic() - begin) * 1000)
    return taken


def maglev_ms(build):
    """Builds of a table of 65,537 entries for 1,000 backends."""
    lines = subprocess.run([str(build / "tests/bench/bench_maglev")], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    rows = [re.match(r"(.*\S) +65537 +(\d+) ", line) for line in lines]
    return {row.group(1): int(row.group(2)) / 1000 for row in rows if row}


def started(build, o, huge, case, pcap, n, prefix, out):
    begin = time.monotonic()
    program = pair.start_sluiced(build, o, huge, case, pcap, n, prefix, out)
    try:
        return program, first_packet_ms(program, begin)
    except BaseException:
        program.end()
        raise


def at_rest(o, program):
    """What the control thread takes of one that forwards and nothing else, and of one that probes."""
    time.sleep(1 if o.quick else pair.SETTLE_S)
    return control_thread_pct(program, QUICK_IDLE_S if o.quick else IDLE_S)


def run(build, bench, o):
    if o.cpu == o.main_cpu:
        print("SKIP: further: this machine has one CPU; two are needed")
        return {}
    out, n = pathlib.Path(o.out), pair.count(FLOWS)
    pcap, prefix = out / "packets.pcap", f"sluice-further-{os.getpid()}"
    subprocess.run([str(bench), "--flows", FLOWS, "--write", str(pcap)], check=True)
    starts = []
    with Hugepages(pair.need_mb(n)) as huge:
        for i in range(QUICK_STARTS if o.quick else STARTS):
            program, ms = started(build, o, huge, CASE, pcap, n, f"{prefix}-{i}", out)
            starts.append(ms)
            try:
                if i == 0:
                    idle = at_rest(o, program)
                    weights = weight_ms(f"{runtime_dir(program.prefix)}.sock",
                                        QUICK_WEIGHTS if o.quick else WEIGHTS)
            finally:
                program.end()
        program, _ = started(build, o, huge, PROBED_CASE, pcap, n, f"{prefix}-p", out)
        try:
            probing = at_rest(o, program)
        finally:
            program.end()
    pcap.unlink()
    return {"start_ms": stats.sample(starts), "idle_pct": idle, "probing_pct": probing,
            "weight_ms": stats.sample(weights), "maglev_ms": maglev_ms(build)}
