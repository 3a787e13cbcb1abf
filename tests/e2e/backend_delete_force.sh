#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A backend is deleted by force under downloads (fault 11): they start over elsewhere at once, and those of the others
# and a flow of another pool never notice. Without connections it takes no force.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/downloads.inc.sh
. "$(dirname "$0")/downloads.inc.sh"

downloads_lab

# By force: from then on no packet goes there, its downloads end, and those of the others do not notice.
downloads_start 12 400k
declare -A at=()
for i in 1 2 3; do for port in $(clients "$i"); do at[$port]=$i; done; done
[ -n "$(clients 1)" ] || fail "be1 has no download: $(lab_ctl backend list)"
declare -A of=()
for i in {1..12}; do
	port=$(lab_exec client ss -Htnp state established dst "$VIP4" |
		awk -v pid="pid=$(lab_pid "get-$i")," 'index($0, pid) { print $3 }' | sed 's/.*://')
	of[$i]=${at[$port]:-0}
done
lab_ctl --force backend del web4/be1 >/dev/null
lab_spawn sniff sw python3 "$LAB_TOP/tests/e2e/change_storm.py" sniff lb-wan "$LAB_DIR/seen"
lab_ready sniff sniffing 10
moved=0
for i in {1..12}; do
	case ${of[$i]} in
	0) fail "nobody has download $i" ;;
	1)
		wait_for 20 lab_dead "get-$i" || fail "download $i of the deleted be1 goes on"
		lab_stop "get-$i"
		[ "$LAB_STATUS" != 0 ] || fail "download $i of the deleted be1 has ended well"
		moved=$((moved + 1))
		;;
	*) download_end "$i" ;;
	esac
done
lab_stop sniff
echo "$moved downloads ended by force"
[ "$moved" -gt 0 ] || fail "no download was at be1"
# be4 is where the background flow goes.
expect_eq "where packets went after that" "$(awk '{ print $1 }' "$LAB_DIR/seen" | xargs)" "10.77.0.12 10.77.0.13 10.77.0.14"

# Without connections it takes no force. Those that have ended are remembered for a while.
lab_ctl backend drain web4/be2 >/dev/null
lab_ctl flow flush --backend web4/be2 >/dev/null
lab_ctl backend del web4/be2 >/dev/null
expect_eq "members" "$(members)" '[["be3","ready"]]'

faults_expect transitions
faults_end
lab_sluiced_stop
