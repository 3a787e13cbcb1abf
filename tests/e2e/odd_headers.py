# SPDX-License-Identifier: BSD-3-Clause
"""Broken headers to a VIP: each ends under its one reason, what is only odd travels on."""

import random
import time

from scapy.layers.inet import IPOption_NOP
from scapy.packet import Padding

from wire import *  # pylint: disable=wildcard-import,unused-wildcard-import

N = 5
IPIP = {4: Mode("ipip", 4), 6: Mode("ipip", 6)}


def ip(family, **fields):
    return (IP if family == 4 else IPv6)(src=CLIENT[family] % 7, dst=VIP[family], **fields)


def tcp(family, sport, flags="S", **fields):
    return ip(family) / TCP(sport=sport, dport=80, flags=flags, **fields)


def udp(family, sport, **fields):
    return ip(family) / UDP(sport=sport, dport=9, **fields) / Raw(b"datagram")


def with_bytes(packet, at, value):
    """The packet of any kind as bytes, and those at `at` replaced. The IPv4 checksum is made good."""
    data = bytearray(bytes(packet))
    data[at:at + len(value)] = value
    if data[0] >> 4 == 4 and (data[0] & 15) * 4 <= len(data):
        hdr = max(20, (data[0] & 15) * 4)
        data[10:12] = b"\0\0"
        total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, hdr, 2))
        total = (total & 0xFFFF) + (total >> 16)
        data[10:12] = (~((total & 0xFFFF) + (total >> 16)) & 0xFFFF).to_bytes(2, "big")
    return bytes(data)


def as_frame(lab, family, packet):
    return Ether(src=lab.client.mac, dst=lab.lb_mac, type=0x0800 if family == 4 else 0x86DD) / Raw(bytes(packet))


def v4_broken():
    """(name, reason, the packet with a source port)"""
    yield "version 5", "ip_version", lambda p: with_bytes(tcp(4, p), 0, b"\x55")
    yield "version 6", "ip_version", lambda p: with_bytes(tcp(4, p), 0, b"\x65")
    yield "header of 16 bytes", "ip_hdr_len", lambda p: with_bytes(tcp(4, p), 0, b"\x44")
    yield "header of 60 bytes in 40", "ip_hdr_len", lambda p: with_bytes(tcp(4, p), 0, b"\x4f")
    yield "total length beyond the frame", "ip_total_len", lambda p: with_bytes(tcp(4, p), 2, b"\x00\x29")
    yield "total length 65535", "ip_total_len", lambda p: with_bytes(udp(4, p), 2, b"\xff\xff")
    yield "total length below the header", "ip_total_len", lambda p: with_bytes(tcp(4, p), 2, b"\x00\x13")
    yield "total length 0", "ip_total_len", lambda p: with_bytes(tcp(4, p), 2, b"\x00\x00")
    yield "cut behind the addresses", "ip_total_len", lambda p: bytes(tcp(4, p))[:20]
    yield "cut in the TCP header", "ip_total_len", lambda p: bytes(tcp(4, p))[:39]
    yield "header length of 24, checksum of 20", "ip_checksum", lambda p: b"\x46" + bytes(tcp(4, p))[1:]
    yield "checksum off by one", "ip_checksum", lambda p: bytes(tcp(4, p))[:11] + bytes(
        [bytes(tcp(4, p))[11] ^ 1]) + bytes(tcp(4, p))[12:]
    yield "checksum 0", "ip_checksum", lambda p: bytes(tcp(4, p))[:10] + b"\0\0" + bytes(tcp(4, p))[12:]
    yield "TTL 0", "ttl", lambda p: with_bytes(tcp(4, p), 8, b"\0")
    yield "total length in the TCP header", "l4_truncated", lambda p: with_bytes(tcp(4, p), 2, b"\x00\x27")
    yield "SCTP", "l4_proto", lambda p: with_bytes(tcp(4, p), 9, b"\x84")


def v6_broken():
    yield "version 4", "ip_version", lambda p: b"\x40" + bytes(tcp(6, p))[1:]
    yield "payload beyond the frame", "ip_total_len", lambda p: with_bytes(tcp(6, p), 4, b"\x00\x15")
    yield "payload 65535", "ip_total_len", lambda p: with_bytes(udp(6, p), 4, b"\xff\xff")
    yield "payload 0", "ip_total_len", lambda p: with_bytes(tcp(6, p), 4, b"\x00\x00")
    yield "cut behind the addresses", "ip_total_len", lambda p: bytes(tcp(6, p))[:40]
    yield "cut in the TCP header", "ip_total_len", lambda p: bytes(tcp(6, p))[:59]
    yield "hop limit 0", "ttl", lambda p: with_bytes(tcp(6, p), 7, b"\0")
    yield "payload in the TCP header", "l4_truncated", lambda p: with_bytes(tcp(6, p), 4, b"\x00\x13")
    yield "SCTP", "l4_proto", lambda p: with_bytes(tcp(6, p), 6, b"\x84")
    yield "no next header", "l4_proto", lambda p: with_bytes(tcp(6, p), 6, b"\x3b")


def l4_broken(f):
    yield "UDP length 7", "l4_truncated", lambda p: udp(f, p, len=7)
    yield "UDP length beyond the packet", "l4_truncated", lambda p: udp(f, p, len=17)
    yield "UDP header cut", "l4_truncated", lambda p: ip(f, **{"proto" if f == 4 else "nh": 17}) / Raw(b"\0" * 7)
    yield "TCP header of 16 bytes", "tcp_flags", lambda p: tcp(f, p, dataofs=4)
    yield "TCP header beyond the packet", "l4_truncated", lambda p: tcp(f, p, dataofs=6)
    for flags in ("", "SF", "SR", "FR", "SAF", "PU", "SAFRPU"):
        yield f"TCP flags {flags or 'none'}", "tcp_flags", lambda p, flags=flags: tcp(f, p, flags)


def broken(lab):
    for family, cases in ((4, [*v4_broken(), *l4_broken(4)]), (6, [*v6_broken(), *l4_broken(6)])):
        for name, reason, make in cases:
            lab.dropped(f"IPv{family}, {name}", [as_frame(lab, family, make(2000 + i)) for i in range(N)], reason)


def icmp_sums(lab):
    for family, make in ((4, lambda i: ip(4) / ICMP(id=i, chksum=1)), (6, lambda i: ip(6) / ICMPv6EchoRequest(id=i, cksum=1))):
        lab.dropped(f"IPv{family}, ping with a wrong checksum", [make(i) for i in range(N)], "icmp_quote_bad")


def passes(lab, name, packets, sent=None):
    """Odd, but nothing to drop: it arrives, byte by byte."""
    data = [bytes(p) for p in packets]
    frames = [lab.frame(p) for p in packets] if sent is None else data
    arrived = lab.case(name, frames)
    family = data[0][0] >> 4 if sent is None else sent[0][0] >> 4
    expect_arrived(name, lab, IPIP[family], arrived, data if sent is None else sent)


def only_odd(lab):
    for f, ttl in ((4, "ttl"), (6, "hlim")):
        passes(lab, f"IPv{f}, TTL 1", [ip(f, **{ttl: 1}) / UDP(sport=2000 + i, dport=9) / Raw(b"1") for i in range(N)])
        passes(lab, f"IPv{f}, wrong UDP checksum", [udp(f, 2000 + i, chksum=7) for i in range(N)])
        passes(lab, f"IPv{f}, wrong TCP checksum", [tcp(f, 2000 + i, chksum=7) for i in range(N)])
        packets = [udp(f, 2100 + i) for i in range(N)]
        padded = [lab.frame(p) / Padding(b"padding" * (i + 1)) for i, p in enumerate(packets)]
        passes(lab, f"IPv{f}, bytes behind the packet", padded, [bytes(p) for p in packets])
    passes(lab, "all IPv4 options", [IP(src=CLIENT[4] % 7, dst=VIP[4], options=[IPOption_NOP()] * 40) / UDP(
        sport=2000 + i, dport=9) / Raw(b"options") for i in range(N)])


def hop(lab):
    """Pools that take a hop off: with none left the client is told."""
    for f, ttl, error in ((4, "ttl", 11), (6, "hlim", 3)):
        make = lambda left, i, f=f, ttl=ttl: (IP if f == 4 else IPv6)(
            src="10.77.0.1" if f == 4 else "fd77::1", dst=VIPB[f], **{ttl: left}) / UDP(sport=3000 + i, dport=9) / Raw(b"hop")
        lab.client.received()
        sent = [make(1, i) for i in range(N)]
        expect(f"IPv{f}, last hop: arrived", len(lab.case(f"IPv{f}, last hop", sent, {"answered": N})), 0)
        got = lab.answers(lambda p, f=f: p.type == (0x0800 if f == 4 else 0x86DD) and bytes(p.payload)[
            9 if f == 4 else 6] == (1 if f == 4 else 58) and bytes(p.payload)[20 if f == 4 else 40] == error, N)
        for answer, packet in zip(got, sent):
            told = bytes(answer.payload)
            expect_whole("time exceeded", told)
            expect("time exceeded: addresses", (answer.payload.src, answer.payload.dst), (VIPB[f], packet.src))
            expect("time exceeded: quote", told[28 if f == 4 else 48:].hex(), bytes(packet).hex())
        two = [make(2, i) for i in range(N)]
        arrived = lab.case(f"IPv{f}, a hop left", two)
        expect_arrived(f"IPv{f}, a hop left", lab, IPIP[f], arrived, [make(1, i) for i in range(N)])


def mutated(lab, n, seed, joined):
    """Any bytes but the destination address: every packet ends under one counter, and nothing else suffers."""
    rng = random.Random(seed)
    base = [bytes(p) for f in (4, 6) for p in (tcp(f, 2000), udp(f, 2000), ip(f) / (
        ICMP() if f == 4 else ICMPv6EchoRequest()) / Raw(b"x" * 40))]
    before, sent = lab.counters(), 0
    backends = 0
    for _ in range(n // 100):
        frames = []
        for _ in range(100):
            data = bytearray(rng.choice(base))
            v4 = data[0] >> 4 == 4
            keep = range(16, 20) if v4 else range(24, 40)
            kind = 0x0800 if v4 else 0x86DD
            for _ in range(rng.choice((1, 1, 2, 3, 8))):
                at = rng.randrange(len(data))
                # a packet socket gets no IPv4 fragments: the kernel puts them together for it
                if at not in keep and not (v4 and joined and at in (6, 7)):
                    data[at] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
            # neighbour discovery and ICMPv6 without a type belong to the kernel
            if kind == 0x86DD and data[6] == 58 and (len(data) < 41 or 133 <= data[40] <= 137):
                data[40] = 128
            cut = rng.randrange(keep.stop + 1, len(data) + 1) if rng.random() < 0.3 else len(data)
            frames.append(Ether(src=lab.client.mac, dst=lab.lb_mac, type=kind) / Raw(bytes(data[:cut])))
        backends += len(lab.send(frames))
        sent += len(frames)
    ended = lambda: sum(lab.changes(before).values())
    end = time.monotonic() + LIMIT
    while ended() + backends != sent and time.monotonic() < end:
        time.sleep(0.01)
    # those that are held have another end within seconds, which counts the same
    expect(f"seed {seed}: mutated packets with an end", ended() + backends, sent)
    end = time.monotonic() + LIMIT
    while lab.counters()["held"]:
        if time.monotonic() > end:
            fail("fragments are held for longer than they may")
        time.sleep(0.05)
    changes = lab.changes(before)
    expect(f"seed {seed}: the same when nothing is held", ended() + backends, sent)
    lab.note(changes)
    print(f"mutated, seed {seed}: {backends} of {sent} arrived, the rest: {changes}")


def main():
    lab = Lab()
    broken(lab)
    icmp_sums(lab)
    only_odd(lab)
    hop(lab)
    mutated(lab, 1000, int(time.time()), sys.argv[1] == "af_packet")
    lab.end()


main()
