# SPDX-License-Identifier: BSD-3-Clause
"""A client of the telemetry socket that every DPDK program has."""

import json
import os
import pathlib
import socket


def runtime_dir(prefix):
    base = "/var/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp")
    return pathlib.Path(base) / "dpdk" / prefix


class Telemetry:
    def __init__(self, prefix, timeout=5):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(timeout)
        try:
            self.sock.connect(str(runtime_dir(prefix) / "dpdk_telemetry.v2"))
            self.sock.recv(16384)
        except OSError:
            self.sock.close()
            raise

    def ask(self, command):
        """The answer to "/name" or "/name,parameter"."""
        self.sock.send(command.encode())
        return json.loads(self.sock.recv(65536))[command.split(",")[0]]

    def close(self):
        self.sock.close()
