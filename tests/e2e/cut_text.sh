#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Messages that quote a text are cut where there is no more room, also in the middle of a character of several bytes.
# They come to the reader all the same: what is wrong with a file, how it differs, why it was not applied. So does the log.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

# Two-byte characters behind 0 bytes and behind 1, so that one of both is cut in a character.
some=$(printf 'é%.0s' {1..127})
fewer=$(printf 'é%.0s' {1..126})
shifts=('' a)

LAB_VIPS="$VIP4=4"
lab_up 1
LAB_CHECKS="{ name = \"odd\"; type = \"http\"; port = 80; body = \"$some\"; }"
lab_conf
lab_sluiced_start
cp "$LAB_CONF" "$LAB_DIR/good.conf"

for shift in "${shifts[@]}"; do
	sed "s/name = \"be1\"/name = \"$shift$some$some\"/" "$LAB_DIR/good.conf" >"$LAB_CONF"
	refused="pool \"web4\": backend \"${shift}éé.*\": name has 50[89] bytes"
	status=0
	said=$(lab_ctl config check) || status=$?
	expect_eq "exit status of a check ($said)" "$status" 7
	expect_match "what is wrong with the name" "$said" "sluice.conf:[0-9]+: $refused"
	status=0
	said=$(lab_ctl config apply 2>&1) || status=$?
	expect_eq "exit status of an apply ($said)" "$status" 1
	expect_match "an apply" "$said" "$refused"
	lab_log_has sluiced 'audit: .* config.apply \{\}: EINVAL, revision 1: ".*name has 50[89] bytes' ||
		fail "the log does not say why it was refused"
	kill -HUP "$(lab_pid sluiced)"
	told() { lab_ctl status | grep -aE "was not applied: .*$refused" >"$LAB_DIR/told"; }
	wait_for 10 told || fail "status does not tell of the refused reload: $(lab_ctl status)"

	sed "s/body = \"$some\"/body = \"$shift$fewer\"/" "$LAB_DIR/good.conf" >"$LAB_CONF"
	expect_match "a difference" "$(lab_ctl config diff)" "^check \"odd\": body: \"${shift}éé.*-> \"éé"
done
lab_sluiced_stop
