# SPDX-License-Identifier: BSD-3-Clause
"""The configuration that sluiced is measured with: default values, 4,096 VIPs, 100 backends."""

import ipaddress

VIPS = 4096
BACKENDS = 100
NEXT_HOP = "02:be:00:00:00:01"

# A port of the kernel, and backends behind it that are probed: their addresses are in PROBED_NET.
PROBED_PORT, PROBED_NET, PROBED_FROM = "probed0", "10.1.0.0/24", "10.1.1.1"


def vip(i, traffic, family):
    """Address and protocol of VIP number i, as the packets of sluice-bench have them."""
    six = family == "v6" or (family == "mix" and i >> 1 & 1)
    udp = traffic == "udp" or (traffic == "mix" and i & 1)
    return ipaddress.ip_address("2001:db8:1::1" if six else "198.18.0.1") + i, "udp" if udp else "tcp"


def backends(first):
    return ",\n".join(
        f'{{ name = "b{i}"; address = "{ipaddress.ip_address(first) + i}"; }}' for i in range(BACKENDS))


def probed():
    """Parts of the configuration: a check, a port, a pool whose backends are probed, and its VIP."""
    return (
        'checks = ( { name = "echo"; type = "icmp"; } );',
        f',\n  {{ name = "probed"; driver = "af_packet"; interface = "{PROBED_PORT}"; }}',
        f',\n  {{ name = "probed"; checks = [ "echo" ]; backends = ( {backends("10.1.0.1")} ); }}',
        ',\n{ name = "probed"; address = "198.19.255.1"; port = 443; pool = "probed"; }')


def out_port(device):
    """A port of its own that packets leave by; without a device they leave by the one that they came by."""
    return (f',\n  {{ name = "out"; driver = "vdev"; device = "{device}"; next_hop_mac = "{NEXT_HOP}"; mtu = 1600; }}'
            if device else "")


def text(*, socket, state, prefix, main_cpu, cpus, table, huge, devices, mbufs, forward, traffic, family, probes=False):
    checks, port, pool, probed_vip = probed() if probes else ("", "", "", "")
    vips = ",\n".join(
        '{{ name = "v{}"; address = "{}"; protocol = "{}"; port = 443; pool = "pool"; }}'.format(
            i, *vip(i, traffic, family)) for i in range(VIPS - 1 if probes else VIPS))
    return f"""daemon = {{ control = {{ socket = "{socket}"; }}; state_dir = "{state}"; }};
eal = {{ main_lcore = {main_cpu}; workers = [ {", ".join(map(str, cpus))} ]; huge = {"true" if huge else "false"}; file_prefix = "{prefix}"; }};
flows = {{ per_lane = {table}; }};
ports = (
  {{ name = "in"; driver = "vdev"; device = "{devices[0]}"; next_hop_mac = "{NEXT_HOP}"; mbufs = {mbufs}; mtu = 1600; }}{out_port(devices[1])}{port}
);
{checks}
pools = ( {{ name = "pool"; forward = "{forward}"; egress = "{"out" if devices[1] else "in"}"; tunnel_source = [ "192.0.2.1" ];
  backends = ( {backends("10.0.0.1")} ); }}{pool} );
vips = ( {vips}{probed_vip} );
"""
