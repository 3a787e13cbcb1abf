# SPDX-License-Identifier: BSD-3-Clause
"""The middle of several samples, and half the distance between their quartiles."""

import statistics


def sample(values):
    v = sorted(values)
    n = len(v)
    return {"median": statistics.median(v), "spread": (v[(n - 1) * 3 // 4] - v[(n - 1) // 4]) / 2}
