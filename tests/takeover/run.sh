#!/bin/sh
# Suites that exist are taken over as they are: not changed, not even linked again.
#   tests/takeover/run.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/checks.sh
. "$here/../checks.sh"

# compile PROGRAM SOURCE FLAG...: as a project would that has never heard of Faulttest
compile()
{
    program=$1
    source=$here/$2
    shift 2
    gcc -g -Wall -Wextra -Werror -o "$program" "$source" "$@" -lcmocka -luv -lpthread >output 2>&1
    result $? "$program is built"
    ! ldd "./$program" | grep -q libfaulttest
    result $? 'without libfaulttest'
}

# ---- fixtures, mocks, callbacks, and what cannot be swept --------------------------------------
compile suite suite.c
timeout 20 ./suite >output 2>&1
result $? 'and passes by itself'

ends 1 'the suite is swept' run -v --valgrind=none ./suite
says '7 tests, no faults: 6 pass, deterministic, 1 unsupported'
says 'lines.adds makes no call that can fail'
says 'lines.ticks [0-9 ]+ 0 lines.forks'
says 'UNSUPPORTED lines.forks .*fork is not simulated'
says 'crash lines.crashes .*Segmentation fault in crashes \(suite.c:[0-9]+\)'
says 'leak-fd lines.opens .*epoll_create1 in counter_open .* opened by counter_open .* still open'
says 'noticed [1-9]'
says 'group set-up 1'
says_not 'group set-up 2'
says_not 'BROKEN|NOT DETERMINISTIC|assertion'

ends 0 'an assertion in a callback is noticed' replay ./suite \
    ticks:socketpair:in=counter_open:error=EMFILE
says '^noticed '
ends 0 'a mock with an answer left is noticed' replay ./suite \
    counts_too_many:socket:in=counts_too_many:error=EMFILE
says '^noticed .*its mocks were told to expect something is left, from suite.c:[0-9]+'
ends 0 'one test alone passes' run --valgrind=none --test ticks ./suite
ends 0 'its tests are listed' list ./suite
says 'lines.counts_too_many'
ends 1 'and under Memcheck' run --valgrind=all ./suite
says 'memcheck [0-9]+ of [0-9]+ cases \(those of one fault\), 0 errors'
says 'crash lines.crashes'
says_not 'BROKEN|NOT DETERMINISTIC'

# ---- a suite that fails already ----------------------------------------------------------------
compile failing suite.c -DFAILS
! timeout 20 ./failing >output 2>&1
result $? 'and fails by itself'
ends 1 'the others are swept all the same' run --valgrind=none ./failing
says '6 pass, deterministic, 2 broken, 1 unsupported'
says 'BROKEN TEST lines.fails .*0x2 != 0x3, in fails \(suite.c:[0-9]+\)'
says 'BROKEN TEST lines.leaves_a_mock .*something is left, from suite.c:[0-9]+'
ends 4 'nothing else is no pass' run --valgrind=none --test fails ./failing

# ---- a server in a thread of its own -----------------------------------------------------------
compile server server.c
timeout 20 ./server >output 2>&1
result $? 'and passes by itself'
ends 1 'its server is taken for code under test' run --valgrind=none ./server
says 'in server_main \(server.c:[0-9]+\)'
says 'leak-fd server.asks 1 case: without any fault .* opened by server_main'
ends 1 'or for a peer' run --valgrind=none --peer-thread 'server_*' ./server
says_not 'in server_main|by server_main|assertion|abort|crash'
says 'leak-fd server.asks .*opened by ask '
says "127.0.0.1:40001 says nothing more .*replay --peer-thread 'server_\*' ./server asks:peer"
ends 1 'which a replay by number knows' replay 1
says 'same verdict as in the sweep'
says_not 'server_main'
ends 1 'and a replay by name' replay ./server asks:peer:on=127.0.0.1/40001:silent
says 'leak-fd .*same verdict as in the sweep'
ends 0 'and the list' list --peer-thread 'server_*' ./server asks
says 'asks:peer:on=127.0.0.1/40001:silent'
says_not 'in=server_main'
ends 1 'and Memcheck' run --valgrind=all --peer-thread 'server_*' --test asks ./server
says '1 block \(64 bytes\), allocated by ask .* definitely lost'
says_not 'allocated by server_main'
ends 1 'a pattern that fits nothing changes nothing' run --valgrind=none --peer-thread nobody \
    ./server
says 'in server_main'

compile once server.c -DONCE
ends 1 'a teardown that waits for a server nobody asked' run --valgrind=none \
    --peer-thread 'server_*' ./once
says 'leak-fd once.asks .*opened by ask '
says_not 'hang'
ends 0 'is noticed' replay --peer-thread 'server_*' ./once asks:socket:in=ask:error=EMFILE
says '^noticed .*main thread waits in pthread_join, in .*, for peer thread'

# ---- built with sanitizers: swept as they are, and what is reported is a finding ----------------
overflow="undefined behaviour at sanitized.c:[0-9]+: [Ss]igned integer overflow: .*in overflows"
compile asan sanitized.c -fsanitize=address
ends 1 'a suite with AddressSanitizer' run ./asan
says '4 tests, no faults: pass, deterministic'
says 'memory-error asan.writes_behind 4 cases: 4 emfile'
says 'heap-buffer-overflow, WRITE of size 1, by AddressSanitizer, in writes_behind \(sanitized.c:'
says 'heap-use-after-free, READ of size 1, by AddressSanitizer, in uses_what_is_gone \(sanitized.c:'
says '[0-9]+ cases, 8 failed'
says 'note ./asan is built with AddressSanitizer: what it finds is a memory-error; Memcheck is'
ends 1 'a replay of that' replay 1
says 'SYMPTOM .*heap-.*by AddressSanitizer.* (writes_behind|uses_what_is_gone) sanitized.c:[0-9]+ '
says 'same verdict as in the sweep'
ends 2 'which Memcheck cannot do' replay --valgrind 1
says 'built with AddressSanitizer, which Memcheck cannot run: replay it without'
compile ubsan sanitized.c -fsanitize=undefined
ends 1 'one with UBSan, which by default goes on' run --valgrind=none --test overflows ./ubsan
says "memory-error ubsan.overflows 4 cases: .*$overflow"
compile ubsan_ends sanitized.c -fsanitize=undefined -fno-sanitize-recover
ends 1 'or ends' run --valgrind=none --test overflows ./ubsan_ends
says "memory-error ubsan_ends.overflows 4 cases: .*$overflow"
compile both server.c -fsanitize=address,undefined
ends 1 'both, with threads' run ./both
says 'leak-fd both.asks .*opened by ask '
says_not 'memory-error both|crash|hang'
ends 2 'whose threads cannot be told apart' run --peer-thread 'server_*' ./both
says 'all threads of ./both start in the runtime of AddressSanitizer: sweep a build without'
gcc -g -fsanitize=address,undefined -o linked "$here/sanitized.c" \
    -L"$build" -Wl,-rpath,"$build" -Wl,--push-state,--no-as-needed,-lfaulttest,--pop-state \
    -lcmocka -lpthread >output 2>&1
result $? 'linked is built, with libfaulttest'
ends 1 'it is swept, too' run ./linked
says '[0-9]+ cases, 12 failed'
ends 0 'and nothing goes past' doctor ./linked

# ---- calls that never reach us -----------------------------------------------------------------
compile wrapped wrapped.c -Wl,--wrap=recv -Wl,--wrap=own_number
ends 0 'a mock made with -Wl,--wrap' run --valgrind=none ./wrapped
says 'note ./wrapped has mocks of its own, made with -Wl,--wrap: recv\. What'

# ---- what cannot be taken over: one clear sentence ---------------------------------------------
for sanitizer in thread leak; do
    compile "${sanitizer}san" server.c -fsanitize=$sanitizer
    ends 2 "a build with -fsanitize=$sanitizer is refused" run "./${sanitizer}san"
    says "^faulttest: ./${sanitizer}san is built with [TL][a-z]*Sanitizer, .*sweep a build without"
done
compile static_asan server.c -fsanitize=address -static-libasan
ends 2 'AddressSanitizer linked statically is refused' run ./static_asan
says 'the runtime of AddressSanitizer linked in statically, .*link it as a library .*or sweep'
compile own_cmocka own_cmocka.c
ends 2 'CMocka linked statically is refused' run ./own_cmocka
says 'CMocka is linked into ./own_cmocka statically.* relink with -lfaulttest before -lcmocka'
gcc -static -o static "$here/own_cmocka.c" >output 2>&1
ends 2 'a static program is refused' run ./static
says 'only dynamically linked programs'
cp suite setuid && chown 1:1 setuid && chmod 6755 setuid
if [ -u setuid ] && [ "$(id -u)" != 1 ]; then
    ends 2 'a setuid program is refused' run ./setuid
    says 'setuid, setgid or has capabilities, .*sweep a copy'
fi
# A header that says aarch64 is enough to be told from this machine's.
cp suite foreign && printf '\267\000' | dd of=foreign bs=1 seek=18 conv=notrunc 2>dd.log
[ "$(uname -m)" = aarch64 ] && printf '\076\000' | dd of=foreign bs=1 seek=18 conv=notrunc 2>dd.log
ends 2 'a program for another machine is refused' run ./foreign
says 'is for another machine than this one'
ends 2 'a program without tests' run /bin/true
says 'has no tests that can be taken over .*never called cmocka_run_group_tests'

# ---- the library in front of programs that have nothing to do with it --------------------------
env LD_PRELOAD="$build/libfaulttest.so" sh -c 'ls / | sort >/dev/null; date -u +%Z' >output 2>&1
[ "$(cat output)" = UTC ]
result $? 'libfaulttest is silent in other programs'
env LD_PRELOAD="$build/libfaulttest.so" ./server >output 2>&1
result $? 'and in a plain run of a suite'
# Installed, the library is found in ../lib.
mkdir -p prefix/bin prefix/lib
cp "$faulttest" prefix/bin && cp "$build/libfaulttest.so" prefix/lib
faulttest=$work/prefix/bin/faulttest
ends 0 'an installed command finds its library' run --valgrind=none --test ticks ./suite
rm prefix/lib/libfaulttest.so
ends 70 'and says if it is gone' run --valgrind=none --test ticks ./suite
says 'not linked with libfaulttest.so, which is not in ../lib of the command either'

finish
