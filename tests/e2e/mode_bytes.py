# SPDX-License-Identifier: BSD-3-Clause
"""mode_bytes.py MODES: a table of packets by every way of forwarding; MODES as in mode_bytes.sh."""

import ipaddress

from scapy.layers.inet import IPOption_NOP, IPOption_RR
from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN
from scapy.packet import Padding

from wire import *  # pylint: disable=wildcard-import,unused-wildcard-import

SOURCES = {"varied_4": "10.9.0.0/16", "varied_6": "fd99::/64"}
OPTIONS = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (77, 0)), ("NOP", None), ("WScale", 7)]


def sum_of_zero(packet):
    """UDP whose checksum comes out as zero and is therefore sent as ffff (RFC 768)."""
    packet = packet / Raw(b"\0\0")
    packet[Raw].load = of_bytes(bytes(packet))[UDP].chksum.to_bytes(2, "big")
    expect("UDP checksum of the packet that is sent", of_bytes(bytes(packet))[UDP].chksum, 0xFFFF)
    return packet


def of_both(ip):
    """Packets of either family. ip(**fields): the IP header."""
    yield ip() / TCP(sport=1001, dport=80, flags="S", options=OPTIONS)
    yield ip() / TCP(sport=1002, dport=443, flags="A", seq=7, ack=9)
    yield ip() / TCP(sport=1003, dport=443, flags="PA") / Raw(b"o")
    yield ip() / TCP(sport=1003, dport=443, flags="A") / Raw(bytes(range(256)) * 5)
    yield ip() / TCP(sport=1003, dport=443, flags="FA") / Raw(b"\xff" * 1401)
    yield ip() / TCP(sport=1004, dport=80, flags="S", chksum=0x1234)  # whose mistake stays its mistake
    yield ip() / UDP(sport=1005, dport=53)
    yield ip() / UDP(sport=1006, dport=53) / Raw(b"odd")
    yield ip() / UDP(sport=1007, dport=53) / Raw(b"\0" * 1400)
    yield sum_of_zero(ip() / UDP(sport=1008, dport=53))
    for tos in (0x01, 0x03, 0xB8, 0xBB, 0xFF):
        yield ip(tos=tos) / UDP(sport=1009, dport=53) / Raw(b"class")
    for ttl in (1, 255):
        yield ip(ttl=ttl) / UDP(sport=1010, dport=53) / Raw(b"hops")


def of_4(vip):
    def ip(**fields):
        return IP(src=CLIENT[4] % 9, dst=vip, **fields)

    yield from of_both(ip)
    yield ip(flags="DF", id=0xFFFF) / UDP(sport=1011, dport=53) / Raw(b"whole")
    yield ip() / UDP(sport=1012, dport=53, chksum=0) / Raw(b"none")
    yield ip(options=[IPOption_NOP()] * 4) / TCP(sport=1013, dport=80, flags="S")
    yield ip(options=[IPOption_RR(routers=["192.0.2.1"] * 9)]) / UDP(sport=1014, dport=53) / Raw(b"route")
    yield ip() / ICMP(id=1015) / Raw(b"echo request")


def of_6(vip):
    def ip(tos=0, ttl=64, **fields):
        return IPv6(src=CLIENT[6] % 9, dst=vip, tc=tos, hlim=ttl, **fields)

    yield from of_both(ip)
    yield ip(fl=0xFFFFF) / UDP(sport=1011, dport=53) / Raw(b"label")
    yield ip() / IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]) / TCP(sport=1012, dport=80, flags="S")
    chain = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)])
    yield ip() / chain / chain / UDP(sport=1013, dport=53) / Raw(b"chain")
    yield ip() / IPv6ExtHdrFragment(id=5) / UDP(sport=1014, dport=53) / Raw(b"atomic")
    yield ip() / ICMPv6EchoRequest(id=1015, data=b"echo request")


def outer_numbers(frame, kind, family):
    """What differs from flow to flow: source address; source port of GUE; flow label."""
    head = of_bytes(frame[14:])
    port = int.from_bytes(frame[14 + (20 if family == 4 else 40):][:2], "big") if kind == "gue" else 0
    return head.src, port, head.fl if family == 6 else 0


def varies(lab, name, mode, vip):
    """A flow keeps its outer numbers, and many flows have many."""
    if mode.kind not in ("ipip", "gue"):
        return
    ip = (IP if ":" not in vip else IPv6)(src=CLIENT[6 if ":" in vip else 4] % 10, dst=vip)
    sent = [bytes(ip / UDP(sport=5000 + i % 64, dport=53) / Raw(b"flow")) for i in range(128)]
    arrived = lab.case(f"{name}: 64 flows", [lab.frame(of_bytes(p)) for p in sent])
    expect_arrived(f"{name}: 64 flows", lab, mode, arrived, sent)
    seen = [outer_numbers(frame, mode.kind, mode.family) for _, frame in arrived]
    expect(f"{name}: outer numbers of the same flows again", seen[64:], seen[:64])
    if "varied" in name or mode.kind == "gue" or mode.family == 6:
        if len(set(seen)) < 48:  # of 2^14 or more values: two of 64 flows meet with a chance of 1 in 8, 17 never
            fail(f"{name}: 64 flows have {len(set(seen))} outer headers")
    else:
        expect(f"{name}: outer headers", len(set(seen)), 1)


def mode_of(name, family, more):
    kind = name.split("_")[0]
    source = SOURCES.get(name)
    return Mode({"varied": "ipip", "guefull": "gue"}.get(kind, kind), family,
                checksum="full" if kind == "guefull" else "zero",
                dscp=int(more.strip("dscp= ;")) if more else 0,
                is_source=source and (lambda a: ipaddress.ip_address(a) in ipaddress.ip_network(source)))


def main():
    lab = Lab()
    packets = 0
    for n, line in enumerate(filter(None, sys.argv[1].splitlines())):
        name, family, inner, _, *more = line.split()
        mode = mode_of(name, int(family), " ".join(more))
        for f in map(int, inner):
            vip = f"203.0.113.{20 + n}" if f == 4 else f"2001:db8:77::{20 + n}"
            sent = [bytes(p) for p in (of_4 if f == 4 else of_6)(vip)]
            # every third one with bytes behind it, as from a link that fills short frames up
            frames = [lab.frame(of_bytes(p)) / Padding(b"pad" * 4 if i % 3 == 0 else b"") for i, p in enumerate(sent)]
            what = f"{name}, IPv{f} inside"
            # the last one, ICMP, leaves the line of stages and may overtake
            for part in (slice(-1), slice(-1, None)):
                expect_arrived(what, lab, mode, lab.case(what, frames[part]), sent[part], {1})
            varies(lab, what, mode, vip)
            packets += len(sent)
    print(f"{packets} packets, each byte as scapy makes it")
    lab.end()


main()
