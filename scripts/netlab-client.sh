# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The part of netlab.sh that asks as the client of a laboratory. Sourced by netlab.sh.

# lab_curl ARGUMENTS...: one new connection a request, no retries; any failure is the exit status.
lab_curl() {
	lab_exec client curl -sS --fail --fail-early --connect-timeout 10 -m 20 -H 'Connection: close' "$@"
}

# lab_get N URL: N requests one after the other; the bodies, and a failure if one request fails.
lab_get() {
	lab_curl "$2?[1-$1]" || fail "a request to $2 failed"
}

# lab_ports COUNT BACKEND...: ports of the client from which so many connections to VIP4 go to each of these backends,
# as the table has it; those that the client's kernel picks go by chance. Below 1024 nobody else takes one.
lab_ports() {
	local port said backend ports=()
	declare -A left=()
	for backend in "${@:2}"; do left[$backend]=$1; done
	for ((port = 200; port < 1024 && ${#ports[@]} < $1 * ($# - 1); port++)); do
		said=$(lab_ctl -j lookup "10.77.0.1:$port" "$VIP4:80/tcp" | jq -r '"\(.decided) \(.backend)"')
		backend=${said#table }
		if [ "${left[$backend]:-0}" -gt 0 ]; then
			left[$backend]=$((left[$backend] - 1))
			ports+=("$port")
		fi
	done
	[ ${#ports[@]} = $(($1 * ($# - 1))) ] || fail "no $1 ports for each of ${*:2}"
	echo "${ports[*]}"
}

# lab_even VIP: requests to a VIP with three equal backends are all answered, and each has its share.
lab_even() {
	local i
	lab_get 300 "$(lab_url "$1")" >"$LAB_DIR/bodies"
	expect_eq "answers from $1" "$(grep -cx 'be[123]' "$LAB_DIR/bodies")" 300
	for i in 1 2 3; do
		# 100 expected, sigma 8.2: out of these bounds once in 10^11
		expect_between "requests to $1 seen by be$i" "$(lab_hits "$i" "$1")" 45 155
	done
}

# lab_connections_over: the client has none but in TIME_WAIT. Then a backend has answered its last FIN, so all that it has
# sent is through the balancer, and counted.
lab_connections_over() {
	wait_for 20 lab_no_connections || fail "the client has connections still: $(lab_exec client ss -Htan)"
}

lab_no_connections() {
	[ -z "$(lab_exec client ss -Htan exclude time-wait)" ]
}

# lab_answers URL: does the VIP answer at all?
lab_answers() {
	lab_curl --connect-timeout 1 -o /dev/null "$1" 2>/dev/null
}

lab_silent() {
	! lab_answers "$1"
}

# lab_url ADDRESS: http://ADDRESS/, with brackets where they belong
lab_url() {
	case $1 in
	*:*) echo "http://[$1]/" ;;
	*) echo "http://$1/" ;;
	esac
}
