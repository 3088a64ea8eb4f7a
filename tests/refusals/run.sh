#!/bin/sh
# What cannot be swept is refused with one clear sentence and the right exit status, and nothing
# else suffers from it.
#   tests/refusals/run.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/checks.sh
. "$here/../checks.sh"

build_suite()
{
    # shellcheck disable=SC2086  # further flags, each a word
    gcc -g -Wall -Wextra -Werror -I"$build/include" -o suite "$here/suite.c" ${1-} -L"$build" \
        -Wl,-rpath,"$build" -Wl,--push-state,--no-as-needed,-lfaulttest,--pop-state -lcmocka
}
build_suite >output 2>&1
result $? 'the suite is built'

only()
{
    ends "$1" "$2 alone" run --valgrind=none --test "$2" ./suite
}

only 0 passes
only 4 fails
says 'BROKEN TEST suite.fails .* (0x2 != 0x3|2 != 3).* in fails \(suite.c:[0-9]+\)'
only 4 forks
says 'UNSUPPORTED suite.forks .*fork is not simulated.*called by forks \(suite.c:[0-9]+\)'
only 4 cancels_at_any_time
says 'UNSUPPORTED .*pthread_setcanceltype is not simulated.*called by cancels_at_any_time'
only 4 cancels_the_test
says 'UNSUPPORTED .*pthread_cancel is not simulated.*called by cancels_the_test'
only 4 brings_its_stack
says 'UNSUPPORTED .*pthread_attr_setstack is not simulated.*called by brings_its_stack'
only 4 raises_its_priority
says 'UNSUPPORTED .*pthread_mutex_lock is not simulated.*called by raises_its_priority'
only 0 writes_a_file
[ ! -e out.txt ]
result $? 'and no file is made'
only 4 sleeps_for_ever
says 'still going on after [0-9]+ s of virtual time'
only 4 computes_for_ever
# On a machine with much else to do the limit of real time may be reached first.
says '(computes for more than [0-9]+ ms|stands still for more than [0-9]+ s) .*in computes_for_ever'
only 4 waits_for_ever
says 'nothing can run and no timer is set.* in waits_for_ever'
only 4 differs
says 'NOT DETERMINISTIC suite.differs.* run 1 .* run 2 '
only 4 skips
only 4 crashes
says 'Segmentation fault in crashes \(suite.c:[0-9]+\), at address 0'
only 4 crashes_in_a_call
says 'in crashes_in_a_call \(suite.c:[0-9]+\), at address 0 or near; in code of Faulttest'
only 1 calls_nothing
says 'makes no call that can fail'
ends 1 'all of them together' run --valgrind=none ./suite
says 'suite.passes 5 0 5 0 '
says 'suite.passes_too 5 0 5 0 '

ends 2 'an unknown mode' run --mode disconnect ./suite
says "did you mean 'reset'"
ends 2 'a case that does not parse' replay ./suite passes:socket:shrt=1
says '"shrt" is not known'
ends 125 'a case that does not fit' replay ./suite passes:socket:in=nobody:error=EMFILE
says 'Did you mean socket:in=opens_one:error=EMFILE'
ends 125 'a test that is not there' replay ./suite nobody:socket:error=EMFILE
says 'no test nobody'
ends 0 'one that fits' replay ./suite passes:socket:in=opens_one:error=EMFILE
ends 2 'a program without the library' run /bin/true
says 'has no tests that can be taken over'
ends 2 'no program' run ./missing
says 'does not exist'
path=/nowhere
ends 2 'Valgrind missing' run --valgrind=all --test passes ./suite
says 'valgrind'
ends 0 'Valgrind missing, and not asked for' run --valgrind=none --test passes ./suite

# A test that takes another way only in the run from which cases branch.
build_suite -DLATE >output 2>&1
result $? 'the suite is built with one test more'
only 4 differs_late
says 'suite.differs_late is not deterministic: a third run'

# A function of the program's own in front of ours: nothing would be intercepted.
cat >own.c <<'END'
#include <sys/types.h>
ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    (void)fd; (void)buffer; (void)size; (void)flags;
    return 0;
}
END
build_suite "own.c -rdynamic" >output 2>&1
result $? 'a suite with a recv of its own is built'
timeout 60 "$faulttest" run --valgrind=none ./suite >output 2>&1
[ $? -ge 2 ]
result $? 'and is refused'
says 'recv'

finish
