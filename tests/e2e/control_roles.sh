#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Who may do what to a running daemon, by the groups of the process that asks; what scripts see of it in exit
# codes; and what the log tells.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

for group in nogroup daemon adm; do
	getent group $group >/dev/null || skip "there is no group $group"
done
lab_up 2
lab_conf
sed -i "s/^daemon = { control = { /&group = \"nogroup\"; operator_group = \"daemon\"; admin_group = \"adm\"; /" "$LAB_CONF"
sed -i "s/^daemon = { /&log = { level = \"error\"; }; /" "$LAB_CONF"
chmod 0755 "$LAB_DIR"
lab_spawn sluiced lb "$LAB_BUILD/app/sluiced/sluiced" -c "$LAB_CONF"
answers() { lab_ctl status >/dev/null 2>&1; }
wait_for 30 answers || fail "sluiced does not answer"
cp "$LAB_BUILD/app/sluicectl/sluicectl" "$LAB_DIR/ctl"

# try GROUPS WANTED-STATUS COMMAND...: as nobody in these groups. What it said is in said.
try() {
	local status=0
	said=$(setpriv --reuid 65534 --regid "${1%%,*}" --groups "$1" "$LAB_DIR/ctl" -s "$LAB_SOCKET" "${@:3}" 2>&1) || status=$?
	expect_eq "exit status of ${*:3} in $1 ($said)" "$status" "$2"
}
weight() { lab_ctl -j backend list web4 | jq '.[0].weight'; }

try nogroup 0 version
expect_match "role" "$said" 'role viewer'
try nogroup 0 backend list
try nogroup 4 backend weight web4/be1 50
expect_match "a viewer" "$said" 'needs the role operator; yours is viewer'
expect_eq "weight" "$(weight)" 100

try nogroup,daemon 0 backend weight web4/be1 50
expect_eq "weight" "$(weight)" 50
try nogroup,daemon 0 backend drain web4/be1
try nogroup,daemon 4 vip del vip1
expect_match "an operator" "$said" 'needs the role admin; yours is operator'

try nogroup,daemon 4 backend maint web4/be2
try nogroup,daemon 4 health freeze
try nogroup,daemon 4 --force backend weight web4/be1 40
expect_match "an operator with force" "$said" '"force" needs the role admin'
expect_eq "weight" "$(weight)" 50

# Conditions: what else is in use, and what was seen before.
try nogroup,daemon 5 backend drain web4/be2
expect_match "the last one" "$said" 'no backend left'
try nogroup,daemon 5 --if-rev 1 backend ready web4/be1
expect_match "another revision" "$said" 'is at revision [0-9]+, not 1'
try nogroup,daemon 6 backend ready web4/be7
try nogroup,daemon 0 -n backend weight web4/be1 10
expect_eq "weight after a dry run" "$(weight)" 50
try nogroup,daemon 2 backend weight web4/be1
try daemon 4 status # an operator is not let in as such

try nogroup,adm 0 vip del vip1
expect_eq "VIPs" "$(lab_ctl -j vip list | jq length)" 1

# Every change and every refusal is in the log, which has nothing else at this level.
told() { grep -cE "audit: control: uid $1 pid [0-9]+ $2" "$LAB_DIR/sluiced.log" || true; }
expect_eq "what the viewer tried" "$(told 65534 'backend\.weight .*: EPERM, revision 1: ".*yours is viewer"')" 1
expect_eq "what the operator did" "$(told 65534 'backend\.weight \{.*"be1".*\}: done, revision 2$')" 1
expect_eq "what the operator tried" "$(told 65534 'vip\.del .*: EPERM')" 1
expect_eq "another revision" "$(told 65534 'backend\.ready .*: ESTALE')" 1
expect_eq "what the admin did" "$(told 65534 'vip\.del .*: done')" 1
expect_eq "other lines" "$(grep -vc ' audit: ' "$LAB_DIR/sluiced.log" || true)" 0
lab_sluiced_stop
