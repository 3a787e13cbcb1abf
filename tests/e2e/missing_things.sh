#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What is missing is named in one sentence; exit 1, no crash.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

lab_up 1
lab_conf
sluiced=$LAB_BUILD/app/sluiced/sluiced

sed 's/interface = "wan"/interface = "nosuch0"/' "$LAB_CONF" >"$LAB_DIR/iface.conf"
lab_refused "$LAB_DIR/iface.conf"
expect_match "missing interface" "$LAB_SAID" 'nosuch0'

sed 's/address = "10.77.0.11"/address = "10.77.0.2"/' "$LAB_CONF" >"$LAB_DIR/own.conf"
lab_refused "$LAB_DIR/own.conf"
expect_match "a backend that is this machine" "$LAB_SAID" \
	'own\.conf:[0-9]+: pool "web4": backend "be1": 10\.77\.0\.2 is an address of this machine, of interface wan'

lab_refused_by unshare --mount sh -c "mount -t tmpfs none /dev/net && exec $sluiced -c $LAB_CONF"
expect_match "missing /dev/net/tun" "$LAB_SAID" '/dev/net/tun'

for cap in net_admin net_raw bpf sys_admin; do
	lab_refused_by setpriv --bounding-set "-$cap" --inh-caps "-$cap" "$sluiced" -c "$LAB_CONF"
	expect_match "missing capability" "$LAB_SAID" "^capability CAP_${cap^^} is missing"
done

lab_refused_by prlimit --nofile=20 "$sluiced" -c "$LAB_CONF"
expect_match "too few open files" "$LAB_SAID" '^at most 20 files may be open.*ulimit'

if ! grep -qv '^0$' /sys/kernel/mm/hugepages/*/free_hugepages; then
	sed 's/huge = false/huge = true/' "$LAB_CONF" >"$LAB_DIR/huge.conf"
	lab_spawn sluiced lb "$sluiced" -c "$LAB_DIR/huge.conf"
	lab_ready sluiced 'ready:' 30
	expect_eq "lines about hugepages" "$(lab_log sluiced | grep -c hugepages)" 1
	lab_sluiced_stop
fi

printf 'ports = ( { name = "wan"; driver = "af_xdp"; interface = "wan"; } );\nnosuch = 1;\n' >"$LAB_DIR/key.conf"
lab_refused "$LAB_DIR/key.conf"
expect_match "unknown key" "$LAB_SAID" 'key\.conf:2: .*nosuch'

lab_refused "$LAB_DIR/absent.conf"
expect_match "absent file" "$LAB_SAID" 'absent\.conf'

# --check needs neither root nor network, and finds the same.
cp "$sluiced" "$LAB_DIR/sluiced"
chmod 755 "$LAB_DIR"
check() {
	setpriv --reuid nobody --regid nogroup --clear-groups "$LAB_DIR/sluiced" -c "$1" --check
}
check "$LAB_CONF" || fail "--check as nobody refuses a good file"
! check "$LAB_DIR/key.conf" 2>/dev/null || fail "--check accepts an unknown key"
