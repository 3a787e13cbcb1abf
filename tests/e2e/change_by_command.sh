#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Backends, pools and VIPs change by command, under traffic; what is refused changes nothing and says why.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/control.inc.sh
. "$(dirname "$0")/control.inc.sh"

# field BACKEND KEY
field() {
	lab_ctl -j backend list web4 | jq -r ".[] | select(.backend == \"$1\") | .$2"
}

LAB_VIPS="$VIP4=4 $VIP4B=4"
lab_up 3
lab_backends_start
LAB_VIPS="$VIP4=4"
lab_conf
lab_sluiced_start
lab_get 30 "$(lab_url "$VIP4")" >/dev/null

# A weight is in force when the command returns.
expect_match "weight" "$(lab_ctl backend weight web4/be2 50%)" '^revision 2 in force$'
expect_eq "weight of be2" "$(field be2 weight)" 50
expect_match "the same again" "$(lab_ctl backend weight web4/be2 50)" '^nothing to change: revision 2$'
lab_ctl backend set web4/be2 weight=1000 name=b2 >/dev/null
expect_eq "weight of b2" "$(field b2 weight)" 1000
lab_ctl backend set web4/b2 weight= name=be2 >/dev/null
expect_eq "weight of be2" "$(field be2 weight)" 100
lab_ctl backend drain web4/be1 >/dev/null
lab_hits_reset
lab_get 60 "$(lab_url "$VIP4")" >/dev/null
expect_eq "requests to be1 in drain" "$(lab_hits 1)" 0
lab_ctl backend ready web4/be1 >/dev/null
lab_ctl backend maint web4/be3 >/dev/null
lab_ctl backend ready web4/be3 >/dev/null

# Refusals: the reason, the exit status, and nothing else.
refused 1 'weight 5000 is above 1000' backend weight web4/be1 5000
refused 1 'unknown key "wieght", did you mean "weight"' backend set web4/be1 wieght=5
refused 1 'is in pool "web4" and in pool "web6"' backend weight be1 5
refused 6 'pool "wbe4" not found, did you mean "web4"' backend weight wbe4/be1 5
refused 6 'backend "be9" not found' backend drain web4/be9
refused 1 'address 10\.77\.0\.11 belongs to backend "be1"' backend set web4/be2 address=10.77.0.11
refused 1 'a new backend needs "address"' backend add web4/be4 weight=3
refused 1 'backend "be4": 10\.77\.0\.2 is an address of this machine, of interface wan' backend add web4/be4 address=10.77.0.2
refused 1 'exists already' backend add web4/be1 address=10.77.0.14
refused 5 'serves VIP "vip1"' pool del web4
refused 1 'pool "nosuch" does not exist' vip set vip1 pool=nosuch
refused 1 'takes a restart' port set wan mtu=1400
refused 2 'KEY=VALUE' backend set web4/be1 weight
refused 5 'is at revision' --if-rev 1 backend weight web4/be1 7
refused 0 'would be accepted' -n backend weight web4/be1 7
refused 0 'pool "web4": [1-9][0-9]?\.[0-9]+ % of its slots would move' -n backend weight web4/be1 50%
refused 0 '^nothing to change' -n backend ready web4/be1
refused 2 'needs NAME=ADDRESS' pool replace web4
refused 0 'pool "web4": [34][0-9]\.[0-9]+ % of its slots would move' -n backend drain web4/be1
refused 1 'above 1000' -n backend weight web4/be1 7000
lab_get 60 "$(lab_url "$VIP4")" >/dev/null

# Several mistakes are told at once.
refused 1 'weight 5000 .*; .*address "x"' backend set web4/be1 weight=5000 address=x

# A pool is not left without a backend by a slip.
lab_ctl backend drain web4/be1 >/dev/null
lab_ctl backend weight web4/be2 0 >/dev/null
refused 5 'no backend left' backend maint web4/be3
refused 5 'no backend left' backend weight web4/be3 0
lab_ctl --force backend drain web4/be3 >/dev/null
lab_ctl backend ready web4/be3 >/dev/null
lab_ctl backend ready web4/be1 >/dev/null
lab_ctl backend weight web4/be2 100 >/dev/null

# A VIP and a pool of its own, from nothing.
lab_ctl pool add p2 forward="$LAB_FORWARD" >/dev/null
lab_ctl backend add p2/be3 address=10.77.0.13 >/dev/null
lab_silent "$(lab_url "$VIP4B")" || fail "$VIP4B answers although nothing serves it"
lab_ctl vip add v2 address="$VIP4B" port=80 pool=p2 >/dev/null
lab_hits_reset
lab_get 20 "$(lab_url "$VIP4B")" >/dev/null
expect_eq "requests to be3" "$(lab_hits 3)" 20
refused 5 'VIP "v2" may have up to (1?[0-9]|20) live connections' vip del v2
refused 5 'VIP "v2" may have' vip set v2 port=81
lab_ctl vip add v3 address="$VIP4B" port=82 pool=p2 >/dev/null
lab_ctl vip del v3 >/dev/null # it never had one
lab_ctl --force vip del v2 >/dev/null
lab_silent "$(lab_url "$VIP4B")" || fail "$VIP4B answers although it was deleted"
lab_ctl --force pool del p2 >/dev/null
refused 6 'VIP "v2" not found' vip del v2
expect_eq "VIPs" "$(lab_ctl -j vip list | jq -r '.[].vip')" vip1

# An operation of a batch that fails takes all of them along.
rev=$(lab_revision)
ops='{"cmd":"backend.weight","args":{"pool":"web4","backend":"be1","weight":11}}'
expect_match "bad batch" "$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":['"$ops"',{"cmd":"vip.del","args":{"vip":"x"}}]}}')" 'ops\[1\]'
expect_eq "revision after a bad batch" "$(lab_revision)" "$rev"
expect_match "good batch" "$(ask '{"v":1,"id":1,"cmd":"batch","args":{"ops":['"$ops,${ops/be1/be2}"']}}')" '"ok":true'
lab_ctl backend weight web4/be3 12 >/dev/null
expect_eq "weights" "$(lab_ctl -j backend list web4 | jq -c 'map(.weight)')" '[11,11,12]'
expect_eq "revisions" "$(lab_revision)" $((rev + 2))
lab_get 30 "$(lab_url "$VIP4")" >/dev/null
lab_sluiced_stop
