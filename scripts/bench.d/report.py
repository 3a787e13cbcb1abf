# SPDX-License-Identifier: BSD-3-Clause
"""The tables, in Markdown, which reads well on a terminal too."""

import re

from peers import PEERS

# Two workers do so many times the work of one, where the machine allows it.
SCALING_GOAL = 1.95

# What the cases of a growth table differ in, in this order.
AXES = ("flows", "table", "forward", "traffic", "family", "size", "vips", "hit", "backends", "skew", "new")


def table(head, rows):
    widths = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]

    def line(cells):
        return "| " + " | ".join(str(c).ljust(w) for c, w in zip(cells, widths)) + " |"

    return "\n".join([line(head), "|" + "|".join("-" * (w + 2) for w in widths) + "|", *map(line, rows)])


def pm(sample):
    return f"{sample['median']:.1f} ± {sample['spread']:.1f}"


def pm3(sample):
    return f"{sample['median']:.3f} ± {sample['spread']:.3f}"


def ratio(row):
    return f"{row['bare_ns']['median'] / row['full_ns']['median']:.2f}"


def what(case):
    if case["new"] != "0":
        return f"{case['traffic'].upper()} flood, every flow new, {case['table']} entries"
    if case["table"] == "off":
        return f"not tracked, {case['flows']} flows"
    return f"tracked, {case['flows']} flows, {case['table']} entries"


def machine(result):
    m = result.get("machine")
    if not m:
        return ""
    return table(["", ""], [
        ["machine", f"{m['cpu_model']}, {m['cpus']} CPUs, TSC {m['tsc_hz'] / 1e6:.0f} MHz, governor {m['governor']}"],
        ["software", f"Linux {m['kernel']}, {m['dpdk']}, {m['compiler']}, hash {m['hash']}, code {m['code']}"],
        ["packet buffers", "huge pages" if m["huge"] else "4 KiB pages"],
        ["commit", result["commit"]],
        ["command", f"`{result['command']}`, {result['date']}"],
        ["rounds", f"{result['rounds']} a case"],
        ["load of the machine", f"{result['load_before']:.1f} before, {result['load_after']:.1f} after"],
    ])


def goals(result):
    rows = [[what(c), c["forward"], pm(c["bare_ns"]), pm(c["full_ns"]), pm(c["x_ns"]), ratio(c),
             f"{c['goal_ns']:g}", f"{c['most_ns']:g}"] for c in result.get("goals", [])]
    return table(["packet path", "forward", "T", "T + x", "x", "ratio", "goal", "at most"], rows) if rows else ""


def stages(result):
    cases = [c for c in result.get("goals", []) if "stage_cycles" in c]
    rows = [[what(c), c["forward"], *(f"{s['median']:.1f}" for s in c["stage_cycles"].values())] for c in cases]
    return table(["cycles a packet", "forward", *cases[0]["stage_cycles"]], rows) if rows else ""


def programs(result):
    rows = [[r["name"], r["flows"], r["forward"], pm(r["bare_ns"]), pm(r["full_ns"]), pm(r["x_ns"]), ratio(r)]
            for r in result.get("programs", [])]
    return table(["sluiced and testpmd", "flows", "forward", "T", "T + x", "x", "ratio"], rows) if rows else ""


def growth(result):
    rows = []
    for part in result.get("growth", []):
        differing = [a for a in AXES if len({c[a] for c in part["cases"]}) > 1 and a != "table"]
        for c in part["cases"]:
            rows.append([part["name"], ", ".join(f"{a} {c[a]}" for a in differing), pm(c["x_ns"]), ratio(c)])
    return table(["growing", "case", "x", "ratio"], rows) if rows else ""


def scaling(result):
    def verdict(r):
        """The goal stands where the machine itself doubles."""
        bare, full = r["bare"]["median"], r["sluiced"]["median"]
        if bare >= SCALING_GOAL:
            return "yes" if full >= SCALING_GOAL else "no"
        return f"not judged: bare forwarding has {bare:.2f}, " + ("sluiced more" if full >= bare else "sluiced less")

    rows = [[r["flows"], *(f"{r[w]['median']:.2f} ± {r[w]['spread']:.2f}" for w in ("bare", "sluiced")), verdict(r)]
            for r in result.get("scaling", [])]
    return table(["flows in each of two queues", "testpmd", "sluiced", f"{SCALING_GOAL} reached"], rows) if rows else ""


def latency(result):
    rows = [[c["flows"], when, f"{t['p50']:.2f}", f"{t['p99']:.2f}", f"{t['p999']:.1f}", f"{t['most']:.0f}"]
            for c in result.get("latency", []) for when, t in c["latency_us"].items()]
    return table(["flows", "when", "p50, us", "p99", "p99.9", "most"], rows) if rows else ""


def control(result):
    what = {"weights": "weights by the socket", "reloads": "reloads by SIGHUP"}
    rows = [[what[r["name"]], f"{r['per_round']:.0f}", f"{r['cpu']['median'] * 100:.0f} %", pm(r["quiet_ns"]),
             pm(r["neighbour_ns"]), pm(r["ns"]), pm3(r["rate"]), pm3(r["rate_neighbour"])]
            for r in result.get("control", []) if "neighbour_ns" in r]
    head = ["changes", "accepted a round", "of a CPU", "T + x alone", "with a neighbour", "with changes", "rate, alone = 1",
            "neighbour = 1"]
    return table(head, rows) if rows else ""


def memory(result):
    rows = [[name, f"{n:,.0f}"] for name, n in result.get("memory", {}).items()]
    return table(["memory", "bytes"], rows) if rows else ""


def peers():
    def at(points, flows):
        return str(points.get(flows, ""))

    columns = (1, 1000, 65536, 100000, 262144, 1000000)
    rows = [[name, how, *(at(points, f) for f in columns)] for name, how, points in PEERS]
    return table(["peer", "path", "1", "1 k", "64 k", "100 k", "256 k", "1 M flows"], rows)


PARTS = {"machine": machine, "goals": goals, "stages": stages, "programs": programs, "growth": growth, "scaling": scaling,
         "latency": latency, "control": control, "memory": memory}


def text(result):
    return "\n\n".join(t for t in (part(result) for part in PARTS.values()) if t)


def update_docs(docs, result, drawing):
    """Renew what stands between the markers of docs/performance.md."""
    path = docs / "performance.md"
    page = path.read_text()
    for name, part in (*PARTS.items(), ("peers", lambda _: peers())):
        new = part(result)
        if new:
            page = re.sub(f"(<!-- {name}: generated -->\n).*?(<!-- {name}: end -->)",
                          lambda m, new=new: m.group(1) + new + "\n" + m.group(2), page, flags=re.S)
    path.write_text(page)
    if drawing:
        (docs / "performance.svg").write_text(drawing)
