# SPDX-License-Identifier: BSD-3-Clause
"""For control_loop.sh.

control_loop.py conf SOCKET DIR DRIVER MAIN WORKER PREFIX CHECKS    prints the configuration; CHECKS: 0 or 1
control_loop.py commands|health SOCKET CONF PID [OPERATION...]      runs operations, prints the table

health takes LOOP_BACKENDS: the namespace where the addresses of the backends are.
"""
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time

# The largest configuration there is: one pool of 1,000, the other backends in equal parts.
POOLS, BACKENDS, VIPS, BIG = 500, 16383, 4096, 1000
# Backends with a check, and those of them that go down without a freeze: below FREEZE_PCT of all.
CHECKED, SOME = 10000, 6144
# Operations of one kind go on for so long, and are left out of the time that is looked at before.
SECONDS, QUIET_S = 3, 2.2


def sizes():
    """Backends by pool."""
    rest, n = BACKENDS - BIG, POOLS - 1
    return [BIG] + [rest // n + (p < rest % n) for p in range(n)]


SIZES = sizes()
FIRST = [sum(SIZES[:p]) for p in range(POOLS)]


def address(n):
    return f"10.{128 + (n >> 16)}.{n >> 8 & 255}.{n & 255}"


def backend(pool, i):
    return address(FIRST[pool] + i)


def vip(n):
    return f"203.0.{113 + (n >> 8)}.{n & 255}"


def conf(path, state, driver, main, worker, prefix, checks):
    print(f"""daemon = {{ control = {{ socket = "{path}"; }}; state_dir = "{state}/state"; }};
eal = {{ main_lcore = {main}; workers = [ {worker} ]; huge = false; file_prefix = "{prefix}"; }};
health = {{ max_inflight = 16384; }};
ports = ( {{ name = "wan"; driver = "{driver}"; interface = "wan"; }} );
checks = ( {{ name = "echo"; type = "icmp"; inter_ms = 2000; fastinter_ms = 1000; downinter_ms = 2000; timeout_ms = 900;
  fall = 2; rise = 2; }} );
pools = (""")
    for p in range(POOLS):
        backends = ", ".join(f'{{ name = "b{i}"; address = "{backend(p, i)}"; }}' for i in range(SIZES[p]))
        check = 'checks = [ "echo" ]; ' if int(checks) and FIRST[p] + SIZES[p] <= CHECKED else ""
        print(f'  {{ name = "p{p}"; table_size = {65537 if p == 0 else 1009}; slow_start_s = 0; {check}'
              f'backends = ( {backends} ); }}' + ("," if p < POOLS - 1 else ""))
    print(");\nvips = (")
    for v in range(VIPS):
        print(f'  {{ name = "v{v}"; address = "{vip(v)}"; port = 80; pool = "p{v % POOLS}"; }}'
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
        p = self.rng.randrange(POOLS)
        return {"pool": f"p{p}", "backend": f"b{self.rng.randrange(SIZES[p])}"}

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

    def backend_del(self):
        p = self.rng.randrange(1, POOLS)
        at = {"pool": f"p{p}", "backend": "b7"}
        self.c.ask("backend.del", {**at, "force": True})
        self.c.ask("backend.add", {**at, "address": backend(p, 7)})

    def vip_del(self):
        self.n += 1
        at = {"vip": f"v{self.n % VIPS}"}
        self.c.ask("vip.del", {**at, "force": True})
        self.c.settle()
        self.c.ask("vip.add", {**at, "address": f"203.1.200.{self.n % 250}", "port": 1 + self.n, "pool": self.pool()})
        self.c.settle()

    def batch(self):
        ops = [{"cmd": "backend.weight", "args": {**self.backend(), "weight": self.rng.randint(1, 1000)}}
               for _ in range(500)]
        self.c.ask("batch", {"ops": ops})
        time.sleep(0.05)

    def batch_dry(self):
        ops = [{"cmd": "backend.weight", "args": {**self.backend(), "weight": self.rng.randint(1, 1000)}}
               for _ in range(500)]
        self.c.ask("batch", {"ops": ops}, dry_run=True)

    def vips_500(self):
        """Off, and on again at other addresses."""
        self.n += 1
        names = [f"w{i}" if self.n > 1 else f"v{i}" for i in range(500)]
        self.c.ask("batch", {"ops": [{"cmd": "vip.del", "args": {"vip": v, "force": True}} for v in names]})
        self.c.settle()
        net = 2 + self.n % 200
        self.c.ask("batch", {"ops": [{"cmd": "vip.add", "args": {
            "vip": f"w{i}", "address": f"203.{net}.{i >> 8}.{i & 255}", "port": 80, "pool": "p1"}} for i in range(500)]})
        self.c.settle()

    def replace(self):
        p = self.rng.randrange(1, POOLS)
        self.replaced(p)

    def replaced(self, p):
        self.c.ask("pool.replace", {"pool": f"p{p}", "backends": [
            {"name": f"b{i}", "address": backend(p, i), "weight": self.rng.randint(1, 1000)}
            for i in range(SIZES[p])]})

    def replace_1000(self):
        self.replaced(0)
        self.c.settle()

    def undo(self):
        # a weight that no backend begins with: there is something to undo
        self.c.ask("backend.weight", {**self.backend(), "weight": self.rng.randint(101, 1000)})
        self.c.ask("config.undo")

    def check(self):
        self.c.ask("config.check")

    def diff(self):
        self.c.send("config.diff")

    def diff_many(self):
        while self.n < 8:
            self.n += 1
            self.batch()
        self.c.send("config.diff")

    def show(self):
        self.c.send("config.show")

    def save(self):
        self.c.ask("config.save")

    def apply(self):
        # every weight is another, and 500 VIPs have other addresses
        self.n += 1
        text = re.sub(r'(name = "b\d+"; address = "[\d.]+";)', rf"\1 weight = {1 + self.n % 999};", self.text)
        for v in range(500):
            text = text.replace(f'"{vip(v)}"; port', f'"204.{self.n % 200}.{v >> 8}.{v & 255}"; port')
        self.write(text)
        self.c.ask("config.apply")
        self.c.settle()

    def apply_keys(self):
        # every key of every pool's members and every VIP's port is another
        self.n += 1
        text = re.sub(r'(name = "b\d+"; address = "[\d.]+";)', rf"\1 weight = {1 + self.n % 999};", self.text)
        text = text.replace("slow_start_s = 0;", f"slow_start_s = 0; drain_timeout_s = {100 + self.n};")
        self.write(text.replace("port = 80;", f"port = {81 + self.n % 999};"))
        self.c.ask("config.apply")
        self.c.settle()

    def apply_half(self):
        # every second backend goes, or comes back
        self.n += 1
        half = re.sub(r'\{ name = "b\d*[13579]"; address = "[\d.]+"; \}(, )?', "", self.text)
        self.write(re.sub(r",\s*\);", " );", half) if self.n % 2 else self.text)
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


    # -- health --

    def answer(self, yes, prefixes):
        """The backends answer, or do not."""
        for prefix in prefixes:
            subprocess.run(["ip", "-n", os.environ["LOOP_BACKENDS"], "route", "del" if yes else "add", "table", "local",
                            "blackhole", prefix], check=True)

    def transitions(self):
        return self.c.ask("status")["health"]["transitions"]

    def turn(self, yes, prefixes, most):
        before, until = self.transitions(), time.monotonic() + 30
        self.answer(yes, prefixes)
        while time.monotonic() < until:
            n = self.transitions() - before
            if n >= most - 10:
                return
            time.sleep(0.05)
        sys.exit(f"{n} backends turned, not {most}")

    def some_down(self):
        self.turn(False, ["10.128.0.0/20", "10.128.16.0/21"], SOME)

    def some_up(self):
        self.turn(True, ["10.128.0.0/20", "10.128.16.0/21"], SOME)

    def all_down(self):
        self.turn(False, ["10.128.0.0/13"], checked())

    def all_up(self):
        self.turn(True, ["10.128.0.0/13"], checked())

    def thaw(self):
        self.c.ask("health.freeze", {"seconds": 0})


def checked():
    """Backends with a check."""
    return sum(SIZES[p] for p in range(POOLS) if FIRST[p] + SIZES[p] <= CHECKED)


COMMANDS = [
    ("nothing", Bench.nothing), ("status", Bench.status), ("lookup", Bench.lookup), ("vip list", Bench.vip_list),
    ("pool list", Bench.pool_list), ("backend list", Bench.backend_list),
    ("backend weight", Bench.weight), ("backend weight, 1,000 a second", Bench.weights_1000),
    ("backend weight, dry run", Bench.dry_run), ("pool set", Bench.pool_key), ("backend del, add", Bench.backend_del),
    ("vip del, add", Bench.vip_del), ("batch of 500 weights", Bench.batch),
    ("batch of 500 weights, dry run", Bench.batch_dry), ("batches of 500 VIPs, off and on", Bench.vips_500),
    ("pool replace", Bench.replace), ("pool replace, 1,000 members", Bench.replace_1000),
    ("weight and config undo", Bench.undo), ("config check", Bench.check), ("config diff", Bench.diff),
    ("config diff, 4,000 lines", Bench.diff_many), ("config show", Bench.show), ("config save", Bench.save),
    ("config apply, the same", Bench.apply_same),
    ("config apply, all weights and 500 VIPs", Bench.apply), ("config apply, all pools and VIPs", Bench.apply_keys),
    ("config apply, every second backend goes or comes", Bench.apply_half),
    ("SIGHUP, 20 a second", Bench.sighup),
]

# Once each, in this order.
HEALTH = [
    ("10,000 probes every 2 s", Bench.nothing), ("6,144 go down", Bench.some_down), ("6,144 come up", Bench.some_up),
    ("10,000 go down, which freezes", Bench.all_down), ("end of the freeze", Bench.thaw),
    ("10,000 come up", Bench.all_up),
    ("config apply, all pools and VIPs", Bench.apply_keys),
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


def measure(b, name, act, seconds):
    b.c.settle()
    b.n = 0
    time.sleep(QUIET_S)
    before, worst, late, n = b.c.loop(), 0, 0, 0
    begin = time.monotonic()
    took = []
    look = begin
    while not n or time.monotonic() - begin < seconds:
        t = time.monotonic()
        act(b)
        took.append(time.monotonic() - t)
        n += 1
        if time.monotonic() - look > 0.5:
            look = time.monotonic()
            now = b.c.loop()
            worst, late = max(worst, now["hold_now_ms"]), max(late, now["late_now_ms"])
    b.c.settle()
    time.sleep(0.3)
    after = b.c.loop()
    worst, late = max(worst, after["hold_now_ms"]), max(late, after["late_now_ms"])
    took.sort()
    print(f"| {name} | {n} | {worst:.1f} | {p99(before, after)} | {late:.1f} | {1000 * took[len(took) // 2]:.1f} | "
          f"{1000 * took[int(len(took) * 0.99)]:.1f} |", flush=True)


def run(operations, seconds, path, file, pid, names):
    b = Bench(path, file, int(pid))
    print("| operation | times | longest go, ms | p99 of goes, ms | latest timer, ms | answer, median ms | "
          "answer, p99 ms |\n|---|---|---|---|---|---|---|", flush=True)
    for name, act in operations:
        if not names or any(name.startswith(n) for n in names):
            measure(b, name, act, seconds)


if sys.argv[1] == "conf":
    conf(*sys.argv[2:])
elif sys.argv[1] == "health":
    run(HEALTH, 0, *sys.argv[2:5], sys.argv[5:])
else:
    run(COMMANDS, SECONDS, *sys.argv[2:5], sys.argv[5:])
