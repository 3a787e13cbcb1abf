#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Files of 10 MB, fetched all the time while backends come, go, drain and change their weights at random, by
# command and by reload: every one is whole, unless its own backend was taken away by force or for maintenance.
# SEED=N makes the same choices again.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4" LAB_POOL='slow_start_s = 0;'
lab_up 5
lab_sysctl client "net.ipv4.tcp_rmem=4096 65536 131072"
lab_backends_start
head -c 10000000 /dev/urandom >"$LAB_DIR/file"
for i in 1 2 3 4 5; do
	mkdir "$LAB_DIR/be$i/files"
	{ echo "be$i" && cat "$LAB_DIR/file"; } >"$LAB_DIR/be$i/files/file"
	echo "be$i $(sha256sum <"$LAB_DIR/be$i/files/file" | cut -d' ' -f1)" >>"$LAB_DIR/sums"
done
lab_conf
lab_sluiced_start

lab_spawn storm client "$(dirname "$0")/transfer_storm.py" "$VIP4" "$LAB_DIR/sums" "$LAB_SOCKET" "$LAB_CONF" \
	"$(lab_pid sluiced)" 30 "${SEED:-$EPOCHSECONDS}"
wait_for 200 lab_dead storm || fail "it does not end"
lab_stop storm
lab_log storm
expect_eq "exit status" "$LAB_STATUS" 0
lab_get 20 "$(lab_url "$VIP4")" >/dev/null
lab_sluiced_stop
