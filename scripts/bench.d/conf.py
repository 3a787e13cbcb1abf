# SPDX-License-Identifier: BSD-3-Clause
"""The configuration that sluiced is measured with: default values, 4,096 VIPs, 100 backends."""

import ipaddress

VIPS = 4096
BACKENDS = 100
NEXT_HOP = "02:be:00:00:00:01"


def vip(i, traffic, family):
    """Address and protocol of VIP number i, as the packets of sluice-bench have them."""
    six = family == "v6" or (family == "mix" and i >> 1 & 1)
    udp = traffic == "udp" or (traffic == "mix" and i & 1)
    return ipaddress.ip_address("2001:db8:1::1" if six else "198.18.0.1") + i, "udp" if udp else "tcp"


def text(*, socket, prefix, main_cpu, cpus, table, huge, devices, mbufs, forward, traffic, family):
    backends = ",\n".join(
        f'{{ name = "b{i}"; address = "{ipaddress.ip_address("10.0.0.1") + i}"; }}' for i in range(BACKENDS))
    vips = ",\n".join(
        '{{ name = "v{}"; address = "{}"; protocol = "{}"; port = 443; pool = "pool"; }}'.format(
            i, *vip(i, traffic, family)) for i in range(VIPS))
    return f"""daemon = {{ control = {{ socket = "{socket}"; }}; }};
eal = {{ main_lcore = {main_cpu}; workers = [ {", ".join(map(str, cpus))} ]; huge = {"true" if huge else "false"}; file_prefix = "{prefix}"; }};
flows = {{ per_lane = {table}; }};
ports = (
  {{ name = "in"; driver = "vdev"; device = "{devices[0]}"; next_hop_mac = "{NEXT_HOP}"; mbufs = {mbufs}; }},
  {{ name = "out"; driver = "vdev"; device = "{devices[1]}"; next_hop_mac = "{NEXT_HOP}"; mtu = 1600; }}
);
pools = ( {{ name = "pool"; forward = "{forward}"; egress = "out"; tunnel_source = [ "192.0.2.1" ];
  backends = ( {backends} ); }} );
vips = ( {vips} );
"""
