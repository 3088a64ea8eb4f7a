#!/bin/sh
# Cases of several faults: a name means the same in every process, pairs and random runs are the
# same however many run at once, and what fails is made smaller.
#   tests/several/run.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/checks.sh
. "$here/../checks.sh"

gcc -g -Wall -Wextra -Werror -I"$build/include" -o suite "$here/suite.c" -L"$build" \
    -Wl,-rpath,"$build" -Wl,--push-state,--no-as-needed,-lfaulttest,--pop-state -lcmocka \
    >output 2>&1
result $? 'the suite is built'

# verdicts FILE: of its cases of several faults, sorted
verdicts() { jq -r 'select(.case | test(",")) | .case + " " + .verdict' "$1" | sort; }

# same ONE TWO NAME
same()
{
    diff "$1" "$2" >output && [ -s "$1" ]
    result $? "$3"
}

# ---- pairs --------------------------------------------------------------------------------------

ends 0 'two faults are not enough' run --valgrind=none -j1 -o one.jsonl ./suite
says 'pairs +[0-9]+ tried of [0-9]+ in reach of [0-9]+ of [0-9]+ single faults'
ends 0 'the same with four at once' run --valgrind=none -j4 -o four.jsonl ./suite
jq -c 'del(.virtual_ms, .run)' one.jsonl >one
jq -c 'del(.virtual_ms, .run)' four.jsonl >four
same one four 'results do not depend on how many run at once'
ends 0 'no pairs' run --valgrind=none --pairs no -o none.jsonl ./suite
says_not 'several|pairs'
ends 0 'few pairs' run --valgrind=none --pairs 10 -o few.jsonl ./suite
[ "$(verdicts few.jsonl | grep -c .)" -le 20 ]
result $? 'no more than 10 for each of two tests'
ends 2 'a wrong number of pairs' run --pairs many ./suite
says "pairs takes a number from 1 to [0-9]+, not 'many'"

# Every pair by its name, in another process, and under Memcheck.
verdicts one.jsonl >pairs
sed 's/ [^ ]*$//; s/^/--only /' pairs >names
# shellcheck disable=SC2046  # options, each a word
ends 0 'all pairs by their names' run --valgrind=none -o again.jsonl $(cat names) ./suite
verdicts again.jsonl >again
same pairs again 'they end in the same way'
sed -n '1~5p' names >some
# shellcheck disable=SC2046
ends 0 'some of them under Memcheck' run --valgrind=all -o memcheck.jsonl $(cat some) ./suite
verdicts memcheck.jsonl >memcheck
sed -n '1~5p' pairs >natively
same natively memcheck 'they end in the same way there'

# ---- random runs, which find what takes three ---------------------------------------------------

ends 1 'random runs' run --valgrind=none --random 300 -j1 -o one.jsonl ./suite
says 'leak-fd suite.forgets .*random +600 runs, --seed 1'
says '[0-9]+ new cases, by evenly, swarm, burst, '
says_not 'leak-fd +suite.remembers'
cp output first
jq -r 'select(.seq >= 1000000000000000) | .test + .case' one.jsonl | sort >output
[ "$(uniq -d output | grep -c .)" = 0 ] && [ "$(grep -c . output)" -gt 150 ]
result $? 'many of them are cases that nothing else has tried, each of them once'
ends 1 'the same seed' run --valgrind=none --random 300 --seed 1 -j4 -o four.jsonl ./suite
verdicts one.jsonl >one
verdicts four.jsonl >four
same one four 'gives the same cases'
ends 1 'another seed' run --valgrind=none --random 300 --seed 2 -o other.jsonl ./suite
verdicts other.jsonl >other
! cmp -s one other
result $? 'gives others'

# Its first case has been made smaller: no fault can be left out.
small=$(sed -n 's/.* replay [^ ]*suite \(forgets:[^ ]*\)$/\1/p' first)
echo "$small" >output
[ "$(echo "$small" | tr ',' '\n' | grep -c .)" = 3 ]
result $? 'the finding is shown with three faults'

# ---- replay and minimise ------------------------------------------------------------------------

ends 1 'the smallest case is replayed' replay ./suite "$small"
says '^leak-fd .* FAULT .* THEN .* THEN .* SYMPTOM'
ends 1 'and traced' replay --trace ./suite "$small"
says 'leak-fd: descriptor'
ends 0 'it cannot be made smaller' minimise ./suite "$small"
says "leak-fd, in [0-9]+ runs $small "
jq -r 'select(.failed) | .case' one.jsonl other.jsonl | awk -F, 'NF == 4' >larger
if [ -s larger ]; then
    ends 0 'one of four faults can' minimise ./suite "$(head -n 1 larger)"
    [ "$(sed -n '/^forgets:/s/,/\n/gp' output | grep -c .)" = 3 ]
    result $? 'three are left'
fi
ends 4 'what does not fail is not made smaller' minimise ./suite "${small%,*}"
says 'this case does not fail: it ends recovered'
ends 4 'nor in a test that is right' minimise ./suite "remembers:${small#*:}"
says 'this case does not fail: it ends reported'
ends 2 'minimise needs a case' minimise ./suite
says 'faulttest minimise TEST-BINARY CASE'

first=forgets:socket:in=asks:error=EMFILE
ends 125 'a second fault that does not come' replay ./suite "$first,recv:in=asks:eof"
says 'fault 2 of the case, recv:in=asks:eof, did not come: after the .* asked nothing more'
ends 125 'or at another place' replay ./suite "${small%,*},accept:in=asks:error=EMFILE"
says 'fault 3 of the case, accept:in=asks:error=EMFILE, did not come: .* asked instead: [a-z]+:'
ends 125 'a first fault that does not' replay ./suite 'forgets:accept:eof,cancel:op=ask.1'
says 'no such place as that of its first fault, accept:eof'
ends 1 'in a sweep that is not fired' run --valgrind=none --only "$first,recv:in=asks:eof" ./suite
says 'NOT FIRED forgets:socket:in=asks:error=EMFILE,recv:in=asks:eof .*1 not fired'
finish
