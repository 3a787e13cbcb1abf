# SPDX-License-Identifier: BSD-3-Clause
"""Frames made by scapy into a laboratory of netlab.sh, and what Sluice makes of them, judged by scapy.

For the odd_*.py tests, which odd.inc.sh starts: one process with a raw socket in the namespace of the client and of
every backend. LAB_ID, LAB_N and LAB_SOCKET say which laboratory it is."""

import collections
import contextlib
import ctypes
import json
import os
import socket
import struct
import sys
import time

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded
from scapy.layers.l2 import Ether
from scapy.packet import Raw

LIMIT = 20.0  # seconds that anything may take to come about
CLONE_NEWNET = 0x40000000
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
GUE_PORT = 6080

VIP = {4: os.environ["VIP4"], 6: os.environ["VIP6"]}
VIPB = {4: os.environ["VIP4B"], 6: os.environ["VIP6B"]}
TUNNEL = {4: "10.77.0.2", 6: "fd77::2"}
# Nobody in the laboratory has these, and no backend a route to them: no kernel answers.
CLIENT = {4: "198.51.100.%d", 6: "2001:db8:c::%d"}

libc = ctypes.CDLL(None, use_errno=True)


def fail(what):
    sys.exit(f"FAIL: {what}")


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}: got {got!r}, expected {wanted!r}")


@contextlib.contextmanager
def namespace(name):
    """Whatever is opened inside belongs to that namespace of the laboratory."""
    with open("/proc/self/ns/net") as own, open(f"/run/netns/sluice-{os.environ['LAB_ID']}-{name}") as there:
        for fd in (there, own):
            if libc.setns(fd.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            if fd is there:
                yield


class Wire:
    """A raw socket on the interface of a namespace."""

    def __init__(self, name, ifname="eth0"):
        self.name = name
        with namespace(name):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
            self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.sock.bind((ifname, 0))
        self.mac_bytes = self.sock.getsockname()[4]
        self.mac = self.mac_bytes.hex(":")

    def send(self, frame):
        while True:
            try:
                return self.sock.send(bytes(frame))
            except BlockingIOError:
                time.sleep(0.001)

    def received_at(self):
        """[(time, frame)] of what has come in so far, without what went out."""
        frames = []
        self.sock.setblocking(False)
        while True:
            try:
                frame, ancillary, _, where = self.sock.recvmsg(65536, 64)
            except BlockingIOError:
                self.sock.setblocking(True)
                return frames
            if where[2] != PACKET_OUTGOING:
                frames.append((struct.unpack("qq", ancillary[0][2]), frame))

    def received(self):
        return [frame for _, frame in self.received_at()]


class Control:
    """The control socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(path)
        self.lines = self.sock.makefile()
        self.lines.readline()
        self.id = 0

    def ask(self, cmd, **args):
        """The data of the answer; of a list, its items."""
        self.id += 1
        request = {"v": 1, "id": self.id, "cmd": cmd, "args": args}
        self.sock.sendall(json.dumps(request).encode() + b"\n")
        items = []
        for line in self.lines:
            answer = json.loads(line)
            if "item" in answer:
                items.append(answer["item"])
                continue
            if not answer["ok"]:
                fail(f"{cmd}: {answer['err']}")
            return items if "end" in answer else answer.get("data")
        fail(f"{cmd}: no answer")


class Lab:
    def __init__(self):
        self.control = Control(os.environ["LAB_SOCKET"])
        self.client = Wire("client")
        self.backends = [Wire(f"be{i + 1}") for i in range(int(os.environ["LAB_N"]))]
        lb = Wire("lb", "wan")
        self.lb_mac, self.lb_mac_bytes = lb.mac, lb.mac_bytes
        self.fences = 0
        self.cases = 0
        self.drops = collections.Counter()

    def frame(self, packet):
        """From the client's interface to the balancer."""
        return Ether(src=self.client.mac, dst=self.lb_mac) / packet

    def counters(self):
        c = {d["reason"]: d["packets"] for d in self.control.ask("drops")}
        status = self.control.ask("status")
        for name in ("answered", "held"):  # what is punted depends on who else talks on the link
            c[name] = status[f"{name}_packets"]
        return c

    def changes(self, before):
        after = self.counters()
        return {k: after[k] - before[k] for k in after if after[k] != before[k]}

    def fence(self, family=4):
        """A datagram to a VIP: when it has come to a backend, so has all that was sent before it."""
        self.fences += 1
        payload = b"fence %d." % self.fences
        ip = (IP if family == 4 else IPv6)(src=CLIENT[family] % 250, dst=VIP[family])
        self.client.send(self.frame(ip / UDP(sport=1000 + self.fences % 60000, dport=9) / Raw(payload)))
        return payload

    def arrived_until(self, payload):
        """[(number of the backend, frame)] of what the balancer sent to backends before the fence, in order."""
        arrived, there, looks, end = [], False, 0, time.monotonic() + LIMIT
        while looks < 2:  # once more, at those that were looked at before the fence came
            if time.monotonic() > end:
                fail(f"the fence has not arrived; counters: {self.counters()}")
            looks += there
            for i, be in enumerate(self.backends):
                for at, f in be.received_at():
                    if f[:12] != be.mac_bytes + self.lb_mac_bytes or is_own(f):
                        continue
                    there = there or payload in f
                    if b"fence " not in f:
                        arrived.append((at, i + 1, f))
            time.sleep(0.002)
        return [(number, frame) for _, number, frame in sorted(arrived)]

    def send(self, packets, family=4):
        """IP packets, or whole frames, from the client; what comes of them at the backends."""
        for p in packets:
            self.client.send(p if isinstance(p, (Ether, bytes)) else self.frame(p))
        return self.arrived_until(self.fence(family))

    def case(self, name, packets, wanted=None, family=4):
        """Send, and exactly these counters go up: {reason: how many}. Returns what arrived, in order."""
        packets, wanted = list(packets), wanted or {}
        self.cases += 1
        before = self.counters()
        arrived = self.send(packets, family)
        self.settled(name, before, wanted)
        return arrived

    def settled(self, name, before, wanted, limit=LIMIT):
        """Exactly these counters have gone up since, or do so within the time."""
        end = time.monotonic() + limit
        while (got := self.changes(before)) != wanted:
            if time.monotonic() > end:
                fail(f"{name}: counters {got}, expected {wanted}")
            time.sleep(0.01)
        self.note(wanted)

    def note(self, changes):
        for reason, n in changes.items():
            if reason not in ("answered", "held"):
                self.drops[reason] += n

    def end(self):
        """What odd_run compares with the counters."""
        drops = " ".join(f"{reason}={n}" for reason, n in sorted(self.drops.items()) if n)
        print(f"{self.cases} cases\n{drops}")

    def dropped(self, name, packets, reason, family=4):
        """Every packet ends under this one reason, and none goes anywhere."""
        packets = list(packets)
        expect(f"{name}: arrived", len(self.case(name, packets, {reason: len(packets)}, family)), 0)

    def answers(self, match, n):
        """n frames at the client that match, and no more than those."""
        found, end = [], time.monotonic() + LIMIT
        while len(found) < n:
            if time.monotonic() > end:
                fail(f"{len(found)} answers, expected {n}")
            found += [p for p in map(Ether, self.client.received()) if match(p)]
        return found


def is_own(frame):
    """Of the balancer's host, not of its packet path: ARP and neighbour discovery; or of the background flow."""
    if frame[12:14] == b"\x86\xdd":
        return frame[20] == 58 and 133 <= frame[54] <= 137
    return frame[12:14] != b"\x08\x00" or socket.inet_aton("203.0.113.99") in frame


# -- what scapy says of a packet -------------------------------------------------------------------

ERRORS6 = (ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6TimeExceeded, ICMPv6ParamProblem)
SUMS = {
    IP: ("chksum", "len", "ihl"), TCP: ("chksum", "dataofs"), UDP: ("chksum", "len"), ICMP: ("chksum",),
    IPv6: ("plen",), ICMPv6EchoRequest: ("cksum",), ICMPv6EchoReply: ("cksum",),
    **{c: ("cksum",) for c in ERRORS6},
}


def of_bytes(data):
    return (IP if data[0] >> 4 == 4 else IPv6)(data)


def is_error(layer):
    return type(layer) in ERRORS6 or type(layer) is ICMP and layer.type in (3, 11, 12)


def remake(packet):
    """Its bytes, with every length and checksum made anew. A UDP checksum of zero over IPv4 stays: there is none."""
    layer = packet
    while layer:
        for field in SUMS.get(type(layer), ()):
            if not (type(layer) is UDP and field == "chksum" and layer.chksum == 0):
                delattr(layer, field)
        if is_error(layer):  # what follows is of another packet, and cut
            quote = bytes(layer.payload)
            layer.remove_payload()
            layer.add_payload(Raw(quote))
            break
        layer = layer.payload
    return bytes(packet)


def expect_whole(name, data):
    """Lengths and checksums of an IP packet are what scapy makes of it."""
    expect(name, bytes(data).hex(), remake(of_bytes(bytes(data))).hex())


def backend_address(number, family):
    return f"10.77.0.{10 + number}" if family == 4 else f"fd77::{10 + number:d}"


class Mode:
    """A pool's `forward`: "l2", "ipip", "gue" or "dscp". family: of its backends. is_source: may this be the outer
    source address?"""

    def __init__(self, kind, family=4, checksum="zero", dscp=0, is_source=None):
        self.kind, self.family, self.checksum, self.dscp = kind, family, checksum, dscp
        self.is_source = is_source or (lambda address: address == TUNNEL[family])

    def inner(self, sent, number):
        """The client's packet as a backend gets it."""
        if self.kind != "dscp":
            return sent
        packet = of_bytes(sent)
        packet.dst = backend_address(number, self.family)
        if self.family == 4:
            packet.tos = packet.tos & 3 | self.dscp << 2
        else:
            packet.tc = packet.tc & 3 | self.dscp << 2
        made = remake(packet)
        wrong = of_bytes(sent).getlayer(TCP)
        if wrong and (right := of_bytes(remake(of_bytes(sent)))[TCP].chksum) != wrong.chksum:
            # by as much as before: ones' complement, RFC 1624
            made = of_bytes(made)
            made[TCP].chksum = (made[TCP].chksum + wrong.chksum - right) % 0xFFFF
            made = bytes(made)
        return made

    def outer(self, name, got, number, sent):
        """The outer headers, by scapy; from the packet only what may be any value."""
        v4 = sent[0] >> 4 == 4
        tos = sent[1] if v4 else int.from_bytes(sent[:2], "big") >> 4 & 0xFF
        proto = 17 if self.kind == "gue" else 4 if v4 else 41
        is_there = of_bytes(got)
        if not self.is_source(is_there.src):
            fail(f"{name}: outer source {is_there.src}")
        ends = {"src": is_there.src, "dst": backend_address(number, self.family)}
        if self.family == 4:
            head = IP(tos=tos, id=is_there.id, flags="DF", ttl=64, proto=proto, **ends)
        else:
            head = IPv6(tc=tos, fl=is_there.fl, hlim=64, nh=proto, **ends)
        if self.kind == "ipip":
            return head
        port = int.from_bytes(got[len(head):][:2], "big")
        if port < 49152:
            fail(f"{name}: GUE source port {port}")
        udp = UDP(sport=port, dport=GUE_PORT, chksum=None if self.checksum == "full" else 0)
        # version 0, no control message, header of 4 bytes, protocol, no flags (draft-ietf-intarea-gue, 3)
        return head / udp / Raw(bytes([0, 4 if v4 else 41, 0, 0]))

    def expect(self, name, lab, number, frame, sent):
        """The frame at backend `number` is, byte by byte, what scapy makes of the IP packet that was sent."""
        wanted = Raw(self.inner(sent, number))
        tunnel = self.kind in ("ipip", "gue")
        if tunnel:
            wanted = self.outer(name, frame[14:], number, sent) / wanted
        v6 = (self.family if tunnel else 4 if sent[0] >> 4 == 4 else 6) == 6
        head = Ether(src=lab.lb_mac, dst=lab.backends[number - 1].mac, type=0x86DD if v6 else 0x0800)
        expect(f"{name}: frame at be{number}", frame.hex(), bytes(head / wanted).hex())


def expect_arrived(name, lab, mode, arrived, sent, backends=None):
    """Exactly these IP packets have arrived, in this order. Returns the numbers of the backends."""
    expect(f"{name}: packets that arrived", len(arrived), len(sent))
    for (number, frame), packet in zip(arrived, sent):
        if number not in (backends or (number,)):
            fail(f"{name}: at be{number}, expected one of {backends}")
        mode.expect(name, lab, number, frame, bytes(packet))
    return [number for number, _ in arrived]
