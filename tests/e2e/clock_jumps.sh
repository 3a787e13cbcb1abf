#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The wall clock of the daemon jumps a day ahead, then two days back; then the whole daemon stands still for 3 s, ten
# intervals of its checks. No backend changes its state, no table is built, flows, a connection and sessions
# go on, and probes keep their pace: none is left out, and none is made up for.
set -euo pipefail
# shellcheck source=scripts/netlab.sh
. "$(dirname "$0")/../../scripts/netlab.sh"
# shellcheck source=tests/e2e/faults.inc.sh
. "$(dirname "$0")/faults.inc.sh"

LAB_POOL='persist_s = 300;'
lab_up 2
health_backends_start
# Slower than other tests ask: what a busy machine makes late is no failure here, and is not followed by quick probes.
health_inter=300 health_timeout=250
health_times="inter_ms = $health_inter; fastinter_ms = $health_inter; downinter_ms = $health_inter; timeout_ms = $health_timeout;"
LAB_CHECKS="{ name = \"http\"; type = \"http\"; port = 80; $health_times }, { name = \"tcp\"; type = \"tcp\"; port = 80; $health_times }"
health_conf

# jump SECONDS: how much more the wall clock of the daemon shows; written at once, the file stays the same
jump() {
	python3 -c 'import struct, sys; open(sys.argv[1], "r+b").write(struct.pack("=q", int(sys.argv[2])))' "$LAB_DIR/clock" "$1"
}

head -c 8 /dev/zero >"$LAB_DIR/clock"
lab_spawn sluiced lb env ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" WALL_CLOCK_FILE="$LAB_DIR/clock" \
	LD_PRELOAD="$LAB_BUILD/tests/e2e/wall_clock.so" "$LAB_BUILD/app/sluiced/sluiced" -c "$LAB_CONF"
lab_ready sluiced 'ready: [0-9]+ VIPs, [0-9]+ pools, [0-9]+ backends, [0-9]+ workers' 30
lab_spawn_here follow "$LAB_BUILD/app/sluicectl/sluicectl" -s "$LAB_SOCKET" -j events -f
wait_both up=2

# One connection, a request every 50 ms, all answered by the backend of the first.
cat >"$LAB_DIR/keep.py" <<'END'
import http.client, signal, sys, time
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
c = http.client.HTTPConnection(sys.argv[1], 80, timeout=30)
c.connect()
c.auto_open, who, n = 0, set(), 0
while not ended:
    c.request("GET", "/")
    who.add(c.getresponse().read())
    n += 1
    if n == 1:
        print("began", flush=True)
    time.sleep(0.05)
print("requests", "some" if n > 10 else n, "backends", len(who))
END
faults_begin
lab_spawn keep client python3 "$LAB_DIR/keep.py" "$VIP4"
lab_ready keep began 10
lab_get 20 "$(lab_url "$VIP4")" >/dev/null

# What must stay: which clients are remembered and where, who gets what share.
remembered() {
	lab_ctl -j session list | jq -c 'map([.pool, .client, .backend]) | sort'
	lab_ctl -j backend list | jq -c 'map([.pool, .backend, .state, .slots, .effective])'
	lab_ctl -j pool list | jq -c 'map([.pool, .decision, .checksum])'
}

# Results of each instance so far, in the order of the list, and of how many nothing was learnt.
results() { lab_ctl -j health list | jq -c 'map(.ok + .failed + .neutral)'; }
sum_of() { lab_ctl -j health list | jq "map(.$1) | add"; }
went_on() { [ "$(results | jq --argjson was "$1" --argjson n "$2" '[., $was] | transpose | all(.[0] - .[1] >= $n)')" = true ]; }

passed() { [ "$(now_ms)" -ge "$1" ]; }

instances=8
before=$(remembered)
expect_eq "clients that are remembered" "$(lab_ctl -j session list | jq length)" 1

# paced STOPPED: within two seconds since `begin` that the daemon was not STOPPED (ms), or a little more, every instance has
# some more results than `was`, and none more than its interval allows. A tenth of jitter; one that ran, one that was due.
paced() {
	local is most
	wait_for 10 went_on "$was" 5 || fail "probes do not go on: $was, now $(results)"
	wait_for 10 passed $((begin + $1 + 2000))
	is=$(results)
	most=$((($(now_ms) - begin - $1) * 10 / 9 / health_inter + 2))
	echo "at most $most of each: $(jq -c --argjson was "$was" '[., $was] | transpose | map(.[0] - .[1])' <<<"$is")"
	expect_eq "instances with more than $most results: $was, then $is" \
		"$(jq --argjson was "$was" --argjson most "$most" '[., $was] | transpose | map(select(.[0] - .[1] > $most)) | length' <<<"$is")" 0
}

# same WHAT: nothing is different, and none of the checks but few by chance have failed.
same() {
	expect_eq "clients, backends and pools $1" "$(remembered)" "$before"
	faults_expect transitions
	faults_expect builds
	expect_eq "how long backends have their states $1" \
		"$(lab_ctl -j backend list | jq -c 'map(.since_s | select(. < 0 or . > 600))')" '[]'
	expect_between "failed probes $1" $(($(sum_of failed) - failed)) 0 $((instances / 4))
	lab_alive keep || fail "the connection is gone $1: $(lab_log keep)"
}

# One event by each clock: told apart by their seconds.
told() {
	lab_ctl health freeze "$1" >/dev/null
	lab_ctl health freeze 0 >/dev/null
}

failed=$(sum_of failed)
told 62
for day in 1 -1; do
	begin=$(now_ms) was=$(results)
	jump $((day * 86400))
	paced 0
	same "when the clock has jumped to day $day"
	expect_eq "events of the last 600 s" "$(lab_ctl -j --since 600 events)" "$(lab_ctl -j events)"
	told $((62 + day))
done
# In the order they happened, each shown with its time on the clock of then.
# shellcheck disable=SC2016
order='[.[] | select(.event | test("^FROZEN"))] | map([(.event | scan("for ([0-9]+) s")[0]), ((.time - ($now | tonumber)) / 86400 | round + 0)])'
for have in "$(lab_ctl -j events)" "$(lab_log follow)"; do
	expect_eq "events, and their days" "$(jq -sc --arg now "$EPOCHREALTIME" "$order" <<<"$have")" '[["62",0],["63",1],["61",-1]]'
	expect_eq "numbers of events rise" "$(jq -s 'map(.number) | . == (sort | unique) and length > 6' <<<"$have")" true
done
health_bg_end

# Still for 3 s. What the port holds for the daemon is late, and what it does not hold is lost.
health_bg_start
begin=$(now_ms) was=$(results) failed=$(sum_of failed)
stalls=$(lab_ctl -j status | jq .health.stalls)
kill -STOP "$(lab_pid sluiced)"
stop=$(now_ms)
sleep 3
stopped=$(($(now_ms) - stop))
kill -CONT "$(lab_pid sluiced)"
paced "$stopped"
same "after the stall"
[ "$(lab_ctl -j status | jq .health.stalls)" -gt "$stalls" ] || fail "the stall is not counted"
lab_stop bg
expect_match "background flow over the stall" "$(lab_log bg)" '^sent [1-9][0-9]+ lost [0-9]+ other 0 doubled 0$'
lab_stop keep
expect_eq "the connection" "$(lab_log keep | tail -n 1)" "requests some backends 1"

faults_expect drops
wait_for 5 faults_mbufs_back || fail "packet buffers in use: $(faults_mbufs_now), before $faults_mbufs"
lab_sluiced_stop
