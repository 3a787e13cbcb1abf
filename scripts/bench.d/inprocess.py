# SPDX-License-Identifier: BSD-3-Clause
"""The packet path alone, by sluice-bench: goals, stages, and how the cost grows."""

import json
import os
import pathlib
import subprocess

from hugepages import Hugepages

# What grows: name, options beyond the usual ones.
GROWTH = [
    ("flows", ["--flows", "1,1k,10k,100k,1M,10M", "--forward", "ipip,l2"]),
    ("flows, zipf", ["--flows", "1k,100k,1M,10M", "--skew", "zipf"]),
    ("VIPs with traffic", ["--flows", "100k", "--hit", "1,16,256,4096"]),
    ("VIPs configured", ["--flows", "100k", "--vips", "1,64,4096"]),
    ("backends", ["--flows", "100k", "--backends", "1,100,1000,16383"]),
    ("packet size", ["--flows", "100k", "--size", "64,512,1400"]),
    ("new flows, %", ["--flows", "100k", "--new", "0,1,10,50,100", "--traffic", "syn", "--table", "4194304"]),
    ("family and protocol", ["--flows", "100k", "--family", "v4,v6", "--traffic", "ack,udp"]),
    ("all mixed", ["--flows", "1k,100k,1M", "--family", "mix", "--traffic", "mix", "--hit", "4096"]),
    ("IPv6 outside", ["--flows", "100k", "--forward", "ipip6", "--family", "v4,v6"]),
    ("cold packets", ["--flows", "100k", "--ahead", "512"]),
]

# Packet buffers, also with a long lead of the generator.
BUFFERS_MB = 256


class Broken(Exception):
    """A run that says nothing."""


def run_json(program, o, *options):
    """The JSON of one run."""
    path = pathlib.Path(o.out) / "sluice-bench.json"
    argv = [str(program), "--json", str(path), *options]
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Broken(f"{' '.join(argv)}: {done.stderr.strip()}")
    result = json.loads(path.read_text())
    path.unlink()
    return result


def bench(program, o, *options):
    return run_json(program, o, "--cpu", str(o.cpu), "--rounds", str(o.rounds), *options)


def run(program, o):
    with Hugepages(BUFFERS_MB):
        return run_all(program, o)


def neighbour(program, o):
    """What a worker pays for another one. Nothing where there is one CPU."""
    if len(os.sched_getaffinity(0)) < 2:
        print("SKIP: neighbour: this machine has one CPU; two are needed")
        return {}
    return bench(program, o, "--neighbour")


def run_all(program, o):
    goals = bench(program, o, "--stages", *(["--quick"] if o.quick else []))
    result = {"machine": goals["machine"], "goals": goals["cases"]}
    result["latency"] = bench(program, o, "--latency", "--flows", "1k" if o.quick else "1k,1M")["cases"]
    result["memory"] = run_json(program, o, "--memory")
    result["neighbour"] = neighbour(program, o)
    if not o.quick:
        result["growth"] = [{"name": name, "cases": bench(program, o, *options)["cases"]} for name, options in GROWTH]
    return result
