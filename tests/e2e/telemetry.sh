#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# DPDK's telemetry socket answers for Sluice, and its counters add up.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# ask COMMAND: the reply, as any client of the DPDK telemetry socket gets it.
ask() {
	/usr/bin/python3 - "/run/dpdk/$LAB_PREFIX/dpdk_telemetry.v2" "$1" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
s.connect(sys.argv[1])
s.recv(16384)
s.send(sys.argv[2].encode())
print(s.recv(16384).decode())
END
}

lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
lab_get 50 "$(lab_url "$VIP4")" >/dev/null

info=$(ask /sluice/info)
expect_match "/sluice/info" "$info" '"version": *"[0-9]+\.[0-9]+'
drops=$(ask /sluice/drops | jq '."/sluice/drops"')
expect_eq "type of /sluice/drops" "$(jq -r type <<<"$drops")" object
expect_eq "no_vip is listed" "$(jq 'has("no_vip")' <<<"$drops")" true

worker=$(lab_cpu 1)
stats=$(ask "/sluice/lcore/stats,$worker" | jq '."/sluice/lcore/stats"')
jq -e '.rx == .forwarded + .punted + ([.drops[]?] | add // 0)' <<<"$stats" >/dev/null ||
	fail "received packets do not add up: $stats"
# Each request is at least SYN, ACK, GET and FIN.
[ "$(jq .forwarded <<<"$stats")" -ge 200 ] || fail "too few packets forwarded: $stats"
expect_match "a wrong lcore" "$(ask /sluice/lcore/stats,200)" 'null|error|\{\}'
lab_sluiced_stop
