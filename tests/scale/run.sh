#!/bin/sh
# A sweep that is large: parted, broken off, gone on with, put together, limited; what is known.
#   tests/scale/run.sh BUILD
# shellcheck disable=SC2086  # $run is words
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/checks.sh
. "$here/../checks.sh"

# compile PROGRAM SOURCE FLAG...
compile()
{
    program=$1
    source=$here/$2
    shift 2
    gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Werror -rdynamic -I"$build/include" "$@" \
        -o "$program" "$source" -L"$build" -Wl,-rpath,"$build" -Wl,--no-as-needed -lfaulttest \
        -Wl,--as-needed -lcmocka >output 2>&1
    result $? "$program is built"
}

# same ONE TWO NAME: two results files, but for the time that they took
same()
{
    sed 's/"seconds":[0-9.e-]*//' "$1" >one.compared
    sed 's/"seconds":[0-9.e-]*//' "$2" >two.compared
    cmp one.compared two.compared >output 2>&1
    result $? "$3"
}

# The screen without the program's path and the time.
screen() { sed -e 's/ in [0-9.]* s$//' "$1" | grep -v '^shard '; }

# lines FILE NUMBER
cases() { jq -r 'select(.mode != "none") | .case' "$1" | wc -l; }

# holds NAME COMMAND...: in the shell itself
holds()
{
    name=$1
    shift
    "$@" >output 2>&1
    result $? "$name"
}

compile found found.c
compile many many.c -DMANY_READS=400
compile some many.c -DMANY_READS=100
compile most many.c -DMANY_READS=2500
run="run --valgrind=none --pairs no"      # for the counts; pairs have a part of their own

# ---- order, and the first line -------------------------------------------------------------------
ends 1 'one case at a time' $run -j 1 -o one.jsonl ./found
cp output one.out
ends 1 'eight at a time' $run -j 8 -o eight.jsonl ./found
same one.jsonl eight.jsonl 'results do not depend on -j'
holds 'the first line tells of the run' jq -e -s \
    '.[0].run | .complete and .version and .binaries[0].build and .binaries[0].path == "./found"' \
    one.jsonl
holds 'and no other does' test "$(jq -c 'select(.run)' one.jsonl | wc -l)" = 1
holds 'nothing is left beside the results' test ! -e one.jsonl.partial

# ---- shards --------------------------------------------------------------------------------------
all=$(cases one.jsonl)
bad=$(jq -c 'select(.failed and .mode != "none")' one.jsonl | wc -l)
for part in 1 2 3 4; do
    ends 1 "shard $part of 4" $run --shard "$part/4" -o "part$part.jsonl" ./found
    says "shard $part/4: [0-9]+ of $all cases"
done
holds 'every case is in one of them' test \
    "$(cat part?.jsonl | jq -r .case | sort | uniq -d | wc -l) $(cases one.jsonl)" = \
    "0 $(cat part?.jsonl | jq -r .case | wc -l)"
ends 1 'they are put together' merge -o merged.jsonl part3.jsonl part1.jsonl part4.jsonl part2.jsonl
cp output merged.out
same merged.jsonl one.jsonl 'which gives what one run gives'
screen one.out >one.screen
screen merged.out >merged.screen
sed -i '/exit status/d' one.screen merged.screen
holds 'and shows the same screen' diff one.screen merged.screen
ends 1 'a merged run is the last one' replay 3
says 'leak-fd steps:peer:on=10.0.0.7/7:short=4'

ends 2 'a shard is missing' merge -o no.jsonl part1.jsonl part3.jsonl
says 'parts of the run are missing: shard 2/4, 4/4'
ends 2 'one is there twice' merge -o no.jsonl part1.jsonl part2.jsonl part3.jsonl part4.jsonl \
    ./part2.jsonl
says 'part2.jsonl and ./part2.jsonl are both shard 2/4'
ends 2 'a shard and all' merge -o no.jsonl one.jsonl part1.jsonl
says 'one.jsonl is shard 1/1, but part1.jsonl is shard 1/4'
cp part4.jsonl other.jsonl
sed -i 's/"version":"[^"]*"/"version":"0.0"/' other.jsonl
ends 2 'another version' merge -o no.jsonl part1.jsonl part2.jsonl part3.jsonl other.jsonl
says 'other.jsonl is of another version of Faulttest'
sed 's/"build":"[^"]*"/"build":"abc"/' part4.jsonl >other.jsonl
ends 2 'another build' merge -o no.jsonl part1.jsonl part2.jsonl part3.jsonl other.jsonl
says 'other.jsonl does not belong to part1.jsonl: it is of another build of ./found'
sed 1d part4.jsonl >other.jsonl
ends 2 'a file that lost its first line' merge -o no.jsonl part1.jsonl other.jsonl
says 'its first line is gone'
ends 2 'a file that is not there' merge -o no.jsonl gone.jsonl
says 'gone.jsonl: No such file'
ends 2 'no file' merge
says 'merge what'
ends 2 'output that is input' merge -o part1.jsonl part1.jsonl
holds 'none of these wrote anything' test ! -e no.jsonl
for wrong in 5/3 0/3 3 a/b 1/0 -1/3 1/; do
    ends 2 "--shard $wrong" $run --shard "$wrong" ./found
    says 'shard takes PART/PARTS'
done
one=steps:socket:in=open_it/step_a:error=EMFILE
ends 0 'a shard in which there is no case' $run --only $one \
    --shard 1/2 -o tiny1.jsonl ./found
ends 0 'and the one with the case' $run --only $one --shard 2/2 \
    -o tiny2.jsonl ./found
ends 0 'an empty one counts, too' merge -o tiny.jsonl tiny1.jsonl tiny2.jsonl
says 'faulttest: 1 cases, 0 failed'

# ---- broken off, and gone on with ----------------------------------------------------------------
ends 0 'undisturbed' $run -o whole.jsonl ./many

# break_off SIGNAL STATUS OPTION...: when some cases are done
break_off()
{
    signal=$1
    expected=$2
    shift 2
    rm -f broken.jsonl*
    "$faulttest" $run "$@" -o broken.jsonl ./many >broken.out 2>&1 &
    process=$!
    for _ in $(seq 600); do
        [ "$(wc -l 2>/dev/null <broken.jsonl.partial || echo 0)" -gt 150 ] && break
        sleep 0.05
    done
    kill "-$signal" "$process"
    wait "$process" 2>/dev/null
    ended=$?
    { cat broken.out; echo "(exit status $ended, expected $expected)"; } >output
    [ "$ended" = "$expected" ]
    result $? "broken off by SIG$signal"
}

goes_on()
{
    ends 0 "$1: goes on" $run --resume -o broken.jsonl ./many
    same broken.jsonl whole.jsonl 'with the results of an undisturbed run'
    holds 'and nothing is left behind' test ! -e broken.jsonl.partial
}

break_off INT 130
says 'interrupted; what was found so far is kept'
says 'stopped [0-9]+ of [0-9]+ cases of many.reads \(interrupted\)'
says 'the same command with --resume goes on'
holds 'what was done is in the results' test "$(cases broken.jsonl)" -gt 100
holds 'not all' test "$(cases broken.jsonl)" -lt "$(cases whole.jsonl)"
ends 2 'which cannot be put together' merge -o no.jsonl broken.jsonl
says 'of a run that did not come to its end \(interrupted\)'
goes_on 'after Ctrl-C'

break_off TERM 130
goes_on 'after SIGTERM'

break_off KILL 137
holds 'no results yet' test ! -e broken.jsonl
printf '{"schema":"faulttest/1","test":"many.rea' >>broken.jsonl.partial
goes_on 'after SIGKILL, with half a line'

break_off KILL 137
ends 2 'not with other options' $run --mode partial --resume -o broken.jsonl ./many
says 'it is of a run with other options'
ends 2 'nor as another shard' $run --shard 1/2 --resume -o broken.jsonl ./many
says 'it is of another shard'
ends 2 'nor with other programs' $run --resume -o broken.jsonl ./found
says 'it is of other programs'
cp many many.kept
compile many many.c -DMANY_READS=401
ends 2 'nor with another build' $run --resume -o broken.jsonl ./many
says 'it is of another build of ./many'
mv many.kept many
goes_on 'after all these'
goes_on 'what is complete'
ends 0 'without anything to go on with' $run --mode emfile --resume -o fresh.jsonl ./many
says 'nothing to go on with in fresh.jsonl: the run begins anew'
ends 2 '--resume without -o' $run --resume ./many
echo 'no results' >strange.jsonl
ends 0 'a file without results' $run --mode emfile --resume -o strange.jsonl ./many

"$faulttest" $run -o both.jsonl ./many >first.out 2>&1 &
process=$!
for _ in $(seq 200); do
    [ -s both.jsonl.partial ] && break
    sleep 0.02
done
ends 2 'two runs into one file' $run -o both.jsonl ./many
says 'another run is writing both.jsonl'
wait "$process"
holds 'do not disturb each other' test "$(cases both.jsonl)" = "$(cases whole.jsonl)"

# ---- limits --------------------------------------------------------------------------------------
ends 0 'a budget' $run --budget 60 -o budget.jsonl ./many
says 'limited 60 of [0-9]+ cases of many.reads \(--budget; spread over all places and faults\)'
says 'faulttest: 60 cases, 0 failed'
cases budget.jsonl >output
holds 'is kept to' test "$(cases budget.jsonl)" = 60
holds 'spread over all modes' test "$(jq -r .mode budget.jsonl | sort -u | wc -l)" = 5
holds 'and over the whole test' jq -e -s '[.[].seq] | max - min > 1000' budget.jsonl
# A kind: what goes wrong at one call stack. All the reads in a loop leave room for one connect().
kinds() { jq -r .case "$1" | sed 's/:when=[0-9.+]*//; s/short=[0-9]*/short/' | sort -u; }
ends 0 'all of a shorter one' $run -o shorter.jsonl ./some
kinds shorter.jsonl >kinds
kinds budget.jsonl >kept
holds 'and each kind is among them' cmp -s kinds kept
ends 0 'once more' $run --budget 60 -j 1 -o again.jsonl ./many
same again.jsonl budget.jsonl 'the same cases'
for part in 1 2; do
    ends 0 "shard $part of 2 of it" $run --budget 60 --shard $part/2 -o b$part.jsonl ./many
done
ends 0 'put together' merge -o b.jsonl b1.jsonl b2.jsonl
says 'limited 60 of [0-9]+ cases of many.reads'
same b.jsonl budget.jsonl 'the same cases again'
ends 0 'a budget that is not needed' $run --budget 100000 --random no ./many
says_not 'limited'

ends 0 'a time that is over' $run --time 0.4 -j 1 -o timed.jsonl ./many
says 'stopped [0-9]+ of [0-9]+ cases of many.reads \(the time was over\)'
says_not 'interrupted'
cp timed.jsonl broken.jsonl
goes_on 'after --time'
ends 4 'a time in which nothing was tried' $run --time 0.001 ./many
says 'faulttest: 0 cases'
ends 0 'the second program is not reached' $run --time 0.6 -j 1 ./most ./found
says 'not tried tests behind most.reads, if there are any, of ./most'
says 'not tried ./found \(the time was over\)'
for wrong in 0 -1 x 5d ''; do
    ends 2 "--time '$wrong'" $run --time "$wrong" ./many
    says 'time takes a time in seconds'
done
ends 2 '--budget 0' $run --budget 0 ./many
ends 2 '-j 0' $run -j 0 ./many
says '-j takes a number from 1'
ends 2 '--case-time 0' $run --case-time 0 ./many

# ---- pairs and random runs -----------------------------------------------------------------------
several="run --valgrind=none --random 100"
ends 1 'pairs and random runs' $several -j 1 -o pairs.jsonl ./found
says 'pairs +[0-9]+ tried of [0-9]+ in reach of'
for part in 1 2 3; do
    ends 1 "part $part of 3 of them" $several --shard $part/3 -o p$part.jsonl ./found
done
ends 1 'put together' merge -o p.jsonl p1.jsonl p2.jsonl p3.jsonl
same p.jsonl pairs.jsonl 'which gives what one run gives'
for lines in 700 1150; do
    rm -f broken.jsonl*
    "$faulttest" $several -o broken.jsonl ./found >broken.out 2>&1 &
    process=$!
    for _ in $(seq 600); do
        [ "$(wc -l 2>/dev/null <broken.jsonl.partial || echo 0)" -gt $lines ] && break
        sleep 0.01
    done
    kill -KILL "$process" 2>/dev/null
    wait "$process" 2>/dev/null
    ends 1 "broken off behind $lines lines" $several --resume -o broken.jsonl ./found
    same broken.jsonl pairs.jsonl 'with the results of an undisturbed run'
done
ends 2 'not with another seed' $several --seed 2 --shard 1/3 --resume -o p1.jsonl ./found
says 'it is of a run with other options'
ends 0 'a budget that singles and pairs do not use up' run --valgrind=none --budget 1200 \
    -o budget.jsonl ./some
says 'random +[0-9]+ runs, --seed 1'
holds 'is kept to' test "$(cases budget.jsonl)" -le 1200
ends 0 'time that they do not use up' run --valgrind=none --time 6 -j 2 ./some
says 'random +[0-9]+ runs, --seed 1'
says_not 'the time was over'
compile fewer many.c -DMANY_READS=40
timed="run --valgrind=none --time 8 -j 2 -o shared.jsonl ./some ./fewer"
# shellcheck disable=SC2086  # options, each a word
ends 0 'time that two programs do not use up' $timed
says 'random +[0-9]+ runs, --seed 1: [0-9]+ new cases, by evenly, swarm, burst, '
for program in ./some ./fewer; do
    [ "$(jq -r --arg p $program 'select(.binary == $p and .seq >= 1000000000000000) | .case' \
        shared.jsonl | grep -c .)" -gt 0 ]
    result $? "random runs of $program"
done
jq -r .binary shared.jsonl | uniq >output
[ "$(tr '\n' ' ' <output)" = './some ./fewer ' ]
result $? 'their results stand one behind the other'
# What an earlier run has done of it is not begun again: the program notes which runs are ordered.
cat >orders.c <<'END'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void note(void)
{
    char text[4096];
    const char *control = getenv("FAULTTEST_CONTROL");
    ssize_t n = control ? pread(atoi(control), text, sizeof text, 0) : 0;
    int fd = open("orders", O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd >= 0 && n > 0 && write(fd, text, (size_t)n) < 0) abort();
    close(fd);
}
END
compile noting many.c "$work/orders.c" -DMANY_READS=20
"$faulttest" run --valgrind=none --time 300 -o noted.jsonl ./noting >broken.out 2>&1 &
process=$!
for _ in $(seq 600); do
    rounds=$(grep -c '"kind":"round"' noted.jsonl.partial 2>/dev/null)
    [ "${rounds:-0}" -ge 4 ] && break
    sleep 0.05
done
kill -KILL "$process"
wait "$process" 2>/dev/null
rounds=$(grep -c '"kind":"round"' noted.jsonl.partial)
rm orders
ends 0 'rounds that are through' run --valgrind=none --time 2 --resume -o noted.jsonl ./noting
holds 'at least four of them' test "$rounds" -ge 4
holds 'are not begun again' test "$(sed -n 's/^from //p' orders | sort -n | head -n 1)" -ge 375
holds 'but the next ones are' test "$(sed -n 's/^from //p' orders | sort -un | wc -l)" -ge 2

ends 0 'is not used up with --random no' run --valgrind=none --time 60 --random no ./some
says_not 'random '

# ---- known findings ------------------------------------------------------------------------------
ends 1 'known findings are written' $run --write-known known.cases ./found
holds 'a line each' \
    grep -q '^leak-fd found found.steps:recv:in=read_word/step_a:on=10.0.0.7/7:short$' known.cases
holds 'without what edits move' test "$(grep -c 'when=' known.cases)" = 0
ends 0 'they pass' $run --accept known.cases -o accepted.jsonl ./found
says "faulttest: $all cases, 0 failed"
says "known $bad cases of [0-9]+ known findings pass"
says 'found.(steps|memory):recv:in=read_word/step_[a-z]:on=10.0.0.7/7:short [0-9]+ cases'
says_not 'fixed'
holds 'and say so' \
    test "$(jq -c 'select(.known and (.failed | not))' accepted.jsonl | wc -l)" = "$bad"
grep -v step_k known.cases >fewer.cases
ends 1 'a new one fails' $run --accept fewer.cases ./found
says '1 leak-fd found.steps'
says 'in=read_word/step_k'
compile mended found.c -DMENDED
mkdir -p other && mv mended other/found
ends 0 'mended ones are named' $run -v --accept known.cases other/found
says 'fixed leak-fd found found.steps:recv:in=read_word/step_a:on=10.0.0.7/7:short'
says 'fixed [0-9]+ of [0-9]+ known findings did not show: take them out of known.cases'
ends 0 'what is not tried is not mended' $run --mode emfile --accept known.cases ./found
says 'known [0-9]+ more of known.cases were not tried in this run'
says_not 'fixed'
for part in 1 2; do
    ends 0 "known in shard $part" $run --accept known.cases --shard $part/2 -o k$part.jsonl ./found
done
ends 0 'put together' merge --accept known.cases -o k.jsonl k1.jsonl k2.jsonl
same k.jsonl accepted.jsonl 'known as in one run'
ends 0 'parts remember' merge -o k.jsonl k1.jsonl k2.jsonl
ends 2 'a file that is not there' $run --accept gone.cases ./found
says 'known findings cannot be read from gone.cases'
echo 'leak-fd only' >wrong.cases
ends 2 'a line that is none' $run --accept wrong.cases ./found
says 'wrong.cases:1: a known finding is a line VERDICT PROGRAM'

# ---- marks that no case passes -------------------------------------------------------------------
compile marks marks.c -DFAULTTEST
ends 1 'a mark that no case passes' $run --fail-on unreached-mark -o marks.jsonl ./marks
says 'marks [0-9]+ of [0-9]+ of ./marks were passed; by no case: word/never'
says 'marks 1 of 2 of [^ ]+ were passed'
says 'faulttest: [0-9]+ cases, 0 failed'
ends 0 'is no failure without --fail-on' $run ./marks
says 'by no case: word/never'
for part in 1 2; do
    ends 0 "nor in a part, $part" $run --fail-on unreached-mark --shard $part/2 -o m$part.jsonl \
        ./marks
done
ends 1 'but in all of them' merge --fail-on unreached-mark -o m.jsonl m1.jsonl m2.jsonl
says 'marks 1 of 2 of [^ ]+ were passed'
same m.jsonl marks.jsonl 'as in one run'
ends 2 '--fail-on something' $run --fail-on marks ./marks
says 'fail-on takes unreached-mark'

# ---- what a test allows, and nothing needs -------------------------------------------------------
compile stale stale.c
ends 0 'allowances' $run ./stale
says 'allowed +[0-9]+ leak-fd "the spare one is kept"'
says 'stale fit_allow\("leak-fd", "dup"\) in stale.pairs: no case needed it \("none is left'
says 'stale fit_must_recover\("dup:in=pears"\) in stale.pairs selects no case'
says_not 'stale fit_allow\("leak-fd", "(mode=memory|socketpair)"'
ends 0 'of which a part of the cases tells nothing' $run --mode emfile ./stale
says_not 'stale  '

# ---- two groups of one name ----------------------------------------------------------------------
compile groups groups.c
ends 1 'two groups of one name in a program' $run -o groups.jsonl ./groups
says '2 tests, no faults: pass'
says 'replay ./groups groups-2.opens:epoll_create1'
holds 'are two' test "$(jq -r .test groups.jsonl | sort -u | tr '\n' ' ')" = \
    'groups-2.opens groups.opens '
ends 1 'and each is found again' replay ./groups "$(jq -r 'select(.failed) | .case' groups.jsonl |
    head -n 1)"

# ---- what can go wrong with files ----------------------------------------------------------------
ends 2 'one program twice' $run ./found "$PWD/found"
says 'are the same program: name it once'
ends 1 'two programs with equal names' $run -o two.jsonl ./found other/found
holds 'keep their results apart' test "$(jq -r 'select(.mode != "none") | .binary' two.jsonl |
    sort | uniq -c | awk '{ print $1 }' | sort -u | wc -l)" = 1
holds 'and their findings' jq -e -s '[.[] | select(.finding) | "\(.finding) \(.binary)"] | unique |
    length == ([.[] | split(" ")[0]] | unique | length)' two.jsonl
ends 2 'no such folder can be made' $run -o /proc/no/x.jsonl ./found
says 'results cannot be written to /proc/no/x.jsonl'
cp found plain && chmod -x plain
ends 2 'not executable' $run ./plain
says 'plain is not executable'

# A file system of its own that is too small, where that may be made.
mkdir -p small
if unshare -m sh -c 'mount -t tmpfs -o size=64k none small' 2>/dev/null; then
    unshare -m sh -c "mount -t tmpfs -o size=64k none small
        $faulttest $run -o small/full.jsonl ./many; status=\$?
        cp small/full.jsonl.partial kept.partial; mount -o remount,size=64m small
        $faulttest $run --resume -o small/full.jsonl ./many && cp small/full.jsonl full.jsonl
        exit \$status" >output 2>&1
    status=$?
    echo "(exit status $status)" >>output
    [ "$status" = 70 ]
    result $? 'a full disk ends the run with status 70'
    says 'results could not be written to small/full.jsonl: No space left on device'
    says 'kept in small/full.jsonl.partial: when there is room again, .* with --resume'
    same full.jsonl whole.jsonl 'and when there is room, it goes on, and nothing is lost'
else
    echo 'ok a full disk: SKIPPED, no file system can be mounted here'
fi

# ---- memory does not grow with the number of cases -----------------------------------------------
# peak PROGRAM: of the command, in KiB, as the kernel counts it
peak()
{
    "$faulttest" $run --mode partial -o peak.jsonl "$1" >output 2>&1 &
    process=$!
    most=0
    while [ -e "/proc/$process/status" ]; do
        now=$(awk '/^VmHWM/ { print $2 }' "/proc/$process/status" 2>/dev/null)
        [ "${now:-0}" -gt "$most" ] && most=$now
        sleep 0.05
    done
    wait "$process"
    echo "$most"
}
little=$(peak ./some)
much=$(peak ./most)
echo "peak of the command: $little KiB for 400 cases, $much KiB for 10000" | tee output
[ "$((much - little))" -lt 1024 ] && [ "$little" -gt 0 ]
result $? 'a run of 10000 cases needs no more memory than one of 400'

# ---- what a test asks for itself -----------------------------------------------------------------
# asks NAME WORDS: a program whose test has these words
asks() { compile "$1" options.c "-DOPTIONS=\"$2\""; }

own='run --valgrind=none -j 1'
asks plain '--mode partial'
asks single '--mode byte-at-a-time'
asks alone '--mode partial --pairs no'
asks drawn '--mode=partial,emfile --pairs=no --random 6 --seed 7'
asks wrong '--mode partial --budget many'
asks unasked '--output file'
asks really '--world=real --mode partial'
$faulttest list ./plain passes_on >plain.cases
$faulttest list ./single passes_on >single.cases
holds 'a preset selects some cases of a mode' sh -c \
    'test -s single.cases && test "$(grep short=1 plain.cases)" = "$(cat single.cases)"'
$faulttest list ./plain passes_on --mode byte-at-a-time >line.cases
holds 'on the command line, too' cmp line.cases single.cases
$faulttest list ./single passes_on --mode partial >line.cases
holds 'which wins over the test' cmp line.cases plain.cases
ends 0 'a test that wants no pairs' $own ./alone
says_not 'pairs'
ends 0 'but the command line does' $own --pairs 20 ./alone
says 'pairs +[0-9]+ tried'
ends 0 'a test that wants random runs' $own ./drawn
says 'random +6 runs, --seed 7'
ends 0 'but the command line wants other ones' $own --random 4 --seed 9 ./drawn
says 'random +4 runs, --seed 9'
ends 0 'or none' $own --random no ./drawn
says_not 'random'
ends 4 'a number that is none' $own ./wrong
says 'fit_options: --budget takes a number from 1, not many'
ends 4 'a word of the whole run' $own ./unasked
says 'fit_options: --output is not known here; there are --mode'
ends 4 'a test that wants the real kernel' $own ./really
says 'UNSUPPORTED [a-z]+.passes_on'
says 'faulttest run --world=real --test passes_on ./really'
ends 0 'gets it' $own --world=real ./really

# ---- once more what failed -----------------------------------------------------------------------
ends 1 'all cases' $run ./found
bad=$(jq -c 'select(.failed and .mode != "none")' .faulttest/last.jsonl | wc -l)
ends 1 'those that failed' $run --failed ./found
says "faulttest: $bad cases, $bad failed"
ends 0 'a program without any' $run ./many
ends 4 'has none to try' $run --failed ./many
says 'no case of these programs failed in the last run'

# ---- progress on a terminal ----------------------------------------------------------------------
if script -qec true /dev/null >output 2>&1; then
    script -qec "$faulttest $run -j 1 -o progress.jsonl ./most" /dev/null >output 2>&1
    says 'faulttest: most: most.reads [0-9]+ of [0-9]+ cases, [0-9]+/s, [0-9]+ s left, 0 findings'
    script -qec "$faulttest $run -j 1 -o progress.jsonl ./found" /dev/null >output 2>&1
    says 'faulttest: found leak-fd found.steps:peer:on=10.0.0.7/7:short=4'
else
    echo "# SKIPPED, no terminal to be had here: $(cat output)"
fi
ends 0 'none of that in a log' $run -o progress.jsonl ./some
says_not '/s'

finish
