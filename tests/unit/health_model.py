#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Random lives of checks, members and pools through lib/health, against a second opinion.

The models here are written from the rules in docs/operations.md and the headers, in another style than the C
code: a check is judged from its whole history, a pool from sets. health_driver.c is the other side.
Usage: health_model.py DRIVER [SEED]
"""

import random
import subprocess
import sys
from fractions import Fraction

STATES = ("INIT", "UP", "DOWN")
INF = float("inf")


class CheckModel:
    """The state follows from the list of verdicts alone."""

    def __init__(self, inter, fast, down, rise, fall, now):
        self.inter, self.fast, self.down, self.rise, self.fall = inter, fast, down, rise, fall
        self.born, self.state, self.run, self.neutral_from = now, "INIT", [], None

    def take(self, outcome, now):
        before = self.state
        if outcome == "neutral":
            self.neutral_from = now if self.neutral_from is None else self.neutral_from
            return False
        self.neutral_from = None
        self.run.append(outcome)
        if before == "INIT":
            self.state = "UP" if outcome == "ok" else "DOWN"
        else:
            bad, needed, other = ("fail", self.fall, "DOWN") if before == "UP" else ("ok", self.rise, "UP")
            if len(self.run) >= needed and all(r == bad for r in self.run[-needed:]):
                self.state = other
        if self.state != before:
            self.run = []
        return self.state != before

    def expire(self, now):
        if self.state == "INIT" and now - self.born >= 10000:
            self.state = "DOWN"
            return True
        return False

    def answer(self, changed, now):
        against = {"UP": "fail", "DOWN": "ok", "INIT": None}[self.state]
        streak = 0
        for r in reversed(self.run):
            if r != against:
                break
            streak += 1
        stale = self.neutral_from is not None and now - self.neutral_from >= 30000
        interval = self.fast if streak else self.down if self.state == "DOWN" else self.inter
        return f"{int(changed)} {self.state} {streak} {int(stale)} {interval}"


class MemberModel:
    STATE, RAMP, SUPPRESSED, DEGRADED, STALE = 1, 2, 4, 8, 16

    def __init__(self, require, slow, steps, latency, suppress, reuse, half, most, now):
        self.require, self.slow, self.steps, self.limit = require, slow, steps, latency
        self.suppress, self.reuse, self.half, self.most = suppress, reuse, half, most
        self.state, self.falls, self.held, self.ramp = "INIT", [], None, None
        self.latency, self.degraded, self.stale = None, False, False
        self.folds, self.folded, self.tried, self.failed = [], now, 0, 0

    def errors(self):
        """The sum over all folds, each with its own weight: no running value."""
        return sum(100 * part * 0.9**i for i, part in enumerate(reversed(self.folds)))

    def penalty(self, now):
        """The sum over all falls, each with its own decay: no running value."""
        return sum(1000 * 2 ** (-(now - t) / self.half) for t in self.falls)

    def judge(self, n, up, down, stale, ramp, now):
        changed = 0
        needed = min(self.require or n, n)
        could = n - down
        state = "UP" if up >= needed else "DOWN" if could < needed else self.state
        if state != self.state:
            changed |= self.STATE
            if (self.state, state) == ("UP", "DOWN") and self.suppress:
                self.falls.append(now)
                if self.held is None and self.penalty(now) >= self.suppress:
                    self.held = now
                    changed |= self.SUPPRESSED
            self.ramp = now if state == "UP" and ramp and self.slow and self.steps > 1 else None
            self.state = state
        if (n > 0 and stale == n) != self.stale:
            self.stale = not self.stale
            changed |= self.STALE
        return changed

    def tick(self, now):
        changed = 0
        if self.tried or self.failed:
            if now - self.folded >= 100:
                self.folds.append(1 if self.failed >= self.tried else self.failed / self.tried)
                self.folded, self.tried, self.failed = now, 0, 0
        elif now - self.folded >= 30000:
            self.folds = []
        if self.ramp is not None and now >= self.ramp + self.slow:
            self.ramp = None
            changed |= self.RAMP
        if self.held is not None and (now >= self.held + self.most or self.penalty(now) < self.reuse):
            self.held = None
            changed |= self.SUPPRESSED
        return changed

    def measure(self, outcome, us):
        if outcome == "neutral":
            return 0
        self.tried += 1
        self.failed += outcome == "fail"
        if outcome == "ok":
            self.latency = us if self.latency is None else self.latency * 0.9 + us * 0.1
        slow = bool(self.limit) and self.latency is not None and self.latency > self.limit
        changed = self.DEGRADED if slow != self.degraded else 0
        self.degraded = slow
        return changed

    def weight(self, now):
        if self.ramp is None:
            return 1000
        # the first step at once, the last one at the end of the slow start, the others evenly between
        done = sum(1 for k in range(self.steps) if now - self.ramp >= Fraction(self.slow * k, self.steps - 1))
        return -(-1000 * done // self.steps)

    def answer(self, changed, now):
        flags = f"{int(self.held is not None)}{int(self.degraded)}{int(self.stale)}"
        return f"{changed} {self.state} {flags} {self.weight(now)} {self.errors() + 1e-7:.3f}"


class PoolModel:
    TABLE, WAIT, EMPTY, REJECT, DROP = range(5)

    def __init__(self, panic, below, mode, all_down):
        self.panic_pct, self.below, self.mode, self.all_down = panic, below, mode, all_down
        self.opened_blind, self.panicking, self.good_since = False, False, None

    def calm_down(self):
        self.panicking, self.good_since = False, None

    def decide(self, members, backup, now):
        ready = [m for m in members if m["ready"]]
        init = [m for m in ready if m["state"] == "INIT"]
        total = sum(m["weight"] for m in ready)
        if not ready:
            self.opened_blind = False
            self.calm_down()
            return "empty", self.EMPTY, 0, 0, 0, [0] * len(members)
        if len(init) == len(ready):
            self.opened_blind = True
            self.calm_down()
            return "wait", self.WAIT, 0, 0, total, [0] * len(members)
        self.opened_blind = self.opened_blind and bool(init)
        pools = [
            [m for m in ready if m["state"] == "UP" and not m["suppressed"] and not m["ejected"]],
            [m for m in ready if m["state"] == "UP" and not m["ejected"]],
            [m for m in ready if m["state"] == "UP"],
        ]
        if self.opened_blind:
            pools = [p + init for p in pools]
        ratio = lambda p: Fraction(100 * sum(m["weight"] for m in p), total)
        good = lambda p: bool(p) and ratio(p) >= self.panic_pct
        chosen = next((p for p in pools if good(p)), pools[-1])
        level = next((i for i, p in enumerate(pools) if good(p)), 2)
        ok = sum(m["weight"] for m in chosen)
        own = lambda key, p: [m[key] if any(m is x for x in p) else 0 for m in members]
        if backup and ok < self.below:
            self.calm_down()
            if self.mode:
                return "replace", self.TABLE, 1, ok, total, [0] * len(members)
            return "spill", self.TABLE, 1, ok, total, own("effective", chosen)
        if not chosen:
            self.calm_down()
            if self.all_down:
                reason, action = [("reject", self.REJECT), ("drop", self.DROP)][self.all_down - 1]
                return reason, action, 0, 0, total, [0] * len(members)
            self.panicking = True
            return "failopen", self.TABLE, 0, 0, total, own("weight", ready)
        if self.panic_pct == 0:
            self.panicking = False
        elif ratio(chosen) < self.panic_pct:
            self.panicking, self.good_since = True, None
        elif self.panicking:
            if ratio(chosen) < min(100, self.panic_pct + 10):
                self.good_since = None
            else:
                self.good_since = now if self.good_since is None else self.good_since
                if now - self.good_since >= 5000:
                    self.calm_down()
        if self.panicking:
            return "panic", self.TABLE, 0, ok, total, own("weight", ready)
        self.good_since = None
        reason = "reserve" if level else "starting" if self.opened_blind else "normal"
        return reason, self.TABLE, 0, ok, total, own("effective", chosen)


class OutlierModel:
    def __init__(self, pct, least, interval, eject, most, share, n):
        self.pct, self.least, self.interval, self.eject, self.most, self.share = pct, least, interval, eject, most, share
        self.began = None
        self.seen = [[0, 0] for _ in range(n)]
        self.out = [None] * n  # (from, until) of who is out
        self.record = [[] for _ in range(n)]  # lengths of the ejections that count
        self.last = [0] * n  # length of the last ejection
        self.good = [0] * n  # since when who is in has behaved

    def allowed(self, ready):
        return sum(ready) * self.share // 100

    def back(self, i, now):
        self.out[i], self.good[i] = None, now

    def run(self, ready, up, flows, failures, now):
        n = len(ready)
        before = list(self.out)
        for i in range(n):
            self.seen[i][0] += flows[i]
            self.seen[i][1] += failures[i]
            if self.out[i]:
                if now >= self.out[i][1] or not (ready[i] and up[i]) or self.pct == 0:
                    self.back(i, now)
        while len([o for o in self.out if o]) > self.allowed(ready):
            self.back(min((o[0], i) for i, o in enumerate(self.out) if o)[1], now)
        twice = set()
        if self.pct and self.began is None:
            self.began, self.seen = now, [[0, 0] for _ in range(n)]
        if self.pct and now - self.began >= self.interval:
            self.began = now
            bad = []
            for i in range(n):
                began, failed = self.seen[i]
                if ready[i] and up[i] and not self.out[i] and began and began >= self.least:
                    if Fraction(100 * failed, began) >= self.pct:
                        bad.append((-Fraction(failed, began), i))
            for _, i in sorted(bad)[: self.allowed(ready) - len([o for o in self.out if o])]:
                length = min(self.eject * 2 ** len(self.record[i]), self.most)
                self.record[i].append(length)
                self.last[i] = length
                self.out[i] = (now, now + length)
                twice.add(i)
            for i in range(n):
                if not self.out[i] and self.record[i] and now - self.good[i] >= self.last[i]:
                    self.record[i].pop()
                    self.good[i] = now
            self.seen = [[0, 0] for _ in range(n)]
        changed = [i in twice or bool(before[i]) != bool(self.out[i]) for i in range(n)]
        # nobody else than those who may be out is, and not too many
        assert all(not o or ready[i] and up[i] for i, o in enumerate(self.out))
        assert len([o for o in self.out if o]) <= self.allowed(ready)
        return "".join(f"{int(changed[i])}{int(bool(self.out[i]))}{len(self.record[i])} " for i in range(n))


def standing(reason, members):
    """What the words of docs/operations.md say of the pool."""
    if reason in ("wait", "empty", "reject", "drop"):
        return "down"
    if reason in ("panic", "failopen"):
        return "panic"
    well = [m["state"] == "UP" and not m["suppressed"] + m["ejected"] for m in members if m["ready"]]
    return "ok" if all(well) else "degraded"


class Driver:
    def __init__(self, path):
        self.p = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.sent, self.wanted, self.asked = [], [], 0

    def ask(self, line, wanted):
        self.sent.append(line)
        self.wanted.append(wanted)

    def settle(self):
        """Send all, compare all."""
        out, _ = self.p.communicate("\n".join(self.sent) + "\n")
        got = out.splitlines()
        if len(got) != len(self.wanted):
            sys.exit(f"{len(self.wanted)} questions, {len(got)} answers")
        for i, (g, w) in enumerate(zip(got, self.wanted)):
            if g != w:
                trail = "\n".join(f"  {s}  ->  {x}" for s, x in zip(self.sent[max(0, i - 12) : i], got[max(0, i - 12) : i]))
                sys.exit(f"question {i}:\n{trail}\n  {self.sent[i]}\n    lib/health: {g}\n    model:      {w}")
        return len(got)


def live_check(rng, driver):
    now = rng.randrange(10**6)
    args = [rng.randrange(1000, 3000), rng.randrange(1, 900), rng.randrange(1000, 5000), rng.randint(1, 4), rng.randint(1, 4)]
    model = CheckModel(*args, now)
    driver.ask("I " + " ".join(map(str, args + [now])), "ok")
    bias = rng.choice([0.1, 0.5, 0.9])
    for _ in range(60):
        now += rng.choice([1, 500, 2000, 9999, 10000, 29999, 30000])
        if rng.random() < 0.2:
            driver.ask(f"X {now}", model.answer(model.expire(now), now))
            continue
        outcome = "neutral" if rng.random() < 0.2 else "ok" if rng.random() < bias else "fail"
        driver.ask(f"R {outcome} {rng.randrange(10**6)} {now}", model.answer(model.take(outcome, now), now))


def live_member(rng, driver):
    now = rng.randrange(10**6)
    n = rng.randint(0, 4)
    args = [rng.randint(0, 3), rng.choice([0, 1000, 30000]), rng.randint(1, 6), rng.choice([0, 5000])]
    args += [rng.choice([0, 2500, 1500]), 1250, rng.choice([60000, 7000]), rng.choice([300000, 20000])]
    model = MemberModel(*args, now)
    driver.ask("M " + " ".join(map(str, args + [now])), "ok")
    for _ in range(60):
        now += rng.choice([1, 200, 777, 3000, 7500, 25000])
        what = rng.random()
        if what < 0.1:
            flows = rng.choice([0, 0, 1, 7, 1000])
            failures = rng.choice([0, 1, 5, 5000])
            model.tried += flows
            model.failed += failures
            driver.ask(f"C {flows} {failures} {now}", model.answer(0, now))
        elif what < 0.3:
            driver.ask(f"T {now}", model.answer(model.tick(now), now))
        elif what < 0.5:
            outcome = rng.choice(["ok", "ok", "fail", "neutral"])
            us = rng.choice([100, 4999, 5001, 100000])
            driver.ask(f"L {outcome} {us} {now}", model.answer(model.measure(outcome, us), now))
        else:
            up = rng.randint(0, n)
            down = rng.randint(0, n - up)
            stale = rng.choice([0, n])
            ramp = rng.randint(0, 1)
            changed = model.judge(n, up, down, stale, ramp, now)
            driver.ask(f"J {n} {up} {down} {stale} {ramp} {now}", model.answer(changed, now))


def live_pool(rng, driver):
    now = rng.randrange(10**6)
    args = [rng.choice([0, 30, 50, 95, 100]), rng.choice([1, 1, 150, 10**6]), rng.randint(0, 1), rng.randint(0, 2)]
    model = PoolModel(*args)
    driver.ask("D " + " ".join(map(str, args)), "ok")
    members = []
    for _ in range(rng.randint(0, 10)):
        weight = rng.choice([1, 50, 100, 100, 1000])
        members.append(dict(ready=1, weight=weight, effective=weight, state="INIT", suppressed=0, ejected=0))
    for _ in range(60):
        now += rng.choice([0, 1, 1000, 2500, 4999, 5000])
        for m in members:
            if rng.random() < 0.3:
                m["state"] = rng.choice(["UP", "UP", "DOWN", m["state"]])
            if rng.random() < 0.02:
                m["state"] = "INIT"
            if rng.random() < 0.1:
                m["suppressed"] ^= 1
            if rng.random() < 0.05:
                m["ejected"] ^= 1
            if rng.random() < 0.05:
                m["ready"] ^= 1
            m["effective"] = -(-m["weight"] * rng.randint(1, 5) // 5)
        backup = int(rng.random() < 0.3)
        line = f"d {now} {backup} {len(members)}"
        for m in members:
            line += f" {m['ready']} {m['weight']} {m['effective']} {STATES.index(m['state'])} {m['suppressed']} {m['ejected']}"
        reason, action, borrow, ok, total, shares = model.decide(members, backup, now)
        driver.ask(line, " ".join(map(str, [reason, standing(reason, members), action, borrow, ok, total] + shares)))


def live_outliers(rng, driver):
    n = rng.randint(0, 8)
    now = rng.randrange(10**6)
    eject = rng.choice([1000, 30000])
    args = [rng.choice([0, 1, 50, 100, 100]), rng.choice([1, 100]), rng.choice([1000, 10000]), eject]
    args += [eject * rng.choice([1, 3, 10]), rng.choice([0, 10, 50, 100])]
    model = OutlierModel(*args, n)
    driver.ask("O " + " ".join(map(str, args)), "ok")
    bad = [rng.random() < 0.4 for _ in range(n)]
    ready, up = [1] * n, [1] * n
    for _ in range(60):
        now += rng.choice([100, 100, 1000, 1000, 10000, 31000])
        line, flows, failures = f"o {now} {n}", [], []
        for i in range(n):
            bad[i] ^= rng.random() < 0.05
            ready[i] ^= rng.random() < 0.05
            up[i] ^= rng.random() < 0.1
            flows.append(rng.choice([0, 1, 99, 100, 500]))
            failures.append(rng.choice([flows[i] // 2, flows[i], flows[i] + 3]) if bad[i] else rng.choice([0, 0, 1]))
            line += f" {ready[i]} {up[i]} {flows[i]} {failures[i]}"
        driver.ask(line, model.run(ready, up, flows, failures, now))


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    driver = Driver(sys.argv[1])
    for _ in range(1000):
        live_check(rng, driver)
        live_member(rng, driver)
        live_pool(rng, driver)
        live_outliers(rng, driver)
    print(driver.settle(), "answers agree")


if __name__ == "__main__":
    main()
