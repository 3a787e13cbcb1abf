#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""slow_http.py PORT FILE: answers every GET with 200 after as many seconds as FILE says at that moment."""
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[2]) as f:
            time.sleep(float(f.read()))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
