# SPDX-License-Identifier: BSD-3-Clause
"""The cost of a packet against the number of flows as SVG, both axes logarithmic; the peers beside it."""

import math

from peers import PEERS

WIDTH, HEIGHT = 900, 480
LEFT, RIGHT, TOP, BOTTOM = 64, 250, 40, 56
X_RANGE, Y_RANGE = (1, 10**7), (2, 1000)
COLOURS = ("#0b62a4", "#5fa3d9", "#1c9a6c", "#7cc6a6", "#c0392b", "#8e44ad", "#b9770e",
           "#7f8c8d", "#2c3e50", "#d35400", "#16a085", "#e84393")


def number(text):
    return float(text.replace("k", "e3").replace("M", "e6"))


def place(value, low, high, start, end):
    share = (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))
    return start + share * (end - start)


def x_of(flows):
    return place(flows, *X_RANGE, LEFT, WIDTH - RIGHT)


def y_of(ns):
    return place(max(ns, Y_RANGE[0]), *Y_RANGE, HEIGHT - BOTTOM, TOP)


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def label(x, y, words, anchor="start", colour="#222"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def grid():
    for k in range(0, 8):
        x = x_of(10**k)
        yield line(x, TOP, x, HEIGHT - BOTTOM, "#e3e3e3")
        yield label(x, HEIGHT - BOTTOM + 18, ("1", "10", "100", "1k", "10k", "100k", "1M", "10M")[k], "middle")
    for ns in (2, 5, 10, 20, 50, 100, 200, 500, 1000):
        y = y_of(ns)
        yield line(LEFT, y, WIDTH - RIGHT, y, "#e3e3e3")
        yield label(LEFT - 8, y + 4, str(ns), "end")
    yield label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "flows", "middle")
    yield label(14, TOP - 16, "nanoseconds a packet")


def curve(name, points, colour, dashed):
    points = sorted(points)
    path = " ".join(f"{x_of(f):.1f},{y_of(ns):.1f}" for f, ns in points)
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
    for f, ns in points:
        yield (f'<circle cx="{x_of(f):.1f}" cy="{y_of(ns):.1f}" r="3" fill="{colour}">'
               f"<title>{name}: {ns:.1f}</title></circle>")


def numbers(peer):
    """What is one number; a range has no place on a curve."""
    return [(flows, ns) for flows, ns in peer.ns.items() if not isinstance(ns, str)]


def own_curves(result):
    """{name: [(flows, ns)]} of tracked flows: what a packet costs in all, as for the peers, and x."""
    curves = {}
    for row in result.get("programs", []):
        if row["name"] != "tracked":
            continue
        for name, key in (("sluiced, whole", "full_ns"), ("sluiced, x alone", "x_ns")):
            curves.setdefault(f"{name}, {row['forward']}", []).append((number(row["flows"]), row[key]["median"]))
    for case in next((part["cases"] for part in result.get("growth", []) if part["name"] == "flows"), []):
        point = (number(case["flows"]), case["x_ns"]["median"])
        curves.setdefault(f"in process, x, {case['forward']}", []).append(point)
    return curves


def flows(result):
    """The drawing, or None without anything to draw."""
    own = own_curves(result)
    if not own:
        return None
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
             'font-size="12">', "<!-- SPDX-License-Identifier: BSD-3-Clause -->",
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', *grid()]
    both = [(n, p, False) for n, p in own.items()] + [(p.name, numbers(p), True) for p in PEERS]
    for i, (name, points, dashed) in enumerate(both):
        colour = COLOURS[i % len(COLOURS)]
        parts += curve(name, points, colour, dashed)
        y = TOP + 12 + 20 * i
        parts += [f'<rect x="{WIDTH - RIGHT + 16}" y="{y - 9}" width="10" height="10" fill="{colour}"/>',
                  label(WIDTH - RIGHT + 32, y, name)]
    return "\n".join(parts + ["</svg>", ""])
