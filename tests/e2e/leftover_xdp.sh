#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A program left on the interface by a killed sluiced is replaced; one of somebody else is refused by name.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1
lab_backends_start
lab_conf
for round in 1 2; do
	lab_sluiced_start
	lab_get 20 "$(lab_url "$VIP4")" >/dev/null
	lab_stop sluiced KILL
	grep -q xdp <<<"$(lab_exec lb ip -d link show dev wan)" || fail "round $round: nothing was left behind to be replaced"
done
lab_sluiced_start
lab_get 20 "$(lab_url "$VIP6")" >/dev/null
lab_sluiced_stop
! grep -q xdp <<<"$(lab_exec lb ip -d link show dev wan)" || fail "the program stays after an orderly end"

# The same for a start with the other driver, whose packets the left-over program would take away.
lab_sluiced_start
lab_stop sluiced KILL
LAB_DRIVER=af_packet
lab_conf
lab_sluiced_start
lab_get 20 "$(lab_url "$VIP4")" >/dev/null
lab_stop sluiced KILL
LAB_DRIVER=af_xdp
lab_conf
grep -q sluice_steer_tc <<<"$(lab_exec lb bpftool net show dev wan)" || fail "nothing was left in tc"
lab_sluiced_start
lab_get 20 "$(lab_url "$VIP4")" >/dev/null
! grep -q sluice_steer_tc <<<"$(lab_exec lb bpftool net show dev wan)" || fail "the filter of the killed run stays"
lab_sluiced_stop

cat >"$LAB_DIR/foreign.bpf.c" <<'END'
__attribute__((section("xdp"), used)) int foreign_guard(void *ctx) { return 2; /* XDP_PASS */ }
END
clang -O2 -target bpf -c "$LAB_DIR/foreign.bpf.c" -o "$LAB_DIR/foreign.o"
ip -n "$(lab_ns lb)" link set dev wan xdp obj "$LAB_DIR/foreign.o" sec xdp
lab_refused "$LAB_CONF"
expect_match "refusal because of a foreign program" "$LAB_SAID" 'wan.*foreign_guard|foreign_guard.*wan'
grep -q xdp <<<"$(lab_exec lb bpftool net show dev wan)" || fail "the foreign program is gone"
