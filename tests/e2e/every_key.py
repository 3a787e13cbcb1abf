#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every key of the configuration, changed in a running daemon by its command and by a file.

    every_key.py SOCKET CONFIG DOCUMENT BPF BPF2

CONFIG is the daemon's file, DOCUMENT is docs/config.md, whose table names every key. A key that takes
a restart must be refused with these words and nothing else; any other one must be accepted, be the
difference that `config.diff` shows, and give the same configuration when a file has it. BPF and BPF2
are programs of schedulers; the configuration has the first one. In the end all of them are changed that
go together, for a test of what is saved.
"""
import json
import re
import socket
import sys

SOCKET, CONFIG, DOCUMENT, BPF, BPF2 = sys.argv[1:]

# Objects that keys belong to, by the list: command, and the arguments that name one.
WEB = {"pool": "p1"}
B1 = {"pool": "p1", "backend": "b1"}
WAN = {"port": "wan"}
HTTP = {"check": "web"}
V2 = {"vip": "v2"}
GOLD = {"vip": "v1", "rule": "gold"}
COMMANDS = {
    "": "config.set",
    "ports": "port.set",
    "checks": "check.set",
    "pools": "pool.set",
    "pools[].backends": "backend.set",
    "vips": "vip.set",
    "vips[].rules": "rule.set",
}

# Key: object, another value, other keys that must change with it.
KEYS = {
    "daemon.control.socket": ({}, "/tmp/elsewhere.sock", {}),
    "daemon.control.group": ({}, "nogroup", {}),
    "daemon.control.operator_group": ({}, "nogroup", {"daemon.control.group": "nogroup"}),
    "daemon.control.admin_group": ({}, "nogroup", {"daemon.control.group": "nogroup"}),
    "daemon.state_dir": ({}, "/tmp/elsewhere", {}),
    "daemon.log.level": ({}, "warn", {}),
    "daemon.log.target": ({}, "journal", {}),
    "cluster.hash_key": ({}, "000102030405060708090a0b0c0d0e0f", {}),
    "eal.main_lcore": ({}, 1000, {}),
    "eal.workers": ({}, [1001], {}),
    "eal.lanes": ({}, 7, {}),
    "eal.huge": ({}, True, {}),
    "eal.idle": ({}, "adaptive", {}),
    "eal.file_prefix": ({}, "other", {}),
    "eal.args": ({}, ["--no-pci"], {}),
    "flows.per_lane": ({}, 4096, {}),
    "flows.exact_keys": ({}, True, {}),
    "flows.sessions": ({}, 4096, {}),
    "flows.tcp_syn_s": ({}, 11, {}),
    "flows.tcp_established_s": ({}, 901, {}),
    "flows.tcp_closing_s": ({}, 31, {}),
    "flows.udp_s": ({}, 61, {}),
    "ports[].name": (WAN, "lan", {}),
    "ports[].driver": (WAN, "af_packet", {"interface": "lo", "device": None}),
    "ports[].interface": (WAN, "lo", {"driver": "af_packet", "device": None}),
    "ports[].device": (WAN, "net_null1", {}),
    "ports[].next_hop_mac": (WAN, "02:00:00:00:00:09", {}),
    "ports[].vlan": (WAN, "200.100", {}),
    "ports[].accept_mac": (WAN, "own", {}),
    "ports[].offloads": (WAN, False, {}),
    "ports[].mbufs": (WAN, 4096, {}),
    "ports[].mtu": (WAN, 1400, {}),
    "health.max_inflight": ({}, 1000, {}),
    "health.max_rate": ({}, 9999, {}),
    "checks[].name": (HTTP, "other", {}),
    "checks[].type": ({"check": "plain"}, "http", {}),
    "checks[].port": (HTTP, 8080, {}),
    "checks[].path": (HTTP, "/health?a=1", {}),
    "checks[].host": (HTTP, "web.example", {}),
    "checks[].method": (HTTP, "HEAD", {}),
    "checks[].status": (HTTP, "200-299,301", {}),
    "checks[].body": (HTTP, "ready", {}),
    "checks[].tls_verify": ({"check": "safe"}, False, {}),
    "checks[].ca_file": ({"check": "safe"}, "/etc/ca.pem", {}),
    "checks[].send_hex": ({"check": "gram"}, "7071", {}),
    "checks[].expect_hex": ({"check": "gram"}, "706fXX67", {}),
    "checks[].dns_name": ({"check": "names"}, "ns.example", {}),
    "checks[].dns_type": ({"check": "names"}, "AAAA", {}),
    "checks[].inter_ms": (HTTP, 2001, {}),
    "checks[].fastinter_ms": (HTTP, 501, {}),
    "checks[].downinter_ms": (HTTP, 2002, {}),
    "checks[].timeout_ms": (HTTP, 999, {}),
    "checks[].rise": (HTTP, 4, {}),
    "checks[].fall": (HTTP, 5, {}),
    "checks[].jitter_pct": (HTTP, 0, {}),
    "checks[].reuse.min": (HTTP, 2, {"reuse.max": 4}),
    "checks[].reuse.max": (HTTP, 5, {}),
    "checks[].reuse.idle_s": (HTTP, 61, {}),
    "checks[].reuse.wait_ms": (HTTP, 101, {}),
    "pools[].name": ({"pool": "spare"}, "other", {}),
    "pools[].scheduler": (WEB, "ring", {}),
    "pools[].hash": (WEB, "source", {}),
    "pools[].virtual_nodes": (WEB, 151, {}),
    "pools[].p2c.flows": (WEB, 41, {}),
    "pools[].p2c.latency": (WEB, 42, {}),
    "pools[].p2c.errors": (WEB, 0, {}),
    "pools[].max_latency_ms": (WEB, 70, {}),
    "pools[].program": ({"pool": "prog"}, BPF2, {}),
    "pools[].table_size": (WEB, 251, {}),
    "pools[].forward": (WEB, "gue", {}),
    "pools[].tunnel_source": (WEB, ["10.0.9.1", "fd00::1"], {}),
    "pools[].tunnel_source_prefix": (WEB, ["10.9.0.0/16"], {"tunnel_source": None}),
    "pools[].gue_port": (WEB, 6081, {}),
    "pools[].gue_checksum": (WEB, "full", {}),
    "pools[].decrement_ttl": (WEB, True, {}),
    "pools[].mss_clamp": (WEB, -1, {}),
    "pools[].egress": (WEB, "wan", {}),
    "pools[].track": (WEB, "none", {}),
    "pools[].persist_s": (WEB, 20, {}),
    "pools[].drain_timeout_s": (WEB, 0, {}),
    "pools[].fragments": (WEB, "drop", {}),
    "pools[].oversize": (WEB, "drop", {}),
    "pools[].checks": (WEB, ["calm"], {}),
    "pools[].require": (WEB, "any", {"checks": ["calm"]}),
    "pools[].panic_pct": (WEB, 0, {}),
    "pools[].backup_pool": (WEB, "help", {}),
    "pools[].backup_mode": (WEB, "replace", {}),
    "pools[].backup_below": (WEB, 2, {}),
    "pools[].on_all_down": (WEB, "reject", {}),
    "pools[].on_marked_down": (WEB, "rehash", {}),
    "pools[].slow_start_s": (WEB, 0, {}),
    "pools[].slow_start_steps": (WEB, 6, {}),
    "pools[].flap.suppress": (WEB, 2501, {}),
    "pools[].flap.reuse": (WEB, 1251, {}),
    "pools[].flap.half_life_s": (WEB, 61, {}),
    "pools[].flap.max_s": (WEB, 301, {}),
    "pools[].outlier.error_pct": (WEB, 20, {}),
    "pools[].outlier.min_flows": (WEB, 101, {}),
    "pools[].outlier.interval_s": (WEB, 11, {}),
    "pools[].outlier.eject_s": (WEB, 31, {}),
    "pools[].outlier.max_eject_s": (WEB, 301, {}),
    "pools[].outlier.max_eject_pct": (WEB, 51, {}),
    "pools[].backends[].name": (B1, "other", {}),
    "pools[].backends[].address": (B1, "fd00::11", {}),
    "pools[].backends[].weight": (B1, 0, {}),
    "pools[].backends[].admin": (B1, "drain", {}),
    "pools[].backends[].max_flows": (B1, 7, {}),
    "pools[].backends[].id": (B1, 8, {}),
    "pools[].backends[].dscp": ({"pool": "dsr", "backend": "d1"}, 11, {}),
    "vips[].name": (V2, "other", {}),
    "vips[].address": (V2, "203.0.113.16/28", {}),
    "vips[].port": (V2, "8000-8100", {}),
    "vips[].protocol": (V2, "udp", {}),
    "vips[].pool": (V2, "p1", {}),
    "vips[].echo": (V2, "drop", {}),
    "vips[].rules[].name": (GOLD, "other", {}),
    "vips[].rules[].sources": (GOLD, ["198.51.100.0/24", "2001:db8::/32"], {}),
    "vips[].rules[].dscp": (GOLD, [3, 4], {}),
    "vips[].rules[].pool": (GOLD, "spare", {}),
}

# Keys with one word to choose: there is no other value.
ONE_VALUE = {"checks[].via"}


class Daemon:
    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(SOCKET)
        self.lines = self.sock.makefile("rb")
        self.lines.readline()

    def ask(self, cmd, args=None, **more):
        """(the answer, its items)"""
        self.sock.sendall(json.dumps({"v": 1, "id": 1, "cmd": cmd, "args": args or {}, **more}).encode() + b"\n")
        items = []
        while "item" in (line := json.loads(self.lines.readline())):
            items.append(line["item"])
        return line, items

    def must(self, cmd, args=None):
        line, items = self.ask(cmd, args)
        assert line["ok"], f"{cmd} {args}: {line}"
        return line, items

    def shown(self):
        return "\n".join(i["line"] for i in self.must("config.show")[1]) + "\n"


def rows():
    """Every key of the documentation, and whether it takes a restart."""
    for line in open(DOCUMENT, encoding="utf-8"):
        m = re.match(r"\| `([^`]+)` \| ([^|]+) \|", line)
        if m and m[2].strip() != "group" and not m[2].startswith("list"):
            yield m[1], "Takes a restart." in line


def split(path):
    """List and key: "pools[].backends", "weight"."""
    at = path.rfind("[].")
    return (path[:at], path[at + 3 :]) if at >= 0 else ("", path)


def write(text):
    with open(CONFIG, "w", encoding="utf-8") as f:
        f.write(text)


def by_command(d, path):
    section, key = split(path)
    names, value, others = KEYS[path]
    return d.ask(COMMANDS[section], {**names, **others, key: value})[0]


def restarts(d, path):
    """Refused, with the reason, and nothing is other than before."""
    before = d.shown()
    answer = by_command(d, path)
    key = split(path)[1]
    assert not answer["ok"], f"{path}: accepted although it takes a restart"
    assert answer["err"]["code"] == "EINVAL", answer
    word = "the list of ports" if path == "ports[].name" else key
    assert re.search(re.escape(word) + r" changed: that takes a restart", answer["err"]["msg"]), f"{path}: {answer}"
    assert d.shown() == before


def changes(d, path, file):
    """Accepted by command, alone in the difference, and the same by a file."""
    before = d.shown()
    answer = by_command(d, path)
    assert answer["ok"] and answer["data"]["changed"], f"{path}: {answer}"
    differences = [i["path"] for i in d.must("config.diff")[1]]
    section, key = split(path)
    named = section if key == "name" else path
    allowed = {named} | {f"{section}[].{k}" for k in KEYS[path][2]}
    assert named in differences and set(differences) <= allowed, f"{path}: {differences}"
    command = d.shown()
    assert command != before, path
    d.must("config.undo")
    assert d.shown() == before, f"{path}: undo"
    write(command)
    applied = d.must("config.apply")[0]
    assert applied["data"]["changes"] == len(differences), f"{path}: {applied} {differences}"
    assert d.shown() == command, f"{path}: by command\n{command}\nby file\n{d.shown()}"
    write(file)
    d.must("config.apply")
    assert d.shown() == before, f"{path}: back by file"


# Not for the end: the test reads the log and the state directory; and other names are other objects.
# Nor what others do not go with: HEAD has no body, without verification there are no authorities, what is not
# tracked has no sessions and no outliers, and GUE has no prefix of sources.
NOT_KEPT = {
    "daemon.state_dir", "daemon.log.level", "daemon.log.target", "checks[].method", "checks[].tls_verify", "pools[].track",
    "pools[].tunnel_source_prefix",
}

def keep(d, known):
    for path in KEYS:
        if not known[path] and path not in NOT_KEPT and split(path)[1] != "name":
            answer = by_command(d, path)
            assert answer["ok"], f"{path}, beside the others: {answer}"


def main():
    d = Daemon()
    known = dict(rows())
    listed = set(KEYS) | ONE_VALUE
    assert set(known) == listed, f"not tried: {sorted(set(known) - listed)}; no key: {sorted(listed - set(known))}"
    file = open(CONFIG, encoding="utf-8").read()
    for path in KEYS:
        if known[path]:
            restarts(d, path)
        else:
            changes(d, path, file)
    keep(d, known)
    rev = d.must("applied")[0]["data"]["rev"]
    n = sum(known.values())
    print(f"{len(KEYS) - n} keys changed by command and by file, {n} take a restart, revision {rev}")


main()
