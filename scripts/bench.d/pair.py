# SPDX-License-Identifier: BSD-3-Clause
"""sluiced against testpmd, as whole programs on the same two devices and the same CPU.

Packets come from a file (net_pcap, infinite_rx=1) and go to net_null (no-rx=1). Both programs run from the
beginning to the end of a case, but only one at a time: the other one is stopped by a signal. Packets are those
that net_null took, by /ethdev/stats; time is what the program had of its CPU, so what others take away from it
does not count.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import time

import conf
import stats
from hugepages import Hugepages
from telemetry import Telemetry, runtime_dir

MBUF_BYTES = 2816
SPARE_MBUFS = 16384
START_S = 60
PERCENT_TAKEN = 10
SETTLE_S = 3  # what a start with probes leaves to do
SLICE_MOST_S = 5

CASES = [
    # name, options of sluice-bench for the packets, entries of the flow table, forward
    ("untracked", ["--flows", "1k"], 0, "ipip"),
    ("untracked", ["--flows", "1k"], 0, "l2"),
    ("untracked", ["--flows", "1M"], 0, "ipip"),
    ("tracked", ["--flows", "1"], 1 << 20, "ipip"),
    ("tracked", ["--flows", "1k"], 1 << 20, "ipip"),
    ("tracked", ["--flows", "1k"], 1 << 20, "l2"),
    ("tracked", ["--flows", "100k"], 1 << 20, "ipip"),
    ("tracked", ["--flows", "100k"], 1 << 20, "l2"),
    ("tracked", ["--flows", "1M"], 1 << 21, "ipip"),
    ("tracked", ["--flows", "1M"], 1 << 21, "l2"),
    ("zipf", ["--flows", "1M", "--skew", "zipf", "--packets", "1M"], 1 << 21, "ipip"),
    ("UDP", ["--flows", "100k", "--traffic", "udp"], 1 << 20, "ipip"),
    ("IPv6", ["--flows", "100k", "--family", "v6"], 1 << 20, "ipip"),
    ("TCP, UDP, v4, v6", ["--flows", "100k", "--traffic", "mix", "--family", "mix", "--hit", "4096"], 1 << 20, "ipip"),
    ("probes", ["--flows", "1k"], 1 << 20, "ipip"),
    ("1400 bytes", ["--flows", "100k", "--size", "1400"], 1 << 20, "ipip"),
    ("SYN, all new", ["--flows", "1M", "--traffic", "syn"], 1 << 16, "ipip"),
]
QUICK = {("probes", "1k", "ipip"), ("tracked", "1k", "ipip"), ("tracked", "1k", "l2"), ("tracked", "100k", "ipip")}


# Runs a program in a network namespace of its own, where the kernel answers the probes of all backends.
PROBED = ["unshare", "--net", "sh", "-c",
          f"ip link set lo up && ip link add {conf.PROBED_PORT} type veth peer name probed1 &&"
          f" ip link set {conf.PROBED_PORT} up && ip link set probed1 up &&"
          f" ip address add {conf.PROBED_FROM}/16 dev {conf.PROBED_PORT} &&"
          f' ip route add local {conf.PROBED_NET} dev lo && exec "$0" "$@"']


class Broken(Exception):
    """A run that says nothing."""


def option(packets, name, usual):
    return packets[packets.index(name) + 1] if name in packets else usual


def count(text):
    return int(text.replace("k", "000").replace("M", "000000"))


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """One of the two, stopped but while it is measured."""

    def __init__(self, name, argv, prefix, log, port):
        self.name, self.prefix, self.log, self.port = name, prefix, log, port
        with open(log, "wb") as f:
            # A testpmd whose input ends goes home.
            self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=f, stderr=subprocess.STDOUT,
                                            preexec_fn=die_with_parent)
        self.telemetry, self.dropped = None, {}
        self.clock = (~self.process.pid << 3) | 2  # CPU time of the process: clock_getcpuclockid(3)

    def packets(self):
        return self.telemetry.ask(f"/ethdev/stats,{self.port}")["opackets"]

    def drops(self):
        """{reason: packets}; testpmd has none."""
        return (self.telemetry.ask("/sluice/drops") or {}) if self.name == "sluiced" else {}

    def wait_ready(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                self.telemetry = self.telemetry or Telemetry(self.prefix)
                if self.packets() > 0:
                    self.dropped = self.drops()
                    return
            except (OSError, KeyError, TypeError):
                pass
            time.sleep(0.02)
        with open(self.log, encoding="utf-8", errors="replace") as f:
            raise Broken(f"{self.name} does not forward:\n{f.read()[-2000:]}")

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def slice(self, seconds):
        """(ns of CPU time a packet, share of the CPU it had)"""
        self.go_on()
        time.sleep(seconds / 5)
        ns, packets, wall = self.counted(lambda: time.clock_gettime(self.clock) * 1e9, seconds)
        self.stop()
        return ns / packets, ns / 1e9 / wall

    def counted(self, cpu_ns, seconds):
        """(ns of CPU time by this clock, packets, seconds that it took)"""
        begin, cpu, packets = time.monotonic(), cpu_ns(), self.packets()
        while time.monotonic() - begin < SLICE_MOST_S:  # others may have the CPU for a while
            time.sleep(seconds)
            cpu2, packets2 = cpu_ns(), self.packets()
            if packets2 > packets:
                return cpu2 - cpu, packets2 - packets, time.monotonic() - begin
        raise Broken(f"{self.name} has stopped forwarding, see {self.log}")

    def end(self):
        if self.telemetry:
            self.telemetry.close()
        if self.process.poll() is None:
            self.go_on()
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(runtime_dir(self.prefix), ignore_errors=True)
        runtime_dir(f"{self.prefix}.sock").unlink(missing_ok=True)


def devices(pcap, queues=1, back=False):
    """What packets come from, and go to. back: the device that they come from, which counts and drops them."""
    files = ",".join([f"rx_pcap={pcap}"] * queues)
    return [f"net_pcap0,{files},infinite_rx=1", None if back else "net_null0,no-rx=1"]


def need_mb(n):
    """For one of the two programs."""
    return (n + SPARE_MBUFS) * MBUF_BYTES // 2**20 + 256


def start_testpmd(o, huge, pcap, n, prefix, out, cpus=None, back=False):
    cpus = cpus or [o.cpu]
    queues = len(cpus)
    lcores = ",".join(f"{i}@{c}" for i, c in enumerate([o.main_cpu, *cpus]))
    argv = ["dpdk-testpmd", "--lcores", lcores, "--main-lcore", "0", "--no-pci",
            "--file-prefix", prefix, *(["--in-memory"] if huge else ["--no-huge", "-m", str(need_mb(n))])]
    for d in filter(None, devices(pcap, queues, back)):
        argv += ["--vdev", d]
    argv += ["--", "--forward-mode=macswap", f"--nb-cores={queues}", f"--rxq={queues}", f"--txq={queues}",
             "--burst=32", f"--total-num-mbufs={n + SPARE_MBUFS}", "--auto-start",
             *(["--port-topology=loop"] if back else [])]
    return Program("testpmd", argv, prefix, out / f"testpmd{queues}.log", 0 if back else 1)


def start_sluiced(build, o, huge, case, pcap, n, prefix, out, cpus=None, back=False):
    name, packets, table, forward = case
    probes = name == "probes"
    cpus = cpus or [o.cpu]
    path = out / f"sluiced{len(cpus)}.conf"
    path.write_text(conf.text(
        socket=f"{runtime_dir(prefix)}.sock", state=out / "state", prefix=prefix, main_cpu=o.main_cpu,
        cpus=cpus, table=table, huge=huge, devices=devices(pcap, len(cpus), back), mbufs=n + SPARE_MBUFS,
        forward=forward, traffic=option(packets, "--traffic", "ack"), family=option(packets, "--family", "v4"),
        probes=probes))
    argv = [*(PROBED if probes else []), str(build / "app/sluiced/sluiced"), "-c", str(path)]
    return Program("sluiced", argv, prefix, out / f"sluiced{len(cpus)}.log", 0 if back else 1)


def no_drops(program):
    """Since it began to forward."""
    drops = {k: v for k, v in program.drops().items() if v > program.dropped.get(k, 0)}
    if drops:
        raise Broken(f"sluiced dropped packets: {drops}")


def rounds(o, bare, full):
    times, shares = {bare: [], full: []}, []
    for _ in range(o.rounds):
        for p in (bare, full):
            ns, share = p.slice(0.1 if o.quick else 0.25)
            times[p].append(ns)
            shares.append(share)
    full.go_on()
    no_drops(full)
    return {
        "bare_ns": stats.sample(times[bare]),
        "full_ns": stats.sample(times[full]),
        "x_ns": stats.sample([b - a for a, b in zip(times[bare], times[full])]),
        "cpu_share": min(shares),
    }


def room_for(n):
    with open("/proc/meminfo", encoding="ascii") as f:
        available = int(next(line for line in f if line.startswith("MemAvailable")).split()[1])
    return available > 2 * need_mb(n) * 1024 + 2**20


def measure(build, o, huge, case, pcap, n, out):
    prefix = f"sluice-bench-{os.getpid()}"
    started = []
    try:
        for start in (lambda: start_testpmd(o, huge, pcap, n, prefix + "-t", out),
                      lambda: start_sluiced(build, o, huge, case, pcap, n, prefix + "-s", out)):
            started.append(start())
            started[-1].wait_ready()
            if case[0] == "probes" and not o.quick:
                time.sleep(SETTLE_S)
            started[-1].stop()
        return rounds(o, *started)
    finally:
        for p in started:
            p.end()


def run(build, bench, o):
    if shutil.which("dpdk-testpmd") is None:
        print("SKIP: programs: dpdk-testpmd is not there (Debian: dpdk)")
        return []
    if o.cpu == o.main_cpu:
        print("SKIP: programs: this machine has one CPU; two are needed")
        return []
    out = pathlib.Path(o.out)
    done = []
    for case in CASES:
        name, packets, table, forward = case
        flows = option(packets, "--flows", "")
        n = count(option(packets, "--packets", flows))
        if o.quick and (name, flows, forward) not in QUICK:
            continue
        if not room_for(n):
            print(f"SKIP: programs: {name}, {flows} flows: not enough memory for the packet file twice")
            continue
        pcap = out / "packets.pcap"
        subprocess.run([str(bench), *packets, "--write", str(pcap)], check=True)
        with Hugepages(2 * need_mb(n)) as huge:
            if not huge:
                print(f"note: {name}, {flows}, {forward}: no hugepages to be had, both programs run without")
            row = {"name": name, "flows": flows, "table": table, "forward": forward, "huge": huge}
            row.update(measure(build, o, huge, case, pcap, n, out))
        pcap.unlink()
        taken = 100 - row["cpu_share"] * 100
        if taken > PERCENT_TAKEN:
            print(f"note: {name}, {flows}, {forward}: others took up to {taken:.0f} % of the CPU")
        done.append(row)
    return done
