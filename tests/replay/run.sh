#!/bin/sh
# A case is replayed from its name alone: in other surroundings, after edits of the source, in
# another folder, under Memcheck and in a debugger.   tests/replay/run.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/checks.sh
. "$here/../checks.sh"

# build NAME FLAGS...
build()
{
    name=$1
    shift
    gcc -g -O1 -Wall -Wextra -Werror -I"$build/include" -o "$name" "$here/relay.c" "$@" \
        -L"$build" -Wl,-rpath,"$build" -lfaulttest -lcmocka >output 2>&1
    result $? "$name is built"
}

# replayed NAME COMMAND...: the same verdict as in the sweep
replayed()
{
    name=$1
    shift
    timeout 120 "$@" >output 2>&1 </dev/null
    status=$?
    echo "(exit status $status)" >>output
    [ "$status" = 1 ] && grep -q '^leak-fd  relays:' output
    result $? "$name"
}

build relay
case=relays:recv:in=take_message:on=10.0.0.7/7:short=1:when=2
ends 1 'a sweep finds the leak' run --valgrind=none ./relay
says 'leak-fd'
ends 0 'and lists the case' list ./relay relays
grep -qx "$case" output
result $? 'by its name'

replayed 'in the same surroundings' "$faulttest" replay ./relay "$case"
says 'same verdict as in the sweep'
longer=$(head -c 20000 /dev/zero | tr '\0' x)
replayed 'with a longer environment' env LONGER="$longer" HOME="/$(head -c 3000 /dev/zero |
    tr '\0' h)" "$faulttest" replay ./relay "$case"
replayed 'with an empty environment' env -i "PATH=$PATH" "$faulttest" replay ./relay "$case"
replayed 'with a stack without limit' sh -c 'ulimit -s unlimited; exec "$@"' sh \
    "$faulttest" replay ./relay "$case"
replayed 'with few descriptors' sh -c 'ulimit -n 600; exec "$@"' sh \
    "$faulttest" replay ./relay "$case"
replayed 'in another locale and time zone' env LC_ALL=C.UTF-8 TZ=Asia/Tokyo \
    "$faulttest" replay ./relay "$case"
mkdir -p "other machine/with a much longer name of its folder"
cp relay "other machine/with a much longer name of its folder/renamed"
replayed 'from another folder, by another name' "$faulttest" replay \
    "other machine/with a much longer name of its folder/renamed" "$case"
replayed 'under Memcheck' "$faulttest" replay --valgrind ./relay "$case"
ends 1 'with all calls' replay --trace ./relay "$case"
says '>>> [0-9. ]+ recv\(3, "a", 5, 0\) = 1 FAULT short=1'
says 'socket\(AF_INET, SOCK_STREAM, 0\) = 3'

# Where randomisation cannot be switched off, its results must not differ: the program switches
# it on again by itself here.
cat >random.c <<'END'
#include <stdlib.h>
#include <sys/personality.h>
#include <unistd.h>
__attribute__((constructor)) static void again(void)
{
    char *argv[] = { "relay", "one", "more", "argument", NULL };
    if (getenv("AGAIN") || !getenv("FAULTTEST_CONTROL")) return;
    setenv("AGAIN", "1", 1);
    personality(personality(0xffffffff) & ~ADDR_NO_RANDOMIZE);
    execv("/proc/self/exe", argv);
}
END
build random random.c
readelf -h relay | grep -q 'DYN'
result $? 'a program that lies at a random address'
for time in 1 2 3; do
    replayed "with randomisation and other arguments, $time" "$faulttest" replay ./random "$case"
done
ends 1 'whose trace is that of the other' replay --trace ./random "$case"
grep -E '^(>>>| )' output >one
"$faulttest" replay --trace ./relay "$case" | grep -E '^(>>>| )' >two
diff one two >output
result $? 'line by line'

build edited -DEDITED
replayed 'after edits in front of the place' "$faulttest" replay ./edited "$case"
build fixed -DEDITED -DFIXED
ends 0 'after the repair the case passes' replay ./fixed "$case"
says 'recovered'

ends 125 'a case of a call that there never was' replay ./relay \
    relays:recv:in=take_message:on=10.0.0.7/7:short=1:when=9
says 'when=2'
ends 125 'a function that is gone' replay ./relay \
    relays:recv:in=take_massage:on=10.0.0.7/7:short=1
says 'did you mean|take_message'
ends 2 'no case at all' replay ./relay relays:recv:short
ends 2 'gdb and Memcheck at once' replay --gdb --valgrind ./relay "$case"
says 'do not go together'

# $(...) reads what gdb's user would see; the program is stopped in the middle and then goes on.
printf 'frame\nfit-threads\ncontinue\nquit\n' >commands
timeout 120 "$faulttest" replay --gdb ./relay "$case" >output 2>&1 <commands
[ $? = 1 ]
result $? 'in gdb, to the end'
says 'the fault is injected now, below take_message \(relay.c:[0-9]+\)'
says 'test runs #0 take_message \(relay.c:[0-9]+\)'
says 'peer 10.0.0.7:7 waits in'
says 'exited normally'
says 'leak-fd relays:recv'
printf 'kill\nquit\n' >commands
timeout 120 "$faulttest" replay --gdb ./relay "$case" >output 2>&1 <commands
result $? 'in gdb, left in the middle'
pgrep -f "$work/relay" >pids
[ $? = 1 ]
result $? 'nothing of it is left'
# ---- faults in the setup of a test: its cases belong to runs with that option -------------------

gcc -g -O1 -I"$build/include" -o setup "$here/../defects/setup-fault-unnoticed.c" -L"$build" \
    -Wl,-rpath,"$build" -lfaulttest -lcmocka >output 2>&1
result $? 'a test with a setup is built'
case=asks:socket:in=opens:error=EMFILE
ends 0 'nothing goes wrong in its setup' run --valgrind=none --pairs no ./setup
says 'not tried set-up of ./setup, [0-9]+ points \(--include-setup\)'
ends 0 'whose cases are not listed' list ./setup asks
says_not 'in=opens'
ends 0 'unless that is wanted' list --include-setup ./setup asks
grep -qx "$case" output
result $? 'by its name'
ends 1 'what goes wrong in it' run --valgrind=none --pairs no --include-setup ./setup
says "replay --include-setup ./setup $case"
says_not 'not tried set-up'
says 'noticed [0-9]'
ends 1 'is replayed by its number' replay 1
says 'same verdict as in the sweep'
ends 1 'by its name' replay ./setup "$case"
rm -r .faulttest
ends 1 'with the option' replay --include-setup ./setup "$case"
says '^bad-close'
ends 125 'and not without' replay ./setup "$case"
says 'opens'
ends 0 'and made smaller' minimise --include-setup ./setup "$case"
says "asks:socket:in=opens:error=EMFILE"
for part in 1 2; do
    timeout 120 "$faulttest" run --valgrind=none --pairs no --include-setup --shard $part/2 \
        -o part$part.jsonl ./setup >output 2>&1
    [ $? -le 1 ]
    result $? "part $part of its cases"
done
ends 1 'put together' merge -o merged.jsonl part1.jsonl part2.jsonl
says "replay --include-setup ./setup $case"

# ---- a fault of the loop has a line of its own ---------------------------------------------------

# shellcheck disable=SC2046  # options, each a word
gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -DREPAIRED -I"$build/include" $(pkg-config --cflags libuv) \
    -o timer "$here/../defects/uv-timer-early.c" -L"$build" -Wl,-rpath,"$build" -lfaulttest \
    -lcmocka $(pkg-config --libs libuv) >output 2>&1
result $? 'a test with a timer is built'
ends 0 'a late callback' replay --trace ./timer pauses:uv_timer_cb:in=on_timer:delay=10s
says '2 -- cb uv_timer_cb on_timer >>> 0\.[0-9]+ 2 uv_timer_cb on_timer FAULT delay=10s op 10'
ends 0 'that takes long' replay --trace ./timer pauses:uv_timer_cb:in=on_timer:at=end:delay=10s
says '>>> 0\.[0-9]+ 2 uv_timer_cb on_timer at its end FAULT delay=10s 10\.[0-9]+ 2 epoll_wait'
ends 0 'a timer that is early' replay --trace ./timer pauses:uv_timer_start:in=pauses:early
says '>>> 0\.[0-9]+ 0 uv_timer_start FAULT early'

# ---- a replay asks what --extended asks, and means what the sweep did ----------------------------

# shellcheck disable=SC2046  # options, each a word
gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -I"$build/include" $(pkg-config --cflags libuv) \
    -o pair "$here/../defects/pair-cancel-during-back-off.c" -L"$build" -Wl,-rpath,"$build" \
    -lfaulttest -lcmocka $(pkg-config --libs libuv) >output 2>&1
result $? 'a test that is cancelled after a fault is built'
pair=connects:socket:in=attempt:error=EMFILE,cancel
ends 1 'a cancel between two callbacks' replay ./pair $pair:op=connect.1:after=on_closed
says 'connect.1 was cancelled, after on_closed'
ends 1 'and one at the end of the first' replay ./pair $pair:at=end:op=connect.1:after=on_closed
says 'connect.1 was cancelled, at the end of on_closed'

ends 0 'the help on replay' help replay
says '--gdb'
finish
