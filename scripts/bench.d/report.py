# SPDX-License-Identifier: BSD-3-Clause
"""The tables, in Markdown, which reads well on a terminal too."""

import re

from peers import PEERS, SOURCE

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

    rows = [[r["flows"], r.get("cpus", ""),
             *(f"{r[w]['median']:.2f} ± {r[w]['spread']:.2f}" for w in ("bare", "sluiced")), verdict(r)]
            for r in result.get("scaling", [])]
    titles = ["flows in each of two queues", "CPUs", "testpmd", "sluiced", f"{SCALING_GOAL} reached"]
    return table(titles, rows) if rows else ""


def neighbour(result):
    rows = [[what, pm(ns)] for what, ns in result.get("neighbour", {}).items()]
    return table(["another CPU", "T + x of a worker"], rows) if rows else ""


def latency(result):
    rows = [[c["flows"], when, f"{t['p50']:.2f}", f"{t['p99']:.2f}", f"{t['p999']:.1f}", f"{t['most']:.0f}"]
            for c in result.get("latency", []) for when, t in c["latency_us"].items()]
    return table(["flows", "when", "p50, us", "p99", "p99.9", "most"], rows) if rows else ""


def control(result):
    what = {"weights": "weights by the socket", "reloads": "reloads by SIGHUP"}
    rows = [[what[r["name"]], r["flows"], f"{r['per_s']:.0f}", f"{r['cpu']['median'] * 100:.0f} %", pm(r["quiet_ns"]),
             pm(r["neighbour_ns"]), pm(r["ns"]), pm3(r["rate"]), pm3(r["rate_neighbour"])]
            for r in result.get("control", []) if "flows" in r]
    head = ["changes", "flows", "asked a second", "of a CPU", "T + x alone", "with a neighbour", "with changes",
            "rate, alone = 1", "neighbour = 1"]
    return table(head, rows) if rows else ""


def memory(result):
    rows = [[name, f"{n:,.0f}"] for name, n in result.get("memory", {}).items()]
    return table(["memory", "bytes"], rows) if rows else ""


# Flows of the columns beside the peers.
PEER_FLOWS = {1: "1", 1000: "1 k", 65536: "64 k", 100000: "100 k", 262144: "256 k", 1000000: "1 M flows"}


def own_rows(result):
    """What whole programs took in this run, beside the peers."""
    rows = {}
    for r in result.get("programs", []):
        if r["name"] in ("tracked", "untracked"):
            name = f"sluiced, {r['forward']}, {r['name']}"
            rows.setdefault(name, {})[number(r["flows"])] = (r["full_ns"]["median"], r["bare_ns"]["median"])
    for name, at in rows.items():
        bare = ", ".join(f"{b:.0f} ({PEER_FLOWS[f].split(' flows')[0]})" for f, (_, b) in sorted(at.items()))
        yield [name, SOURCE, bare, *(f"{at[f][0]:.0f}" if f in at else "" for f in PEER_FLOWS)]


def number(text):
    return int(text.replace("k", "000").replace("M", "000000"))


def peers(result):
    rows = [*own_rows(result), *([p.name, p.how, p.bare, *(str(p.ns.get(f, "")) for f in PEER_FLOWS)] for p in PEERS)]
    return table(["what", "path", "T", *PEER_FLOWS.values()], rows)


def only(rows, **wanted):
    """The row that has these values, or None."""
    return next((r for r in rows if all(r.get(k) == v for k, v in wanted.items())), None)


def flood_row(result):
    rows = result.get("programs", [])
    flood, known = only(rows, name="SYN, all new"), only(rows, name="tracked", flows="1M", forward="ipip")
    if flood and known:
        yield ["rate under a SYN flood, of the rate of as many established flows", "at least 0.85",
               f"{known['full_ns']['median'] / flood['full_ns']['median']:.2f}", "whole programs, above"]


def size_row(result):
    sizes = next((p["cases"] for p in result.get("growth", []) if p["name"] == "packet size"), [])
    small, large = only(sizes, size="64"), only(sizes, size="1400")
    if small and large:
        yield ["x of 1,400 bytes less that of 64, ns", "0", f"{large['x_ns']['median'] - small['x_ns']['median']:+.1f}",
               "packet size, above"]


def program_rows(result):
    f = result.get("further")
    if not f:
        return
    yield ["start to the first packet that leaves, ms", "at most 1000", pm(f["start_ms"]), "telemetry"]
    yield ["control thread with nothing to do, of a CPU", "below 1 %", f"{f['idle_pct']:.2f} %",
           "`schedstat` of the thread"]
    yield ["the same with 100 probed backends, whose answers this kernel gives, too", "", f"{f['probing_pct']:.2f} %",
           "`schedstat` of the thread"]
    yield ["a new weight, from the request to workers that use it, ms", "at most 10", pm(f["weight_ms"]),
           "`backend.weight`, `applied`"]
    for weights, ms in f["maglev_ms"].items():
        yield [f"Maglev table of 65,537 entries, 1,000 backends, {weights}, ms", "at most 1", f"{ms:.2f}",
               "`build/tests/bench/bench_maglev`"]


def memory_rows(result):
    for flows, most in (("1 M", 40), ("10 M", 512)):
        taken = result.get("memory", {}).get(f"{flows} flows of a lane")
        if taken:
            yield [f"memory of {flows} flows of a lane, MB", f"at most {most}", f"{taken / 1e6:.0f}",
                   "`sluice-bench --memory`"]


def further(result):
    rows = [row for part in (flood_row, size_row, program_rows, memory_rows) for row in part(result)]
    return table(["what", "wanted", "measured", "by"], rows) if rows else ""


PARTS = {"machine": machine, "goals": goals, "stages": stages, "programs": programs, "growth": growth,
         "scaling": scaling, "neighbour": neighbour, "latency": latency, "control": control, "memory": memory,
         "further": further, "peers": peers}


def text(result):
    return "\n\n".join(t for t in (part(result) for part in PARTS.values()) if t)


def update_docs(docs, result, drawing):
    """Renew what stands between the markers of docs/performance.md."""
    path = docs / "performance.md"
    page = path.read_text()
    for name, part in PARTS.items():
        new = part(result)
        if new:
            page = re.sub(f"(<!-- {name}: generated -->\n).*?(<!-- {name}: end -->)",
                          lambda m, new=new: m.group(1) + new + "\n" + m.group(2), page, flags=re.S)
    path.write_text(page)
    if drawing:
        (docs / "performance.svg").write_text(drawing)
