#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What no configuration may be, on every way into a running daemon: config check, config apply, SIGHUP, batch.
# The answer is no, with file and line or the operation; configuration, revision and traffic stay.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/control.inc.sh
. "$(dirname "$0")/control.inc.sh"

LAB_VIPS="$VIP4=4"
lab_up 2
lab_backends_start
lab_conf
lab_sluiced_start
good=$LAB_DIR/good.conf
bad=$LAB_CONF
cp "$LAB_CONF" "$good"
lab_ctl config show >"$LAB_DIR/shown"
lab_ctl backend list | cut -c1-40 >"$LAB_DIR/backends"
line=$(grep -n 'name = "be2"' "$good" | head -n 1 | cut -d: -f1)
sighups=0

# The refused reload was talked of: one more message of that kind.
refusals() {
	[ "$(lab_log sluiced | grep -cE 'revision 1 stays in force')" = "$1" ]
}

# refused NAME REGEX [REGEX]: the file at $bad, by every way. The second is what sluicectl says of a file that it
# cannot send for a check.
refused() {
	local status=0 said wanted=7
	[ -z "${3-}" ] || wanted=1
	said=$(lab_ctl config check 2>&1) || status=$?
	expect_eq "$1: exit status of a check" "$status" 7
	expect_match "$1: a check" "$said" "$2"
	status=0
	said=$(lab_ctl config check "$bad" 2>&1) || status=$?
	expect_eq "$1: exit status of a check of the file ($said)" "$status" "$wanted"
	expect_match "$1: a check of the file" "$said" "${3:-$2}"
	status=0
	said=$("$LAB_BUILD/app/sluiced/sluiced" --check -c "$bad" 2>&1) || status=$?
	expect_eq "$1: exit status of sluiced --check" "$status" 1
	expect_match "$1: sluiced --check" "$said" "$2"
	status=0
	said=$(lab_ctl config apply 2>&1) || status=$?
	expect_eq "$1: exit status of an apply" "$status" 1
	expect_match "$1: an apply" "$said" "$2"
	sighups=$((sighups + 1))
	kill -HUP "$(lab_pid sluiced)"
	wait_for 10 refusals $sighups || fail "$1: the log does not tell of the refused reload"
	expect_eq "$1: revisions" "$(lab_ctl -j status | jq -c '[.rev, .accepted_rev]')" '[1,1]'
	lab_ctl config show | diff "$LAB_DIR/shown" - || fail "$1: the configuration is not what it was"
}

# edited SED-EXPRESSION
edited() { sed "$1" "$good" >"$bad"; }

head -c $(($(stat -c %s "$good") / 2)) "$good" >"$bad"
refused "truncated" "sluice.conf:[0-9]+: "
{
	cat "$good"
	head -c 10000000 /dev/zero | tr '\0' '\n'
	printf '\nnosuch = 1;\n'
} >"$bad"
# A file that does not fit a request is not sent, and says what to do.
too_long="^sluicectl: $bad is above 60000 bytes: use sluiced -c $bad --check\$"
refused "10 MB" "sluice.conf:$(wc -l <"$bad"): unknown key \"nosuch\"" "$too_long"
edited "${line}s/be2/be1/"
refused "a duplicate" "sluice.conf:$line: pool \"web4\": backend \"be1\" exists already"
edited "${line}s/weight = 100/weight = -1/"
refused "weight -1" "sluice.conf:$line: .*weight -1 is below 0"
edited "${line}s/weight = 100/weight = 4294967396/"
refused "weight 4294967396" "sluice.conf:$line: .*4294967396"
edited 's/name = "web4";/& backup_pool = "web6";/; s/name = "web6";/& backup_pool = "web4";/'
refused "a circle of backups" 'sluice.conf:[0-9]+: pool "web4": its backup_pool "web6" leads back to it'
edited "${line}s/weight =/wieght =/"
refused "an unknown key" "sluice.conf:$line: .*unknown key \"wieght\", did you mean \"weight\""
edited "${line}s/be2/b\xff2/"
refused "not UTF-8" "sluice.conf:$line: .*UTF-8" "sluice.conf is no UTF-8 text"
{
	printf 'pools = ( { name = "web4"; backends = (\n'
	for i in $(seq 16384); do
		printf '%s{ name = "b%d"; address = "10.%d.%d.1"; }\n' "${sep-}" "$i" $((i / 256)) $((i % 256))
		sep=,
	done
	printf ') } );\n'
} >"$LAB_DIR/many"
{
	sed '/^pools = (/,/^);/d' "$good"
	cat "$LAB_DIR/many"
} >"$bad"
refused "16,384 backends" "sluice.conf:[0-9]+: .*16384 elements, at most 16383" "$too_long"
cp "$good" "$LAB_CONF"

# The same by commands; two operations each, of which the first is fine.
fine='{"cmd":"backend.weight","args":{"pool":"web4","backend":"be1","weight":7}}'
# not_done CODE REGEX OPERATION...
not_done() {
	local said
	said=$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":['"$fine"','"$3"']}}')
	expect_eq "code of $3 ($said)" "$(jq -r .err.code <<<"$said")" "$1"
	expect_match "what becomes of $3" "$(jq -r .err.msg <<<"$said")" "$2"
	expect_eq "revision after $3" "$(lab_ctl -j status | jq -c '[.rev, .accepted_rev]')" '[1,1]'
}
weight='{"cmd":"backend.set","args":{"pool":"web4","backend":"be2",'
not_done EINVAL 'ops\[1\]: .*weight -1 is below 0' "$weight"'"weight":-1}}'
not_done EINVAL 'ops\[1\]: .*weight 4294967396 is above 1000' "$weight"'"weight":4294967396}}'
not_done EINVAL 'ops\[1\]: .*weight' "$weight"'"weight":"4294967396"}}'
not_done EINVAL 'ops\[1\]: .*unknown key "wieght", did you mean "weight"' "$weight"'"wieght":1}}'
not_done EEXIST 'ops\[1\]: .*"be1" exists already' '{"cmd":"backend.add","args":{"pool":"web4","backend":"be1","address":"10.77.0.19"}}'
not_done EINVAL 'leads back to it' \
	'{"cmd":"pool.set","args":{"pool":"web4","backup_pool":"web6"}},{"cmd":"pool.set","args":{"pool":"web6","backup_pool":"web4"}}'
said=$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":['"$fine"','"$weight")
expect_match "a batch that is cut" "$said" 'EINVAL'
said=$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":['"$fine"','"$weight"$'"name":"b\xff2"}}]}}')
expect_match "a batch that is not UTF-8" "$said" 'EINVAL'
said=$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":['"$fine"','"$weight"'"weight":1,"weight":2}}]}}')
expect_match "a batch with a key twice" "$said" 'EINVAL'
{
	printf '{"v":1,"id":1,"cmd":"batch","args":{"ops":[%s' "$fine"
	for _ in $(seq 1000); do printf ',%s' "$fine"; done
	printf ']}}\n'
} >"$LAB_DIR/long"
# As docs/control-protocol.md says: refused, and the connection goes on with the next line.
too_long='{"id":null,"ok":false,"err":{"code":"EINVAL","msg":"the request is longer than 65536 bytes","hint":"send less in one request"}}'
# long_line WHAT: what the daemon says to the line in long, and to a good one behind it
long_line() {
	echo '{"v":1,"id":2,"cmd":"applied"}' >>"$LAB_DIR/long"
	said=$(socat -t40 - "UNIX-CONNECT:$LAB_SOCKET" <"$LAB_DIR/long" | tail -n +2)
	expect_eq "$1, and the line behind it" "$(jq -cS . <<<"$said")" "$(jq -cS . <<<"$too_long"$'\n''{"id":2,"ok":true,"rev":1,"data":{"rev":1}}')"
}
long_line "a batch above 64 KiB"
{
	printf '{"v":1,"id":1,"cmd":"config.check","args":{"text":"'
	head -c 10000000 /dev/zero | tr '\0' ' '
	printf '"}}\n'
} >"$LAB_DIR/long"
long_line "a line of 10 MB"
# no QUESTION REGEX: what cannot be asked for
no() {
	said=$(ask "$1")
	expect_match "the answer to $1" "$said" "EINVAL.*$2"
}
no '{"v":1,"id":1,"cmd":"applied","args":{"rev":-1}}' 'a revision is not negative'
no '{"v":1,"id":1,"cmd":"applied","args":{"rev":9223372036854775807}}' 'revision 9223372036854775807 was not given out'
no '{"v":1,"id":1,"cmd":"events","args":{"since_s":-1}}' 'not be negative'
no '{"v":1,"id":1,"cmd":"health.freeze","args":{"seconds":9223372036854775807}}' 'seconds must be 0 to'
# What is 0 ms when it is multiplied in 64 bits is since ever all the same.
expect_eq "events" "$(ask '{"v":1,"id":1,"cmd":"health.freeze","args":{"seconds":60}}' | jq .ok)" true
since() { ask '{"v":1,"id":1,"cmd":"events","args":{"since_s":'"$1"'}}' | jq .count; }
expect_between "events of this start" "$(since 1000000)" 1 10
expect_eq "events since ever" "$(since 2305843009213693952)" "$(since 1000000)"
expect_eq "events of now" "$(since 0)" 0
lab_ctl health freeze 0 >/dev/null
expect_eq "revision in the end" "$(lab_ctl -j status | jq -c '[.rev, .accepted_rev]')" '[1,1]'
lab_ctl config show | diff "$LAB_DIR/shown" - || fail "the configuration is not what it was"
lab_ctl backend list | cut -c1-40 | diff "$LAB_DIR/backends" - || fail "the backends are not what they were"
lab_get 40 "$(lab_url "$VIP4")" >/dev/null

# 10,000 backends are no fault: they load, and as many changes as fit one line are one revision.
{
	sed '/^pools = (/,/^);/d' "$good"
	head -n 10001 "$LAB_DIR/many"
	printf ') } );\n'
} >"$LAB_CONF"
expect_match "10,000 backends" "$(lab_ctl -t 30 config apply)" 'revision 2'
expect_eq "backends" "$(lab_ctl -t 30 -j backend list | jq length)" 10000
# weights FIRST LAST WEIGHT [OPERATION]: one batch, and what came of it
weights() {
	local ops
	ops=$(for i in $(seq "$1" "$2"); do
		printf '{"cmd":"backend.weight","args":{"pool":"web4","backend":"b%d","weight":%d}},' "$i" "$3"
	done)
	ops+=${4-}
	printf '{"v":1,"id":1,"cmd":"batch","args":{"ops":[%s]}}\n' "${ops%,}" |
		socat -t40 - "UNIX-CONNECT:$LAB_SOCKET" | tail -n 1
}
# Backends of weight 7.
sevens() { lab_ctl -t 30 config show | grep -c 'weight = 7;' || true; }
said=$(weights 1 700 7)
expect_eq "700 weights ($said)" "$(jq -c '[.ok, .rev, .data.changed, (.data.results | length)]' <<<"$said")" '[true,3,true,700]'
wait_for 10 lab_revision_after 2 || fail "the batch did not take force"
said=$(weights 1 700 8 '{"cmd":"backend.set","args":{"pool":"web4","backend":"b2","weight":-1}}')
expect_match "a long batch with a mistake" "$said" 'EINVAL.*ops\[700\]: .*weight -1 is below 0'
said=$(weights 1 700 7)
expect_eq "the same weights ($said)" "$(jq -c '[.ok, .rev, .data.changed]' <<<"$said")" '[true,3,false]'
expect_eq "backends of weight 7" "$(sevens)" 700
lab_sluiced_stop
