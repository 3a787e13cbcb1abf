# SPDX-License-Identifier: BSD-3-Clause
"""For control_loop.sh.

control_loop.py conf SOCKET DIR DRIVER MAIN WORKER PREFIX    prints the configuration
control_loop.py run SOCKET CONF PID [OPERATION...]           runs operations, prints the table
"""
import json
import os
import random
import re
import signal
import socket
import sys
import time

POOLS, PER_POOL, VIPS = 1000, 10, 4096
# Operations of one kind go on for so long, and are left out of the time that is looked at before.
SECONDS, QUIET_S = 3, 2.2


def backend(pool, i):
    n = pool * PER_POOL + i
    return f"10.{128 + (n >> 16)}.{n >> 8 & 255}.{n & 255}"


def conf(path, state, driver, main, worker, prefix):
    print(f"""daemon = {{ control = {{ socket = "{path}"; }}; state_dir = "{state}/state"; }};
eal = {{ main_lcore = {main}; workers = [ {worker} ]; huge = false; file_prefix = "{prefix}"; }};
ports = ( {{ name = "wan"; driver = "{driver}"; interface = "wan"; }} );
pools = (""")
    for p in range(POOLS):
        backends = ", ".join(f'{{ name = "b{i}"; address = "{backend(p, i)}"; }}' for i in range(PER_POOL))
        print(f'  {{ name = "p{p}"; table_size = 1009; slow_start_s = 0; backends = ( {backends} ); }}'
              + ("," if p < POOLS - 1 else ""))
    print(");\nvips = (")
    for v in range(VIPS):
        print(f'  {{ name = "v{v}"; address = "203.0.{113 + (v >> 8)}.{v & 255}"; port = 80; pool = "p{v % POOLS}"; }}'
              + ("," if v < VIPS - 1 else ""))
    print(");")


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.file = self.sock.makefile("rw", encoding="utf-8")
        self.file.readline()

    def send(self, cmd, args=None, **more):
        request = {"v": 1, "id": 1, "cmd": cmd, **more}
        if args:
            request["args"] = args
        self.file.write(json.dumps(request) + "\n")
        self.file.flush()
        while True:
            reply = json.loads(self.file.readline())
            if "item" in reply:
                continue
            if not reply["ok"]:
                sys.exit(f"{request}: {reply}")
            return reply

    def ask(self, cmd, args=None, **more):
        return self.send(cmd, args, **more).get("data")

    def loop(self):
        return self.ask("status")["loop"]

    def settle(self):
        while True:
            s = self.ask("status")
            if s["rev"] == s["accepted_rev"]:
                return
            time.sleep(0.02)


class Bench:
    def __init__(self, path, file, pid):
        self.c, self.file, self.pid = Client(path), file, pid
        self.rng = random.Random(6)
        self.text = open(file, encoding="utf-8").read()
        self.n = 0

    def pool(self):
        return f"p{self.rng.randrange(POOLS)}"

    def backend(self):
        return {"pool": self.pool(), "backend": f"b{self.rng.randrange(PER_POOL)}"}

    def write(self, text):
        with open(self.file + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.file + ".new", self.file)

    def nothing(self):
        time.sleep(0.2)

    def weight(self):
        self.c.ask("backend.weight", {**self.backend(), "weight": self.rng.randint(1, 1000)})

    def weights_1000(self):
        due = time.monotonic() + 0.001
        self.weight()
        time.sleep(max(0, due - time.monotonic()))

    def dry_run(self):
        self.c.ask("backend.weight", {**self.backend(), "weight": self.rng.randint(1, 1000)}, dry_run=True)

    def pool_key(self):
        self.c.ask("pool.set", {"pool": self.pool(), "drain_timeout_s": self.rng.randint(1, 9999)})

    def backend_add(self):
        self.n += 1
        at = {"pool": self.pool(), "backend": f"x{self.n}"}
        self.c.ask("backend.add", {**at, "address": f"10.135.{self.n >> 8}.{self.n & 255}"})
        self.c.ask("backend.del", at)

    def vip_add(self):
        self.n += 1
        self.c.ask("vip.del", {"vip": f"v{self.n % VIPS}", "force": True})
        self.c.settle()
        self.c.ask("vip.add", {"vip": f"v{self.n % VIPS}", "address": f"203.0.200.{self.n % 250}", "port": 1 + self.n,
                               "pool": self.pool()})
        self.c.settle()

    def batch(self):
        ops = [{"cmd": "backend.weight", "args": {**self.backend(), "weight": self.rng.randint(1, 1000)}}
               for _ in range(500)]
        self.c.ask("batch", {"ops": ops})
        time.sleep(0.05)

    def replace(self):
        p = self.rng.randrange(POOLS)
        self.c.ask("pool.replace", {"pool": f"p{p}", "backends": [
            {"name": f"b{i}", "address": backend(p, i), "weight": self.rng.randint(1, 1000)} for i in range(PER_POOL)]})

    def undo(self):
        self.weight()
        self.c.ask("config.undo")

    def check(self):
        self.c.ask("config.check")

    def diff(self):
        self.c.ask("config.diff")

    def show(self):
        self.c.send("config.show")

    def save(self):
        self.c.ask("config.save")

    def apply(self):
        # every weight and a hundred VIPs are others
        self.n += 1
        text = re.sub(r'(name = "b\d+"; address = "[\d.]+";)', rf"\1 weight = {1 + self.n % 999};", self.text)
        for v in range(100):
            text = text.replace(f'"203.0.113.{v}"; port = 80', f'"203.0.113.{v}"; port = {81 + self.n % 999}')
        self.write(text)
        self.c.ask("config.apply")
        self.c.settle()

    def apply_same(self):
        self.c.ask("config.apply")

    def sighup(self):
        os.kill(self.pid, signal.SIGHUP)
        time.sleep(0.05)

    def backend_list(self):
        self.c.send("backend.list")

    def pool_list(self):
        self.c.send("pool.list")

    def vip_list(self):
        self.c.send("vip.list")

    def status(self):
        self.c.ask("status")

    def lookup(self):
        self.c.ask("lookup", {"client": "192.0.2.1:40000", "service": f"203.0.{113 + self.rng.randrange(8)}.7:80/tcp"})


OPERATIONS = [
    ("nothing", Bench.nothing), ("status", Bench.status), ("lookup", Bench.lookup), ("vip list", Bench.vip_list),
    ("pool list", Bench.pool_list), ("backend list", Bench.backend_list),
    ("backend weight", Bench.weight), ("backend weight, 1,000 a second", Bench.weights_1000),
    ("backend weight, dry run", Bench.dry_run), ("pool set", Bench.pool_key), ("backend add, del", Bench.backend_add),
    ("vip del, add", Bench.vip_add), ("batch of 500 weights", Bench.batch), ("pool replace", Bench.replace),
    ("weight and config undo", Bench.undo), ("config check", Bench.check), ("config diff", Bench.diff),
    ("config show", Bench.show), ("config save", Bench.save), ("config apply, the same", Bench.apply_same),
    ("config apply, all weights and 100 VIPs", Bench.apply), ("SIGHUP, 20 a second", Bench.sighup),
]


def p99(before, after):
    """Of the goes meanwhile: the bound that 99 % of them keep."""
    counts = [(b["up_to_ms"], b["count"] - a["count"]) for a, b in zip(before["goes"], after["goes"])]
    left = 0.99 * sum(n for _, n in counts)
    for bound, n in counts:
        left -= n
        if left <= 0:
            return f"<= {bound:g}" if bound else "> 100"
    return "?"


def measure(b, name, act):
    b.c.settle()
    time.sleep(QUIET_S)
    before, worst, n = b.c.loop(), 0, 0
    begin = time.monotonic()
    took = []
    look = begin
    while time.monotonic() - begin < SECONDS:
        t = time.monotonic()
        act(b)
        took.append(time.monotonic() - t)
        n += 1
        if time.monotonic() - look > 0.5:
            look = time.monotonic()
            worst = max(worst, b.c.loop()["hold_now_ms"])
    b.c.settle()
    time.sleep(0.3)
    after = b.c.loop()
    worst = max(worst, after["hold_now_ms"])
    took.sort()
    print(f"| {name} | {n} | {worst:.1f} | {p99(before, after)} | {1000 * took[len(took) // 2]:.1f} | "
          f"{1000 * took[int(len(took) * 0.99)]:.1f} |", flush=True)


def run(path, file, pid, names):
    b = Bench(path, file, int(pid))
    print("| operation | times | longest go, ms | p99 of goes, ms | answer, median ms | answer, p99 ms |\n"
          "|---|---|---|---|---|---|", flush=True)
    for name, act in OPERATIONS:
        if not names or any(name.startswith(n) for n in names):
            measure(b, name, act)


if sys.argv[1] == "conf":
    conf(*sys.argv[2:])
else:
    run(*sys.argv[2:5], sys.argv[5:])
