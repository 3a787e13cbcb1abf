#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Send one request and wait for its answer: decap_probe.py IF BACKEND_MAC SECONDS WHAT [ADDR].

WHAT is a tunnel ("4in6": an IPv4 echo request in IPv6), "plain4" or "plain6" (as layer 2 DSR delivers it), or
"arp" with an address. Prints "answered", or "silent" when no answer came within the seconds."""

import os
import socket
import sys
import time

from scapy.layers.inet import ICMP, IP, IPOption_NOP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

VIP4, VIP6 = "203.0.113.10", "2001:db8:77::10"
IDENT = os.getpid() & 0xFFFF


def echo(family, vip4=VIP4):
    data = Raw(b"sluice" * 10)
    if family == "4":
        return IP(src="198.51.100.7", dst=vip4) / ICMP(id=IDENT) / data
    return IPv6(src="2001:db8:c::7", dst=VIP6) / ICMPv6EchoRequest(id=IDENT) / data


def outer(family, inner, extra):
    proto = 4 if inner == "4" else 41
    if family == "4":
        options = [IPOption_NOP()] * 4 if extra == "options" else []
        return IP(src="10.77.0.2", dst="10.77.0.11", proto=proto, options=options)
    header = IPv6(src="fd77:0::2", dst="fd77:0::11", nh=proto)
    if extra != "limit":
        return header
    header.nh = 60
    return header / IPv6ExtHdrDestOpt(nh=proto, options=Raw(bytes([4, 1, 4, 1, 1, 0])), autopad=0)


def request(what, mac, own_mac, addr):
    if what == "arp":
        return Ether(dst="ff:ff:ff:ff:ff:ff", src=own_mac) / ARP(
            op=1, hwsrc=own_mac, psrc="10.77.0.2", pdst=addr)
    ether = Ether(dst=mac, src=own_mac)
    if what.startswith("plain"):
        return ether / echo(what[5])
    tunnel, _, extra = what.partition("-")
    inner, family = tunnel.split("in")
    vip4 = "203.0.113.99" if extra == "not-vip" else VIP4
    packet = ether / outer(family, inner, extra) / echo(inner, vip4)
    packet[Ether].type = 0x0800 if family == "4" else 0x86DD
    return packet


def is_answer(packet, what, addr):
    if what == "arp":
        return ARP in packet and packet[ARP].op == 2 and packet[ARP].psrc == addr
    if IP in packet and ICMP in packet:
        return packet[IP].src == VIP4 and packet[ICMP].type == 0 and packet[ICMP].id == IDENT
    if ICMPv6EchoReply in packet:
        return packet[IPv6].src == VIP6 and packet[ICMPv6EchoReply].id == IDENT
    return False


def main():
    ifname, mac, seconds, what = sys.argv[1:5]
    addr = sys.argv[5] if len(sys.argv) > 5 else None
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.bind((ifname, 0))
    own_mac = ":".join(f"{b:02x}" for b in wire.getsockname()[4])
    wire.send(bytes(request(what, mac, own_mac, addr)))
    end = time.monotonic() + float(seconds)
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            frame = wire.recv(2048)
        except TimeoutError:
            break
        if is_answer(Ether(frame), what, addr):
            return "answered"
    return "silent"


print(main())
