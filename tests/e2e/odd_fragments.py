# SPDX-License-Identifier: BSD-3-Clause
"""Fragments and chains of extension headers to a VIP."""

import time

from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN

from wire import *  # pylint: disable=wildcard-import,unused-wildcard-import

N = 5
WAIT = 3.0 + LIMIT  # how long a fragment waits for the first one of its datagram, and what the machine may need
HELD_EACH, HELD_MAX, PARTS = 48, 256, 8  # as docs/packet-walk.md has them, and of parts apart from each other
BACKENDS = {1, 2}
IPIP = {4: Mode("ipip", 4), 6: Mode("ipip", 6)}
MODES = {  # last part of the VIP
    10: IPIP,
    20: {f: Mode("gue", f, checksum="full") for f in (4, 6)},
    21: {f: Mode("l2", f) for f in (4, 6)},
    22: {f: Mode("dscp", f, dscp=10) for f in (4, 6)},
}


def address(family, last):
    return f"203.0.113.{last}" if family == 4 else f"2001:db8:77::{last}"


def datagram(family, sport, size=3000, vip=None, dport=9):
    ip = (IP if family == 4 else IPv6)(src=CLIENT[family] % 3, dst=vip or VIP[family])
    return of_bytes(bytes(ip / UDP(sport=sport, dport=dport) / Raw(bytes(i * sport % 251 for i in range(size)))))


def segment(family, sport):
    ip = (IP if family == 4 else IPv6)(src=CLIENT[family] % 4, dst=VIP[family])
    return of_bytes(bytes(ip / TCP(sport=sport, dport=80, flags="A") / Raw(b"segment." * 20)))


def piece(packet, ident, start, end, more=None):
    """Bytes start to end of what the IP packet carries, as a fragment of it."""
    payload = bytes(packet.payload)
    more = end < len(payload) if more is None else more
    data = Raw(payload[start:end])
    if packet.version == 4:
        return IP(src=packet.src, dst=packet.dst, id=ident & 0xFFFF, proto=packet.proto, flags="MF" if more else "",
                  frag=start // 8) / data
    return IPv6(src=packet.src, dst=packet.dst) / IPv6ExtHdrFragment(
        nh=packet.nh, offset=start // 8, m=int(more), id=ident) / data


def pieces(packet, ident, cuts=(1200, 2400)):
    ends = [0, *cuts, len(bytes(packet.payload))]
    return [piece(packet, ident, a, b) for a, b in zip(ends, ends[1:])]


class Idents:
    """A new identification for each datagram."""
    last = int(time.time()) & 0x3FFF

    @classmethod
    def new(cls):
        cls.last += 1
        return cls.last


def joined(frames, mode):
    """The datagram of the fragments in these frames, by l2 or dscp."""
    parts, head = [], None
    for frame in frames:
        ip = of_bytes(frame[14:])
        if ip.version == 4:
            expect("IPv4 checksum of a fragment", remake(IP(bytes(ip)[:20]) / Raw(bytes(ip)[20:])), bytes(ip))
            start, data = ip.frag * 8, bytes(ip)[20:]
        else:
            ext = ip[IPv6ExtHdrFragment]
            start, data = ext.offset * 8, bytes(ext)[8:]
        if not start:
            head = ip
        parts.append((start, data))
    payload = b"".join(data for _, data in sorted(parts))
    if head.version == 4:
        return remake(IP(src=head.src, dst=head.dst, tos=head.tos, ttl=head.ttl, proto=head.proto) / Raw(payload)), payload
    return remake(IPv6(src=head.src, dst=head.dst, tc=head.tc, hlim=head.hlim, nh=head[IPv6ExtHdrFragment].nh) / Raw(
        payload)), payload


def homes(lab, name, mode, packets):
    """Which backend has the flow of each packet."""
    small = [bytes(p) for p in packets]
    return expect_arrived(f"{name}: whole", lab, mode, lab.case(f"{name}: whole", packets), small, BACKENDS)


def by_mode(lab, f, last, mode):
    """Every fragment goes where the flow is, carried like the flow."""
    name = f"IPv{f} by {mode.kind}"
    vip = address(f, last)
    home = homes(lab, name, mode, [datagram(f, 2000 + i, 10, vip) for i in range(8)])
    if len(set(home)) != 2:
        fail(f"{name}: eight flows, all at be{home[0]}")
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        what = f"{name}, order {order}"
        for i in range(8):
            packet = datagram(f, 2000 + i, vip=vip)
            cut = pieces(packet, Idents.new())
            arrived = lab.case(what, [cut[k] for k in order])
            expect(f"{what}: backends", [n for n, _ in arrived], [home[i]] * 3)
            # the first one leaves first, then those that waited for it, then the rest
            waited = order[:order.index(0)]
            then = [cut[k] for k in (0, *waited, *(k for k in order[len(waited) + 1:]))]
            if mode.kind != "dscp":
                expect_arrived(what, lab, mode, arrived, [bytes(p) for p in then])
                continue
            head, payload = joined([frame for _, frame in arrived], mode)
            wanted = of_bytes(mode.inner(bytes(packet), home[i]))
            expect(f"{what}: datagram", payload.hex(), bytes(wanted.payload).hex())
            expect(f"{what}: header", (head[:1] + head[8:10]).hex() if f == 4 else head[:4].hex(), (
                bytes(wanted)[:1] + bytes(wanted)[8:10]).hex() if f == 4 else bytes(wanted)[:4].hex())
            expect(f"{what}: destination", of_bytes(head).dst, backend_address(home[i], f))


def mixed(lab, f):
    """The pieces of many datagrams, mixed."""
    cut = [pieces(datagram(f, 3000 + i), Idents.new()) for i in range(8)]
    sent = [c[k] for k in range(3) for c in cut]
    expect_arrived(f"IPv{f}, mixed", lab, IPIP[f], lab.case(f"IPv{f}, mixed", sent), [bytes(p) for p in sent], BACKENDS)


def tiny(lab, f):
    t = lambda i: segment(f, 4000 + i)
    d = lambda i: datagram(f, 4000 + i, 100)
    for name, make in (
            ("8 bytes of TCP", lambda i: piece(t(i), Idents.new(), 0, 8)),
            ("16 bytes of TCP", lambda i: piece(t(i), Idents.new(), 0, 16)),
            ("TCP flags in the second one", lambda i: piece(t(i), Idents.new(), 8, 48)),
            ("no bytes", lambda i: piece(d(i), Idents.new(), 0, 0, True)),
            ("no bytes, later", lambda i: piece(d(i), Idents.new(), 48, 48, True)),
            ("odd length, not the last", lambda i: piece(d(i), Idents.new(), 0, 52)),
            ("odd length, not the last, later", lambda i: piece(d(i), Idents.new(), 8, 21)),
            ("beyond 65535 bytes", lambda i: beyond(d(i)))):
        lab.dropped(f"IPv{f}, tiny: {name}", [make(i) for i in range(N)], "frag_tiny")
    eight = [piece(d(i), Idents.new(), 0, 8) for i in range(N)]  # no more than the header of UDP is enough
    expect_arrived(f"IPv{f}, 8 bytes of UDP", lab, IPIP[f], lab.case(f"IPv{f}, 8 bytes of UDP", eight),
                   [bytes(p) for p in eight], BACKENDS)


def beyond(packet):
    p = piece(packet, Idents.new(), 0, 48)
    if packet.version == 4:
        p.frag = 8190
    else:
        p[IPv6ExtHdrFragment].offset = 8190
    return p


def overlaps(lab, f):
    for i in range(N):
        packet, ident = datagram(f, 5000 + i), Idents.new()
        cut = [piece(packet, ident, a, b) for a, b in ((0, 1200), (1192, 2400), (2400, 3008))]
        arrived = lab.case(f"IPv{f}, overlap", cut, {"frag_overlap": 2})
        expect_arrived(f"IPv{f}, overlap", lab, IPIP[f], arrived, [bytes(cut[0])], BACKENDS)
        packet, ident = datagram(f, 5100 + i), Idents.new()
        cut = [piece(packet, ident, a, b) for a, b in ((1200, 2400), (2392, 3008), (0, 1200))]
        lab.dropped(f"IPv{f}, overlap before the first one", cut, "frag_overlap")
        packet, ident = datagram(f, 5300 + i), Idents.new()
        cut = [piece(packet, ident, a, b) for a, b in ((1192, 2400), (0, 1200), (2400, 3008))]
        lab.dropped(f"IPv{f}, the first one overlaps", cut, "frag_overlap")
        packet, ident = datagram(f, 5200 + i), Idents.new()
        cut = [piece(packet, ident, a, b, m) for a, b, m in ((1200, 2400, False), (2400, 3008, False), (0, 1200, True))]
        lab.dropped(f"IPv{f}, behind the last one", cut, "frag_overlap")


def refused(lab, f):
    """The first one is not served, so the others are not."""
    unserved = [p for i in range(N) for p in pieces(datagram(f, 6000 + i, dport=10), Idents.new())]
    arrived = lab.case(f"IPv{f}, no VIP", unserved, {"no_vip": N, "frag": 2 * N})
    expect(f"IPv{f}, no VIP: arrived", len(arrived), 0)
    off = [p for i in range(N) for p in pieces(datagram(f, 6100 + i, vip=VIPB[f]), Idents.new())]
    lab.dropped(f"IPv{f}, fragments = \"drop\"", off, "frag")
    other = [piece(datagram(f, 6200 + i), Idents.new(), 0, 1200) for i in range(N)]
    for p in other:
        if f == 4:
            p.proto = 132
        else:
            p[IPv6ExtHdrFragment].nh = 132
    lab.dropped(f"IPv{f}, fragment of SCTP", other, "l4_proto")


def waits(lab):
    """Those whose first one never comes: they wait, and not for ever; more than there is room for are dropped at once."""
    before = lab.counters()
    held = 4 * N + HELD_EACH + PARTS
    room = HELD_MAX - held
    long, one, other = datagram(4, 7100, 60000), Idents.new(), Idents.new()
    # All are made before the first one is sent: those wait for two seconds only.
    alone, many, apart, lots = ([bytes(lab.frame(p)) for p in packets] for packets in (
        [pieces(datagram(f, 7000 + i), Idents.new())[k] for f in (4, 6) for i in range(N) for k in (1, 2)],
        [piece(long, one, 8 * i, 8 * i + 8) for i in range(1, HELD_EACH + 1 + N)],
        [piece(long, other, 16 * i, 16 * i + 8) for i in range(1, PARTS + 1 + N)],
        [pieces(datagram(4, 10000 + i, 1500), Idents.new(), (1200,))[1] for i in range(room + 50)]))
    lab.case("without the first one", alone, {"held": 4 * N})
    lab.case("many of one datagram", many, {"held": HELD_EACH, "frag_cache_full": N})
    lab.case("parts apart from each other", apart, {"held": PARTS, "frag_cache_full": N})
    expect("held", lab.counters()["held"], held)
    # Of many datagrams: some push out others that share their place, which counts the same.
    now = lab.counters()
    lab.send(lots)
    end = time.monotonic() + LIMIT
    while sum(lab.changes(now).values()) != len(lots):
        if time.monotonic() > end:
            fail(f"more than there is room for: {lab.changes(now)} of {len(lots)}")
        time.sleep(0.01)
    changes = lab.changes(now)
    # On a late machine the first ones are over by then, each of which makes room for another.
    if changes.get("held", 0) > room or changes.get("frag_cache_full", 0) < 50 - changes.get("frag", 0):
        fail(f"more than there is room for: {changes}, room for {room}")
    # Whole packets do not mind.
    homes(lab, "while fragments wait", IPIP[4], [datagram(4, 7200 + i, 10) for i in range(N)])
    full = 2 * N + changes["frag_cache_full"]
    everything = len(alone) + len(many) + len(apart) + len(lots)
    end = time.monotonic() + WAIT
    while lab.counters()["held"]:
        if time.monotonic() > end:
            fail(f"held for longer than {WAIT} s: {lab.counters()['held']}")
        time.sleep(0.02)
    expect("drops of those that waited", lab.changes(before), {"frag": everything - full, "frag_cache_full": full})
    lab.note({"frag": everything - full, "frag_cache_full": changes["frag_cache_full"]})
    # There is room again.
    cut = pieces(datagram(4, 7300), Idents.new())
    expect("fragments after that", len(lab.case("after that", cut[::-1])), 3)


def chains(lab):
    """0 to 64 extension headers: at most 8 are walked over."""
    option = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])

    def chain(depth, sport):
        packet = IPv6(src=CLIENT[6] % 5, dst=VIP[6])
        for _ in range(depth):
            packet = packet / option.copy()
        return packet / UDP(sport=sport, dport=9) / Raw(b"chain")

    good = [chain(depth, 8000 + depth) for depth in range(9)]
    expect_arrived("chains of 0 to 8", lab, IPIP[6], lab.case("chains of 0 to 8", good), [bytes(p) for p in good], BACKENDS)
    lab.dropped("chains of 9 to 64", [chain(depth, 8000 + depth) for depth in range(9, 65)], "ext_hdr")
    ip = lambda: IPv6(src=CLIENT[6] % 5, dst=VIP[6])
    udp = lambda i: UDP(sport=8100 + i, dport=9) / Raw(b"chain")
    hop = IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])
    for name, make in (
            ("hop-by-hop not at the first place", lambda i: ip() / option.copy() / hop.copy() / udp(i)),
            ("hop-by-hop twice", lambda i: ip() / hop.copy() / hop.copy() / udp(i)),
            ("routing header of type 0", lambda i: ip() / IPv6ExtHdrRouting(type=0, addresses=["2001:db8::1"]) / udp(i)),
            ("header longer than the packet", lambda i: ip() / IPv6ExtHdrDestOpt(len=200, nh=17) / udp(i)),
            ("chain that ends in the header", lambda i: IPv6(src=CLIENT[6] % 5, dst=VIP[6], nh=60) / Raw(b"\x11\0\1\2"))):
        lab.dropped(f"chain: {name}", [make(i) for i in range(N)], "ext_hdr")
    # A fragment header in a chain, and a chain behind the header of a first fragment.
    behind = [ip() / IPv6ExtHdrFragment(m=1, id=Idents.new()) / option.copy() / udp(i) / Raw(b"xyz") for i in range(N)]
    what = "chain behind a fragment header"
    expect_arrived(what, lab, IPIP[6], lab.case(what, behind), [bytes(p) for p in behind], BACKENDS)
    double = [ip() / IPv6ExtHdrFragment(m=1, id=Idents.new()) / IPv6ExtHdrFragment(m=1, id=Idents.new()) / udp(i) /
              Raw(b"xyz") for i in range(N)]
    lab.dropped("a fragment header behind another", double, "ext_hdr")


def main():
    lab = Lab()
    for f in (4, 6):
        for last, modes in MODES.items():
            by_mode(lab, f, last, modes[f])
        mixed(lab, f)
        tiny(lab, f)
        overlaps(lab, f)
        refused(lab, f)
    chains(lab)
    waits(lab)
    lab.end()


main()
