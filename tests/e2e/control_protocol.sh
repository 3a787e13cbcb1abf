#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# docs/control-protocol.md is true: its exchanges, replayed against a daemon with its configuration; and so
# is the client of docs/examples.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

doc=$LAB_TOP/docs/control-protocol.md
fence='```'
lab_up 1
workers=$(lab_cpu 1)
[ "$workers" != "$(lab_cpu 0)" ] || workers=
{
	printf 'daemon = { control = { socket = "%s"; }; state_dir = "%s"; };\n' "$LAB_SOCKET" "$LAB_DIR/state"
	printf 'eal = { main_lcore = %s; workers = [ %s ]; huge = false; file_prefix = "%s"; };\n' "$(lab_cpu 0)" "$workers" "$LAB_PREFIX"
	# Nothing arrives at this port.
	printf 'ports = ( { name = "wan"; driver = "vdev"; device = "net_null0,no-rx=1"; next_hop_mac = "02:00:00:00:00:01"; } );\n'
	sed -n "/^${fence}conf\$/,/^$fence\$/{/^$fence/!p}" "$doc"
} >"$LAB_CONF"
lab_sluiced_start
python3 "$LAB_TOP/tests/e2e/exchanges.py" "$LAB_SOCKET" "$doc"

set_weight() { "$LAB_TOP/docs/examples/set_weight.py" "$@" "$LAB_SOCKET"; }
weight_of() { lab_ctl -j backend list web | jq ".[] | select(.backend == \"$1\") | .weight"; }

expect_match "the client" "$(set_weight web b2 70)" '^web/b2: 50 -> 70, in force with revision [0-9]+$'
expect_eq "weight of b2" "$(weight_of b2)" 70
expect_match "the client, with a wrong name" "$(set_weight web b7 70 2>&1 || true)" '^ENOENT: .*b7'
expect_match "the client, with a wrong pool" "$(set_weight wbe b2 70 2>&1 || true)" '^ENOENT: .*wbe'
# Two that change the same over and over: no change is lost, whoever comes first.
revision=$(lab_revision)
for i in {1..10}; do
	set_weight web b1 "$i" >/dev/null &
	one=$!
	set_weight web b2 "$i" >/dev/null
	wait $one
done
expect_eq "weights after all" "$(weight_of b1) $(weight_of b2)" "10 10"
expect_eq "revisions made" "$(($(lab_revision) - revision))" 20
lab_sluiced_stop
