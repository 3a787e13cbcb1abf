#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Too few backends of a pool are left: those of its backup pool help, besides or instead of them, as long as
# they can. A flow of another pool never notices.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

lab_up 4
health_backends_start
LAB_CHECKS=$health_tcp
LAB_WEIGHTS="100 100 - -"
LAB_MORE_POOLS=', { name = "sorry"; forward = "ipip"; checks = [ "tcp" ]; slow_start_s = 0; flap = { suppress = 0; };
	backends = ( { name = "be3"; address = "10.77.0.13"; } ); }'

# policy KEYS start|reload: of both pools; be3 alone can help.
policy() {
	LAB_POOL="slow_start_s = 0; flap = { suppress = 0; }; $1"
	health_conf
	if [ "$2" = start ]; then lab_sluiced_start; else lab_reload; fi
}

policy 'backup_pool = "sorry"; backup_below = 150;' start
wait_both up=2
wait_pool sorry up=1 10
served be1 be2
faults_begin

# Besides those that are left.
held_up=$(neutral web4/be{1,2})
health_strike KILL nginx-be1
listens 1 no
decides web4 spill "$struck" "$held_up"
served be2 be3
wait_both down=1
listens 2 no
wait_both down=2
served be3
listens 1 yes
listens 2 yes
wait_both up=2
decides web4 normal
served be1 be2

# Instead of them.
policy 'backup_pool = "sorry"; backup_mode = "replace"; backup_below = 150;' reload
held_up=$(neutral web4/be{1,2})
health_strike KILL nginx-be1
listens 1 no
decides web4 replace "$struck" "$held_up"
wait_both down=1
served be3
# A backup that is down itself helps nobody.
listens 3 no
wait_pool sorry down=1 10
decides web4 normal
served be2
listens 3 yes
wait_pool sorry up=1 10
decides web4 replace
served be3
listens 1 yes
wait_both up=2
decides web4 normal
served be1 be2

faults_expect transitions web{4,6}/be1=4 web{4,6}/be2=2 sorry/be3=2
faults_end
lab_sluiced_stop
