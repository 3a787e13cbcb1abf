# SPDX-License-Identifier: BSD-3-Clause
"""ICMP errors to a VIP, about connections of it and about nothing of ours."""

from scapy.layers.inet import IPOption_NOP
from scapy.layers.inet6 import ICMPv6MLReport, ICMPv6Unknown, IPv6ExtHdrFragment

from wire import *  # pylint: disable=wildcard-import,unused-wildcard-import

N = 5
FLOWS = 8
BACKENDS = {1, 2}
ROUTER = {4: "192.0.2.254", 6: "2001:db8:f::254"}
MODES = {  # last part of the VIP, pool without its family
    10: ("web", {f: Mode("ipip", f) for f in (4, 6)}),
    20: ("gue", {f: Mode("gue", f, checksum="full") for f in (4, 6)}),
    21: ("l2", {f: Mode("l2", f) for f in (4, 6)}),
    22: ("dscp", {f: Mode("dscp", f, dscp=10) for f in (4, 6)}),
}
ERRORS = {
    4: [ICMP(type=3, code=c) for c in (0, 1, 2, 3, 13)] + [ICMP(type=3, code=4, nexthopmtu=1400)] +
       [ICMP(type=11, code=c) for c in (0, 1)] + [ICMP(type=12, ptr=20)],
    6: [ICMPv6DestUnreach(code=c) for c in (0, 1, 3, 4)] + [ICMPv6PacketTooBig(mtu=1400)] +
       [ICMPv6TimeExceeded(code=c) for c in (0, 1)] + [ICMPv6ParamProblem(ptr=40)],
}


def address(family, last):
    return f"203.0.113.{last}" if family == 4 else f"2001:db8:77::{last}"


def opening(f, vip, sport):
    return of_bytes(bytes((IP if f == 4 else IPv6)(src=CLIENT[f] % 6, dst=vip) / TCP(sport=sport, dport=80, flags="S")))


def answer(f, vip, sport, port=80, size=1000, **fields):
    """What the backend sends to the client, as bytes."""
    ip = (IP if f == 4 else IPv6)(src=vip, dst=CLIENT[f] % 6, **fields)
    return bytes(ip / TCP(sport=port, dport=sport, flags="A", seq=5, ack=7) / Raw(b"a" * size))


def error(f, vip, message, quote, **fields):
    """A router's message about a packet: IP, as bytes of a whole packet with the right checksum."""
    ip = (IP if f == 4 else IPv6)(src=ROUTER[f], dst=vip, **fields)
    return of_bytes(bytes(ip / message.copy() / Raw(quote)))


def to_backend(lab, f, last):
    """Every kind of error, about flows that the table would send elsewhere by now."""
    pool, mode = MODES[last][0] + str(f), MODES[last][1][f]
    vip, what = address(f, last), f"IPv{f} by {mode.kind}"
    sports = range(2000, 2000 + FLOWS)
    open_ = [opening(f, vip, s) for s in sports]
    home = expect_arrived(f"{what}: SYN", lab, mode, lab.case(what, open_), [bytes(p) for p in open_], BACKENDS)
    expect(f"{what}: backends of {FLOWS} flows", set(home), BACKENDS)
    lab.control.ask("backend.weight", pool=pool, backend="be1", weight=0)
    lab.control.ask("applied")
    for k, message in enumerate(ERRORS[f]):
        # at least 8 bytes behind the header are quoted; routers of today quote more
        quotes = [answer(f, vip, s)[:(20 if f == 4 else 40) + (8 if (k + i) % 2 else 500)] for i, s in enumerate(sports)]
        sent = [error(f, vip, message, q) for q in quotes]
        arrived = lab.case(f"{what}: {message.summary()}", sent)
        got = expect_arrived(f"{what}: {message.summary()}", lab, mode, arrived, [bytes(p) for p in sent])
        expect(f"{what}: {message.summary()}: backends", got, home)
    # A flow that nobody knows goes by the table.
    unknown = [error(f, vip, ERRORS[f][0], answer(f, vip, 2500 + i)[:100]) for i in range(N)]
    arrived = lab.case(f"{what}: unknown flows", unknown)
    expect_arrived(f"{what}: unknown flows", lab, mode, arrived, [bytes(p) for p in unknown], {2})
    lab.control.ask("backend.weight", pool=pool, backend="be1", weight=100)
    lab.control.ask("applied")


def by_table(lab, f):
    """Where the table leads is where `lookup` says."""
    vip, mode = VIP[f], MODES[10][1][f]
    client, service = (CLIENT[f] % 6, vip) if f == 4 else (f"[{CLIENT[f] % 6}]", f"[{vip}]")
    sent = [error(f, vip, ERRORS[f][0], answer(f, vip, 2600 + i)[:200]) for i in range(FLOWS)]
    got = expect_arrived(f"IPv{f} by table", lab, mode, lab.case(f"IPv{f} by table", sent), [bytes(p) for p in sent])
    said = [lab.control.ask("lookup", client=f"{client}:{2600 + i}", service=f"{service}:80/tcp") for i in range(FLOWS)]
    expect(f"IPv{f} by table: backends", [f"be{n}" for n in got], [s["backend"] for s in said])
    expect(f"IPv{f}: flows that an error has made", {s["decided"] for s in said}, {"table"})


def fragment_of(f, quote):
    """The quoted packet as a later fragment of its datagram."""
    packet = of_bytes(quote)
    if f == 4:
        packet.frag = 100
        del packet.chksum
        return bytes(packet)
    return bytes(IPv6(src=packet.src, dst=packet.dst) / IPv6ExtHdrFragment(offset=100, nh=6) / Raw(bytes(packet.payload)))


def sctp_of(f, quote):
    packet = of_bytes(quote)
    data = Raw(bytes(packet.payload))
    ip = IP(src=packet.src, dst=packet.dst, proto=132) if f == 4 else IPv6(src=packet.src, dst=packet.dst, nh=132)
    return bytes(ip / data)


def forged(f):
    """(name, reason, the message about flow i)"""
    vip, hdr = VIP[f], 20 if f == 4 else 40
    first = ERRORS[f][0]
    quote = lambda i: answer(f, vip, 2000 + i)
    make = lambda q: error(f, vip, first, q)
    bad, other = "icmp_quote_bad", "icmp_unmatched"
    yield "nothing quoted", bad, lambda i: make(b"")
    yield "8 bytes quoted", bad, lambda i: make(quote(i)[:8])
    yield "an IP header less a byte", bad, lambda i: make(quote(i)[:hdr - 1])
    yield "an IP header", bad, lambda i: make(quote(i)[:hdr])
    yield "7 bytes of TCP", bad, lambda i: make(quote(i)[:hdr + 7])
    yield "from the client", bad, lambda i: make(bytes(opening(f, vip, 2000 + i)))
    yield "from another VIP", bad, lambda i: make(answer(f, VIPB[f], 2000 + i))
    yield "another version", bad, lambda i: make(b"\x55" + quote(i)[1:])
    yield "garbage", bad, lambda i: make(bytes(range(i, i + 100)))
    yield "a port that is not served", other, lambda i: make(answer(f, vip, 2000 + i, port=81))
    yield "a later fragment", other, lambda i: make(fragment_of(f, quote(i))[:hdr + 60])
    yield "SCTP", other, lambda i: make(sctp_of(f, quote(i)))
    yield "wrong checksum", bad, lambda i: of_bytes(bytes(make(quote(i)))[:-1] + b"\0")
    short = (lambda i, n: IP(src=ROUTER[4], dst=vip, proto=1) / Raw(bytes(first)[:n])) if f == 4 else (
        lambda i, n: IPv6(src=ROUTER[6], dst=vip, nh=58) / Raw(b"\1\0\0\0\0\0\0\0"[:n]))
    yield "4 bytes in all", bad, lambda i: short(i, 4)
    yield "7 bytes in all", bad, lambda i: short(i, 7)
    if f == 4:
        yield "quoted checksum", bad, lambda i: make(quote(i)[:10] + b"\0\0" + quote(i)[12:])
        yield "quoted header length", bad, lambda i: make(b"\x44" + quote(i)[1:])
        for kind in (0, 4, 5, 9, 10, 13, 14, 17, 18, 40, 255):
            yield f"type {kind}", other, lambda i, kind=kind: error(4, vip, ICMP(type=kind), quote(i)[:28])
    else:
        for kind in (0, 5, 100, 127, 129, 130, 131, 132, 138, 200, 255):
            yield f"type {kind}", other, lambda i, kind=kind: with_type(vip, kind, quote(i)[:48])


def with_type(vip, kind, rest):
    """An ICMPv6 message of any type. scapy makes the checksum for a kind that it knows; the difference is added."""
    data = bytearray(bytes(error(6, vip, ICMPv6DestUnreach(), rest)))
    total = int.from_bytes(data[42:44], "big") - ((kind - data[40]) << 8)
    data[40] = kind
    data[42:44] = (total % 0xFFFF).to_bytes(2, "big")
    return bytes(data)


def main():
    lab = Lab()
    for f in (4, 6):
        for last in MODES:
            to_backend(lab, f, last)
        by_table(lab, f)
        for name, reason, make in forged(f):
            head = Ether(src=lab.client.mac, dst=lab.lb_mac, type=0x0800 if f == 4 else 0x86DD)
            lab.dropped(f"IPv{f}, {name}", [head / Raw(bytes(make(i))) for i in range(N)], reason)
    options = [error(4, VIP[4], ERRORS[4][0], answer(4, VIP[4], 2000 + i)[:28], options=[IPOption_NOP()] * 4) for i in range(N)]
    expect("errors with IP options", len(lab.case("errors with IP options", options)), N)
    lab.end()


main()
