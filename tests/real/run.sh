#!/bin/sh
# Sweeps over the real kernel: programs that start others, and a client of Redis, against a real
# server on a free port of this machine: what leaks must be found, what is right must be clean. The
# server is always ended.
#   tests/real/run.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: $0 BUILD" >&2; exit 2; }
build=$(cd "$1" && pwd) || exit 2
out=$build/real
passed=0 failed=0 server=

ok() { passed=$((passed + 1)); echo "ok $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok $1"; }
# check NAME COMMAND...
check() {
    name=$1
    shift
    if "$@"; then ok "$name"; else not_ok "$name"; fi
}

stop_server() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
    server=
}
trap stop_server EXIT
trap 'exit 1' INT TERM HUP

answers() { [ "$(redis-cli -h 127.0.0.1 -p "$port" ping 2>/dev/null)" = PONG ]; }

# A port that is taken makes the server end at once, and another one is tried.
start_server() {
    port=$((20000 + $$ % 10000))
    for _ in 1 2 3 4 5 6 7 8; do
        redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$out" \
            >"$out/server.log" 2>&1 &
        server=$!
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            kill -0 "$server" 2>/dev/null || break
            if answers && kill -0 "$server" 2>/dev/null; then return 0; fi
            sleep 0.1
        done
        stop_server
        port=$((port + 37))
    done
    return 1
}

# compile NAME SOURCE FLAGS...
compile() {
    program=$1 source=$here/$2
    shift 2
    ${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -U_FORTIFY_SOURCE -Wall -Wextra -Werror -O1 -g -rdynamic \
        -DREDIS_PORT="${port:-0}" "$@" -I"$build/include" -o "$out/$program" "$source" \
        -L"$build" -Wl,-rpath,"$build" -Wl,--no-as-needed -lfaulttest -Wl,--as-needed \
        -lcmocka "$libs" -pthread
}

# sweep NAME OPTION...: its exit status
sweep() {
    program=$1
    shift
    rm -f "$out/count"
    (cd "$out" && timeout 300 "$build/bin/faulttest" run --world=real --valgrind=none "$@" \
        -o "$out/$program.jsonl" "./$program") >"$out/$program.out" 2>&1
}

cases() { jq -r .case "$out/$1.jsonl" | sort -u | wc -l; }
has_case() { cases_of "$1" | grep -q -e "$2"; }
cases_of() { jq -r .case "$out/$1.jsonl"; }
enough() { [ "$(cases "$1")" -ge 30 ]; }
has() { grep -q -e "$2" "$out/$1.out"; }
# Some case of the sweep has this verdict: verdict NAME WORD
verdict() { jq -e -s --arg w "$2" 'any(.[]; .verdict == $w)' "$out/$1.jsonl" >/dev/null; }
# No process of this program is left.
none_runs() { ! find /proc/[0-9]*/exe -lname "$out/$1" 2>/dev/null | grep -q .; }
is_status() { [ "$1" = "$2" ]; }
only_that_leak() {
    [ "$(jq -r 'select(.failed) | "\(.verdict) \(.mode)"' "$out/$1.jsonl" | sort -u)" = \
        "leak-fd reset" ]
}
replays() {
    (cd "$out" && timeout 60 "$build/bin/faulttest" replay 1) >"$out/replay.out" 2>&1
    is_status $? 1 && grep -q 'same verdict as in the sweep' "$out/replay.out"
}

mkdir -p "$out"
libs=-luv
check compiles_processes compile processes processes.c
check compiles_forgotten compile forgotten processes.c -DLEAKS
# Whether the end of the stream comes with the data or after it differs from run to run, and so does
# how often libuv asks for a buffer: mode callback is not for this.
sweep processes -v --mode emfile
check processes_are_clean is_status $? 0
check all_of_them_are_swept has processes '7 tests, no faults: pass'
check child_has_an_assertion has processes 'an assertion failed in a child that was forked'
# No process is made, or it cannot become the program; a signal comes.
sweep processes --mode thread,signal
check processes_that_are_not_made is_status $? 0
check shell_that_is_not_made has_case processes 'uses_a_shell:system:.*error=ENOMEM'
check program_that_is_missing has_case processes 'spawns:execve:.*error=ENOENT'
check signal_while_it_waits has_case processes 'forks:signal:.*on=SIGTERM'
sweep forgotten --test filters
check forgotten_fails is_status $? 1
check finds_the_child has forgotten 'child process: 1 still there at the end of the test'
check finds_the_pipe has forgotten 'descriptor [0-9]* (pipe), opened by start_filter'
check no_child_is_left none_runs processes
(cd "$out" && "$build/bin/faulttest" run --valgrind=none ./processes) >"$out/processes.out" 2>&1
check no_processes_in_the_world is_status $? 4
for call in posix_spawn fork system; do
    check "refuses_$call" has processes "$call is not simulated: .*"
done
check names_the_real_world has processes 'faulttest run --world=real --test filters ./processes'

if ! command -v redis-server >/dev/null || ! command -v redis-cli >/dev/null; then
    echo "# skipped: redis-server is not installed"
    echo "$passed passed, $failed failed"
    exit "$((failed != 0))"
fi
libs=-lhiredis
if ! start_server; then
    echo "not ok server: $out/server.log"
    echo "0 passed, 1 failed"
    exit 1
fi

check compiles compile redis redis.c
check compiles_leaking compile redis_leaks redis.c -DLEAKS
sweep redis
check right_is_clean is_status $? 0
check right_has_30_cases enough redis
check says_what_is_not_tried has redis '^note .*not tried over the real kernel'
check recovers verdict redis recovered
check reports verdict redis reported
sweep redis_leaks
check leak_fails is_status $? 1
check finds_only_that_leak only_that_leak redis_leaks
check replay_line_says_world has redis_leaks 'replay --world=real ./redis_leaks'
check replays_by_number replays

check compiles_odd compile odd odd.c
sweep odd --test time_is_real
check time_is_real is_status $? 0
sweep odd --test differs
check runs_that_differ_fail is_status $? 1
check runs_that_differ_are_said has odd 'runs over the real kernel do not ask the same'
check question_did_not_come verdict odd not-fired
sweep odd --only "waits_for_ever:recv:in=waits_for_ever:on=127.0.0.1/$port:eof"
check limit_ends_a_wait is_status $? 1
check limit_is_called_so has odd 'more than 10 s of real time'
if command -v valgrind >/dev/null; then
    sweep odd --test forgets_memory --valgrind=failed
    check memory_is_a_leak_to_memcheck verdict odd leak-memory
fi
check compiles_peer compile peer peer.c
sweep peer
check peer_elsewhere_is_refused is_status $? 4
check peer_elsewhere_is_named has peer 'needs the simulated kernel: *fit_peer'
check server_still_answers answers

echo "# $(cases redis) cases of the right client, $(cases redis_leaks) of the other"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
