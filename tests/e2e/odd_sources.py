# SPDX-License-Identifier: BSD-3-Clause
"""Sources that no packet to a VIP has, and our own tunnelled packets coming back."""

from wire import *  # pylint: disable=wildcard-import,unused-wildcard-import

N = 5
IPIP = {4: Mode("ipip", 4), 6: Mode("ipip", 6)}
MARTIANS = {
    4: ["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"],
    6: ["::", "::1", "ff02::1", "ff0e::5"],
}
OURS = {  # VIPs, the one of the background flow too; sources of tunnels, first and last of a prefix
    4: [VIPB[4], "203.0.113.99", TUNNEL[4], "10.9.0.0", "10.9.255.255"],
    6: [VIPB[6], TUNNEL[6], "fd99::", "fd99::ffff:ffff"],
}
SERVED = {  # odd, but somebody may have them
    4: ["10.0.0.1", "10.8.255.255", "10.10.0.0", "100.64.0.1", "169.254.1.1", "192.0.2.1", "198.18.0.1", "1.0.0.0",
        "126.255.255.255", "128.0.0.0", "223.255.255.255", "203.0.113.98"],
    6: ["::2", "::ffff:192.0.2.1", "64:ff9b::c000:201", "100::1", "2002:c000:201::1", "fc00::1", "fe80::1", "fd99:0:0:1::",
        "2001:db8:77::9"],
}


def packets(family, src, i, dst=None):
    ip = (IP if family == 4 else IPv6)(src=src, dst=dst or VIP[family])
    yield "TCP", ip / TCP(sport=2000 + i, dport=80, flags="S")
    yield "UDP", ip / UDP(sport=2000 + i, dport=9) / Raw(b"source")
    yield "ping", ip / (ICMP(id=i) if family == 4 else ICMPv6EchoRequest(id=i)) / Raw(b"source")


def every_kind(lab, name, family, src, reason, dst=None):
    for kind in range(3):
        sent = [list(packets(family, src, i, dst))[kind] for i in range(N)]
        lab.dropped(f"{name} {src}, {sent[0][0]}", [p for _, p in sent], reason)


def fragments(lab, f, src):
    if f == 4:
        first = [IP(src=src, dst=VIP[4], id=100 + i, flags="MF") / UDP(sport=2000 + i, dport=9, len=48) / Raw(b"f" * 16)
                 for i in range(N)]
        lab.dropped(f"fragment from {src}", first, "martian_src")


def tunnelled(lab, f):
    """Tunnels end at backends. One from us that comes to a VIP has gone round."""
    for inner in (4, 6):
        client = (IP if inner == 4 else IPv6)(src=CLIENT[inner] % 1, dst=VIP[inner]) / TCP(sport=3000, dport=80, flags="S")
        proto = 4 if inner == 4 else 41
        for src in (TUNNEL[f], *OURS[f][-2:]):
            outer = IP(src=src, dst=VIP[4], proto=proto) if f == 4 else IPv6(src=src, dst=VIP[6], nh=proto)
            lab.dropped(f"{inner}in{f} from {src}", [outer / Raw(bytes(client))] * N, "loop")
        src = CLIENT[f] % 2
        outer = IP(src=src, dst=VIP[4], proto=proto) if f == 4 else IPv6(src=src, dst=VIP[6], nh=proto)
        lab.dropped(f"{inner}in{f} from {src}", [outer / Raw(bytes(client))] * N, "l4_proto")
        gue = UDP(sport=50000, dport=GUE_PORT) / Raw(bytes([0, proto, 0, 0]) + bytes(client))
        ip = IP if f == 4 else IPv6
        lab.dropped(f"{inner} by GUE in {f}", [ip(src=TUNNEL[f], dst=VIPB[f]) / gue] * N, "martian_src")
        lab.dropped(f"{inner} by GUE in {f}, not served", [ip(src=TUNNEL[f], dst=VIP[f]) / gue] * N, "no_vip")


def sent_back(lab, f):
    """The very frames that a backend got, back to us: they are for the backend's address, and go nowhere."""
    sent = [p for i in range(N) for kind, p in packets(f, CLIENT[f] % 3, i) if kind != "ping"]
    arrived = lab.case("to be sent back", sent)
    expect_arrived("to be sent back", lab, IPIP[f], arrived, [bytes(p) for p in sent], {1})
    be = lab.backends[0]
    before = lab.counters()
    for _, frame in arrived:
        be.send(lab.lb_mac_bytes + be.mac_bytes + frame[12:])
    expect(f"IPv{f}, sent back: arrived again", len(lab.send([])), 0)
    lab.settled(f"IPv{f}, sent back", before, {})


def main():
    lab = Lab()
    for f in (4, 6):
        every_kind(lab, "LAND", f, VIP[f], "land")
        every_kind(lab, "LAND", f, VIPB[f], "land", VIPB[f])
        for src in MARTIANS[f]:
            every_kind(lab, "martian", f, src, "martian_src")
        for src in OURS[f]:
            every_kind(lab, "ours", f, src, "martian_src")
            fragments(lab, f, src)
        sent = [p for src in SERVED[f] for kind, p in packets(f, src, 0) if kind != "ping"]
        what = f"IPv{f}, odd sources"
        expect_arrived(what, lab, IPIP[f], lab.case(what, sent), [bytes(p) for p in sent], {1})
        tunnelled(lab, f)
        sent_back(lab, f)
    lab.end()


main()
