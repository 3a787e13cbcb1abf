#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Rules of a VIP come, change and go by command, under traffic: new connections of the clients that a rule names go to
# its pool, those that are there stay; what is refused says why and changes nothing.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/control.inc.sh
. "$(dirname "$0")/control.inc.sh"

# goes WHO SOURCE DSCP: where 12 new connections go
goes() {
	expect_eq "connections from $2 with DSCP $3" \
		"$(lab_exec client "$LAB_TOP/tests/e2e/rule_from.py" "$VIP4" "$2" "$3" 12 | sort -u | xargs)" "$1"
}

# rule SUBCOMMAND...: in force when it returns
rule() { lab_ctl rule "$@" >/dev/null; }

plain=10.77.0.1 gold=10.77.0.101
one_pool() { printf ', { name = "%s"; forward = "%s"; backends = ( { name = "%s"; address = "%s"; } ); }' "$1" "$LAB_FORWARD" "$2" "$3"; }
LAB_VIPS="$VIP4=4"
lab_up 3
lab_backends_start
lab_exec client ip address add "$gold/24" dev eth0
LAB_MORE_POOLS="$(one_pool high be2 10.77.0.12)$(one_pool low be3 10.77.0.13)"
LAB_WEIGHTS="100 0 0"
lab_conf
lab_sluiced_start
expect_eq "rules" "$(lab_ctl rule list)" 'no rules'
goes be1 "$plain" 0
goes be1 "$gold" 8

refused 2 'VIP/RULE "gold" must be two names with a slash between' rule add gold sources="$gold/32" pool=high
refused 6 'VIP "vip9" not found' rule add vip9/gold sources="$gold/32" pool=high
refused 1 'a new rule needs "pool"' rule add vip1/gold sources="$gold/32"
refused 1 'VIP "vip1": rule "gold": give it sources or dscp, or it is for nobody' rule add vip1/gold pool=high
refused 1 'rule "gold": .*pool "hihg" does not exist, did you mean "high"' rule add vip1/gold sources="$gold/32" pool=hihg
refused 1 'VIP "vip1": rule "gold": sources "10\.77\.0\.101/24" is not a prefix' rule add vip1/gold sources="$gold/24" pool=high
refused 1 'dscp 64 is above 63' rule add vip1/gold dscp=64 pool=high
refused 1 'unknown key "source", did you mean "sources"' rule add vip1/gold source="$gold/32" pool=high
refused 6 'VIP "vip1": rule "gold" not found' rule set vip1/gold pool=high
refused 6 'VIP "vip9" not found' rule list vip9
refused 0 'would be accepted' -n rule add vip1/gold sources="$gold/32" pool=high

# A connection that is there when the rule comes, and stays with its backend whatever rules do.
mkfifo "$LAB_DIR/more"
kept() { lab_exec client "$LAB_TOP/tests/e2e/rule_from.py" "$VIP4" "$gold" 0 keep <"$LAB_DIR/more" >"$LAB_DIR/kept" 2>&1; }
kept &
keeper=$!
exec 7>"$LAB_DIR/more"
answers() { [ "$(wc -l <"$LAB_DIR/kept")" -ge "$1" ]; }
wait_for 10 answers 1 || fail "the connection does not begin: $(cat "$LAB_DIR/kept")"

expect_match "the first rule" "$(lab_ctl rule add vip1/gold sources="$gold/32" pool=high)" '^revision 2 in force$'
goes be2 "$gold" 0
goes be1 "$plain" 0
rule add vip1/bulk dscp=8,9 pool=low
goes be3 "$plain" 8
goes be1 "$plain" 10
goes be2 "$gold" 8 # the prefix comes before the DSCP
refused 1 'VIP "vip1": rule "third": dscp 9 stands in rule "bulk" too' rule add vip1/third dscp=9 pool=high
refused 1 'rule "bulk" exists already' rule add vip1/bulk dscp=10 pool=low
expect_match "rule list" "$(lab_ctl rule list | grep bulk)" '^vip1 +bulk +low +8,9 +-$'
expect_match "vip show" "$(lab_ctl vip show vip1 | grep '^rule.gold')" '^rule.gold.sources +10\.77\.0\.101/32$'
expect_eq "by filter" "$(lab_ctl -j --filter dscp=9 rule list | jq -c 'map([.vip, .rule, .sources, .dscp, .pool])')" '[["vip1","bulk",[],[8,9],"low"]]'
expect_eq "vip list" "$(lab_ctl -j vip list | jq .[0].rules)" 2

# Keys change one by one; the longest prefix wins.
rule set vip1/gold sources=10.77.0.0/24
goes be2 "$plain" 8
rule set vip1/bulk sources="$plain/32" dscp=
goes be3 "$plain" 0
goes be2 "$gold" 8
rule set vip1/bulk pool=web4 name=most
goes be1 "$plain" 8

# What a rule's pool needs is guarded as what a VIP's needs.
refused 5 'pool "high" serves rule "gold" of VIP "vip1"' pool del high
refused 5 'pool "high" would have no backend left' backend drain high/be2
refused 5 'at revision' --if-rev 2 rule del vip1/gold

# All rules of a VIP in one step, or none; more prefixes than a person types.
many=$(seq 1023 | awk '{ printf "\"100.64.%d.%d/32\",", $1 / 256, $1 % 256 }')
added='{"cmd":"rule.add","args":{"vip":"vip1","rule":"many","sources":['"$many\"$gold/32\""'],"pool":"low"}}'
said=$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":[{"cmd":"rule.del","args":{"vip":"vip1","rule":"gold"}},'"$added"',{"cmd":"rule.del","args":{"vip":"vip1","rule":"nosuch"}}]}}')
expect_match "a batch with a mistake" "$said" 'ENOENT.*ops\[2\]: VIP ..vip1..: rule ..nosuch.. not found'
goes be2 "$gold" 0
said=$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":[{"cmd":"rule.del","args":{"vip":"vip1","rule":"gold"}},{"cmd":"rule.del","args":{"vip":"vip1","rule":"most"}},'"$added"']}}')
expect_match "a batch" "$said" '"ok":true'
wait_for 10 in_force || fail "the batch did not take force"
goes be3 "$gold" 0
goes be1 "$plain" 8
expect_match "rule list" "$(lab_ctl rule list vip1 | tail -n 1)" '^vip1 +many +low +- +100\.64\.0\.1/32,.*,\+10[0-9]+ more$'
said=$(ask '{"v":1,"id":1,"cmd":"rule.set","args":{"vip":"vip1","rule":"many","sources":['"$many\"$gold/32\",\"192.0.2.1/32\""']}}')
expect_match "a prefix too many" "$said" 'EINVAL.*sources has 1025 elements, at most 1024 are allowed'

# Saved and read again they are the same; a file without them takes them away.
lab_ctl config save --to "$LAB_DIR/saved.conf" >/dev/null
lab_ctl -j rule list | jq -S . >"$LAB_DIR/rules"
lab_ctl config apply >/dev/null
expect_eq "rules after a file without" "$(lab_ctl rule list)" 'no rules'
goes be1 "$gold" 0
cp "$LAB_DIR/saved.conf" "$LAB_CONF"
lab_ctl config apply >/dev/null
lab_ctl -j rule list | jq -S . | diff "$LAB_DIR/rules" - || fail "rules are not what was saved"
goes be3 "$gold" 0
rule del vip1/many
goes be1 "$gold" 0

echo once more >&7
wait_for 10 answers 2 || fail "the connection was cut: $(cat "$LAB_DIR/kept")"
exec 7>&-
wait "$keeper" || fail "the connection ended badly: $(cat "$LAB_DIR/kept")"
expect_eq "the connection that was there" "$(sort -u "$LAB_DIR/kept")" be1
expect_match "the log" "$(lab_log sluiced)" 'audit: control: uid 0 pid [0-9]+ rule.add .*"rule":"gold".*: done, revision 2'
lab_sluiced_stop
