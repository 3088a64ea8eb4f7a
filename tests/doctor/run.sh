#!/bin/sh
# What goes past libfaulttest is found and named; what is fine is one line. And both kernels are
# compared.   tests/doctor/run.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/checks.sh
. "$here/../checks.sh"

# build NAME SOURCES AND FLAGS...
build()
{
    name=$1
    shift
    gcc -g -O1 -Wall -Wextra -Werror -I"$build/include" -o "$name" -L"$build" \
        -Wl,-rpath,"$build" -Wl,--push-state,--no-as-needed,-lfaulttest,--pop-state "$@" \
        -lcmocka >output 2>&1
    result $? "$name is built"
}

# As there, and no line of a screen may be wider than 100 columns.
ends()
{
    expected=$1
    name=$2
    shift 2
    timeout 120 "$faulttest" "$@" >output 2>&1 </dev/null
    status=$?
    wide=$(awk 'length($0) > 100' output)
    echo "(exit status $status, expected $expected)" >>output
    [ "$status" = "$expected" ] && [ -z "$wide" ]
    result $? "$name"
}

build clean "$here/clean.c" -luv
ends 0 'a libuv program with nothing unusual' doctor ./clean
says 'system calls ok 3 of 3 tests ran'
says 'definitions ok all [0-9]+ imports'
says 'imports ok .* none is unknown'
says 'instructions ok'
says 'nothing goes past'
says_not '!!'
[ "$(wc -l <output)" -lt 25 ]
result $? 'on one screen'
ends 0 'one of its tests' doctor --test pipes ./clean
says '1 of 1 tests ran'

build asm "$here/asm.c"
ends 1 'a system call instruction' doctor ./asm
says 'system calls !! write, by an instruction of asm itself, in print_by_hand \(asm.c:[0-9]+\)'
says 'instructions !! asm: a system call instruction in print_by_hand \(asm.c:[0-9]+\)'
says 'do call libc.s function'
says 'definitions ok'
says '2 things go past'

build uncovered "$here/uncovered.c"
ends 1 'a function that nobody covers' doctor ./uncovered
says 'system calls !! msgget, made by msgget\(\) of libc for uncovered, called from asks_for_a'
says 'asks_for_a_queue \(uncovered.c:[0-9]+\)'
says 'imports !! uncovered imports msgget of libc'
says_not 'write'
says 'instructions ok'

# Rings of the real kernel would go past the world: there are none. liburing asks by instructions of
# its own.
if [ "$(dpkg-query -W -f '${db:Status-Status}' liburing-dev 2>/dev/null)" = installed ]; then
    gcc -g -O1 -o uring_free "$here/uring.c" -luring -lcmocka && ./uring_free >output 2>&1
    result $? 'a program with io_uring, by itself'
    build uring "$here/uring.c" -DWITHOUT -luring
    ends 0 'without io_uring in a sweep' run --valgrind=none ./uring
    says 'uring, 2 tests, no faults: pass'
    says 'note ./uring uses io_uring \(liburing\), which the simulated kernel does not have'
    ends 0 'and under Memcheck' run --valgrind=all ./uring
    says 'uring, 2 tests, no faults: pass'
    ends 1 'its instructions' doctor ./uring
    says 'io_uring_setup, by an instruction of liburing.so.2[.0-9]* itself, in io_uring_queue'
    build uring_static "$here/uring.c" -DWITHOUT -Wl,-Bstatic -luring -Wl,-Bdynamic
    ends 0 'and statically' run --valgrind=none ./uring_static
    says 'note ./uring_static uses io_uring'
    ends 1 'and they are in the program' doctor ./uring_static
    says 'io_uring_setup, by an instruction of uring_static itself'
    build uring_strict "$here/uring.c" -DWITHOUT -DSTRICT -luring
    ./uring_strict >output 2>&1
    result $? 'nor in a plain run of a strict group'
else
    echo '# skipped: liburing-dev is not installed'
fi

static=$(gcc -print-file-name=libuv_a.a)
[ -f "$static" ] || static=$(gcc -print-file-name=libuv.a)
build static "$here/clean.c" "$static"
ends 1 'a loop that is linked in statically' doctor ./static
says 'libuv is linked into static statically'
says 'link libuv as a shared library \(-luv\)'

gcc -g -o late "$here/clean.c" -L"$build" -Wl,-rpath,"$build" -luv -Wl,--no-as-needed \
    -lfaulttest -lcmocka >output 2>&1
result $? 'late is built, libfaulttest behind libuv'
ends 1 'a wrong order of libraries' doctor ./late
says 'definitions !! uv_[a-z_]+, uv_.* of late are found in libuv.so.1[.0-9]*, not in libfaulttest'
says 'before all other libraries'

build own "$here/clean.c" "$here/own.c" -luv -rdynamic
ends 1 'a recv and a getpeername of its own' doctor ./own
says 'definitions !! getpeername of libuv.so.1[.0-9]* is found in own, not in libfaulttest'
says 'own defines recv itself'
says 'leave that definition out'

gcc -g -o without "$here/uncovered.c" -lcmocka
ends 1 'a program without libfaulttest' doctor ./without
says 'without has no libfaulttest in it'
says 'imports msgget'
says 'the tests were not run'

ends 2 'no program' doctor ./missing
ends 2 'no argument' doctor
ends 2 'a wrong option' doctor --mode partial ./clean

build kernels "$here/kernels.c" -lpthread
ends 0 'both kernels agree on libuv' diff-real ./clean
says 'clean.echoes agrees, [0-9]+ calls'
says '3 tests, 0 differ, 0 skipped'
ends 1 'and differ by chance' diff-real ./kernels
says 'kernels.writes_by_chance differs'
says 'on pipe 1, end 2 simulated kernel real kernel'
says '>> write\(4, .* = 10001 write\(4, .* = [0-9]+'
says 'kernels.streams_between_threads agrees'
says 'kernels.asks_here agrees'
says 'kernels.asks_elsewhere skipped: needs the simulated kernel: fit_peer_replies\("clock.test:37"'
says '4 tests, 1 differ, 1 skipped'
ends 0 'one test of them' diff-real --test streams_between_threads ./kernels
says '1 tests?, 0 differ'
ends 4 'only a test that needs the simulated kernel' diff-real --test asks_elsewhere ./kernels
ends 2 'nothing to compare' diff-real

ends 0 'help about the doctor' help doctor
ends 0 'help about the comparison' help diff-real

finish
