#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A client confirms and goes away before the note for a restart is removed, because others have questions about large
# files under way: what it confirmed is confirmed, and the note goes all the same.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"

LAB_VIPS="$VIP4=4"
lab_up 1
lab_conf
lab_sluiced_start
LAB_WEIGHTS=50
lab_conf
rev=$(lab_ctl -j config apply --confirm 600 | jq .rev)
note=$LAB_DIR/state/unconfirmed.conf
[ -e "$note" ] || fail "no note in $note"
cp "$LAB_CONF" "$LAB_DIR/good.conf"
{
	cat "$LAB_DIR/good.conf"
	head -c 10000000 /dev/zero | tr '\0' '\n'
} >"$LAB_CONF"
cat >"$LAB_DIR/hangup.py" <<-'END'
	import socket, sys
	def ask(line):
	    s = socket.socket(socket.AF_UNIX)
	    s.connect(sys.argv[1])
	    s.makefile("rb").readline()
	    s.sendall(line)
	    return s
	busy = [ask(b'{"v":1,"id":1,"cmd":"config.check"}\n') for _ in range(6)]
	ask(b'{"v":1,"id":1,"cmd":"config.confirm"}\n').close()
	for s in busy:
	    assert b'"valid":true' in s.makefile("rb").readline()
END
python3 "$LAB_DIR/hangup.py" "$LAB_SOCKET"
wait_for 10 lab_log_has sluiced "revision $rev is confirmed" || fail "it was not confirmed"
gone() { ! [ -e "$note" ]; }
wait_for 10 gone || fail "the note is there still: $(lab_log sluiced | grep -a confirm)"
expect_eq "what waits" "$(lab_ctl -j status | jq -c .config.trial)" null
cp "$LAB_DIR/good.conf" "$LAB_CONF"
lab_sluiced_stop
