# SPDX-License-Identifier: BSD-3-Clause
"""Other balancers on one core of a machine of the same type (Zen 5, TSC 2.6 GHz, mitigations on), without a
network card. The whole cost of a packet in ns by number of flows; measured for the plan of this project."""

PEERS = [
    # name, how, {flows: ns}
    ("DPVS 1.10.2, direct", "net_pcap to net_null, source included", {1000: 82, 65536: 199, 262144: 363}),
    ("DPVS 1.10.2, IPIP", "net_pcap to net_null, source included", {1000: 103, 65536: 225, 262144: 394}),
    ("VPP lb, GRE", "whole graph without packet generation, 256-packet vectors", {1: 31, 1000: 30, 1000000: 66}),
    ("Katran, IPIP", "BPF program alone, BPF_PROG_TEST_RUN, flow hit", {1: 107, 100000: 151, 1000000: 407}),
]
