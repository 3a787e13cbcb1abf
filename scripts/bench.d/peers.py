# SPDX-License-Identifier: BSD-3-Clause
"""Other balancers, measured once on one core of a machine of the type that
docs/performance.md names (Zen 5, TSC 2.6 GHz, mitigations on), without a network card. The whole cost of a packet in ns
by number of flows. T is bare forwarding in the same set-up, source and sink included, where there was such a thing."""

from typing import NamedTuple


class Peer(NamedTuple):
    name: str
    how: str
    bare: str  # T
    ns: dict   # by flows
    note: str = ""  # beside the figure of the most flows


SOURCE = "net_pcap to net_null, source included"
TESTPMD = "10 (1 k), 23 (1 M)"

PEERS = [
    Peer("DPVS 1.10.2, direct", SOURCE, TESTPMD, {1000: 82, 65536: 199, 262144: 363}),
    Peer("DPVS 1.10.2, IPIP", SOURCE, TESTPMD, {1000: 103, 65536: 225, 262144: 394}),
    Peer("DPVS 1.10.2, FullNAT, one way", SOURCE, TESTPMD, {1000: 112, 262144: 450}),
    Peer("VPP lb, GRE, 100 backends", "whole graph without packet generation, 256-packet vectors", "16",
         {1: 31, 1000: 30, 1000000: 66}),
    Peer("Katran, IPIP", "BPF program alone, BPF_PROG_TEST_RUN, flow hit", "",
         {1: 107, 100000: "151 to 409", 1000000: 407}),
    Peer("Katran, nothing remembered", "BPF program alone, BPF_PROG_TEST_RUN", "", {1: 91, 1000: 103, 1000000: 102}),
]
