# SPDX-License-Identifier: BSD-3-Clause
"""Hugepages for the time of a measurement. Packet buffers in 4 KiB pages cost both sides more than half of what
they do (T is 27 ns instead of 11), and nobody runs a balancer that way."""

import pathlib

PAGE_MB = 2
TOTAL = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
FREE = TOTAL.with_name("free_hugepages")


def read(path):
    try:
        return int(path.read_text())
    except OSError:
        return 0


class Hugepages:
    """with Hugepages(mb) as enough: ... At least so many MiB are free inside, or enough is False."""

    def __init__(self, mb):
        self.wanted = -(-mb // PAGE_MB)
        self.before = read(TOTAL)
        self.changed = False

    def __enter__(self):
        lacking = self.wanted - read(FREE)
        if lacking > 0:
            self.changed = True
            try:
                TOTAL.write_text(str(self.before + lacking))
            except OSError:
                pass
        return read(FREE) >= self.wanted

    def __exit__(self, *_):
        if self.changed:
            TOTAL.write_text(str(self.before))
