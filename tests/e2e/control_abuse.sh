#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Clients that do everything they should not to the control socket: its limits hold, root is still
# answered, the daemon holds on to nothing, and no packet of the traffic is lost.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

port=9000
LAB_VIPS="$VIP4=4"
lab_up 2
lab_backends_start
lab_conf
sed -i -e "s/^daemon = { control = { /&group = \"nogroup\"; /" \
	-e "s/^vips = (\$/&\n  { name = \"udp\"; address = \"$VIP4\"; port = $port; protocol = \"udp\"; pool = \"web4\"; },/" "$LAB_CONF"
chmod 0755 "$LAB_DIR"
lab_sluiced_start
count=$LAB_TOP/tests/e2e/udp_count.py
for i in 1 2; do lab_spawn "receive$i" "be$i" "$count" receive $port; done

pid=$(lab_pid sluiced)
rss_kb() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; }
files() { find "/proc/$pid/fd" -mindepth 1 | wc -l; }
bound() { [ "$(lab_exec be1 ss -Hulpn "sport = :$port" | wc -l)" = 1 ] && [ "$(lab_exec be2 ss -Hulpn "sport = :$port" | wc -l)" = 1 ]; }
wait_for 10 bound || fail "the receivers do not start"
lab_ctl status >/dev/null
rss_before=$(rss_kb) files_before=$(files)
lost=$(lab_kernel_lost)
lab_spawn send client "$count" send "$VIP4" $port 500
lab_spawn_here abuse "$LAB_TOP/tests/e2e/control_abuse.py" "$LAB_SOCKET"

answered=0 began=$SECONDS
while lab_alive abuse; do
	lab_ctl -t 20 status >/dev/null || fail "root is not answered after $answered times"
	answered=$((answered + 1))
	rss=$(rss_kb)
	[ "$rss" -lt $((rss_before + 65536)) ] || fail "sluiced has grown from $rss_before to $rss KB"
done
lab_stop abuse
took=$((SECONDS - began + 1))
expect_eq "exit status of the abuse" "$LAB_STATUS" 0
[ "$answered" -ge 10 ] || fail "root asked only $answered times"

# 2001 refusals and some: 20 a second are told, for the few seconds that they took, and the rest by number.
expect_between "refusals in the log" "$(grep -c 'audit: control: uid 65534 .*: EPERM,' "$LAB_DIR/sluiced.log")" 21 $((20 * (took + 1)))
lab_log_has sluiced 'audit: control: [0-9]+ more were refused' || fail "the log does not tell of the other refusals"

# All that is left of it is gone; the next one is let in.
settled() { [ "$(files)" = "$files_before" ]; }
wait_for 10 settled || fail "sluiced has $(files) files open, $files_before before"
cp "$LAB_BUILD/app/sluicectl/sluicectl" "$LAB_DIR/ctl"
setpriv --reuid 65534 --regid 65534 --clear-groups "$LAB_DIR/ctl" -s "$LAB_SOCKET" status >/dev/null || fail "nobody is not let in any more"
# Somebody in no group of the socket.
status=0
said=$(setpriv --reuid 65533 --regid 65533 --clear-groups "$LAB_DIR/ctl" -s "$LAB_SOCKET" status 2>&1) || status=$?
expect_eq "exit status without permission" $status 4
expect_match "what it says" "$said" 'no permission to use'

lab_stop send
sent=$(lab_log send)
all_there() {
	received=$(lab_ctl -j backend list | jq '[.[] | select(.pool == "web4") | .packets] | add')
	[ "$received" -ge "$sent" ]
}
wait_for 5 all_there || true
for i in 1 2; do lab_stop "receive$i"; done
# What kernels had no room for is not Sluice's.
lost=$(($(lab_kernel_lost) - lost))
[ "$sent" -ge 1000 ] || fail "only $sent packets were sent"
expect_between "packets received of those sent" "$(($(lab_log receive1) + $(lab_log receive2)))" $((sent - lost)) "$sent"
expect_between "packets forwarded of those sent" "$received" $((sent - lost)) "$sent"
expect_eq "drops" "$(lab_ctl -j drops | jq -c 'map(select(.packets > 0) | {(.reason): .packets})')" "[]"
expect_eq "revision, after all that was refused" "$(lab_revision)" 1
lab_sluiced_stop
echo "root was answered $answered times, $sent packets, RSS $rss_before to $(tail -n 1 <<<"$rss") KB"
