#!/bin/sh
# tests/unit/test_command.sh - drives the command against canned records.
#
# FAULTTEST is the path of the command, FAKE that of the compiled fake_binary.c; both have
# defaults that fit the Makefile. Needs jq and, for the parts about Memcheck, valgrind.
# By its bare name, as users type it: what it prints to be pasted begins with how it was called.
PATH=$(dirname "$(realpath "${FAULTTEST:-build/bin/faulttest}")"):$PATH
FAULTTEST=faulttest
FAKE=$(realpath "${FAKE:-build/tests/unit/fake_binary}")
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
passed=0 failed=0
for part in pass findings notfired empty broken differing unsupported garbage dying silent \
            unarmed slow; do
    cp "$FAKE" "fake_$part" || exit 1
done

ok() {      # ok DESCRIPTION COMMAND...
    description=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1)) && echo "ok - $description"
    else
        failed=$((failed + 1)) && echo "not ok - $description"
        [ -s screen ] && sed 's/^/#   /' screen
    fi
}

# run STATUS ARGUMENTS...: runs the command, keeps what it prints in `screen`.
run() {
    expected=$1
    shift
    timeout 60 "$FAULTTEST" "$@" >screen 2>errors
    status=$?
    cat errors >>screen
    ok "status $expected: faulttest $*" test "$status" -eq "$expected"
}
says() { ok "says: $1" grep -qF -- "$1" screen; }
not() { ! "$@"; }
silent() { ok "does not say: $1" not grep -qF -- "$1" screen; }
json() { ok "results: $2" test "$(jq -c "$1" <results.jsonl | sort -u | tr '\n' ' ')" = "$2"; }
narrow() { ok "no line over 100 columns" not awk 'length > 100 && !/replay/ { bad = 1 }
    END { exit !bad }' screen; }
last_line() { ok "last line" test "$(sed 's/in [0-9.]* s$/in S s/' screen | tail -n 1)" = \
    "faulttest: $1, in S s"; }

# A run that passes.
run 0 run --valgrind=none -o results.jsonl ./fake_pass
says "faulttest: fake_pass, 2 tests, no faults: pass, deterministic (12.2 s virtual)"
says "outcome  recovered 1   reported 1 (cause named 1)   unaffected 0"
says "makes no call that can fail"
silent "set-up of nothing"
last_line "2 cases, 0 failed, 0 not fired"
narrow
json .schema '"faulttest/1" '
json .case '"uploads:recv:in=on_readable:short=1" "uploads:socket:error=EMFILE" '
json '[.verdict, .allowed, .valgrind]' '["recovered",false,false] ["reported",false,false] '
ok "no temporary file is left" test "$(ls results.jsonl* .faulttest)" = "results.jsonl

.faulttest:
last.jsonl"

# Findings: grouped, numbered by seriousness, with the place out of the debug information.
run 1 run --valgrind=none -o results.jsonl ./fake_findings
last_line "8 cases, 6 failed, 0 not fired"
says "1  memory-error other.uploads   1 case: without any fault"
says "2  hang         fake.uploads   1 case: 1 timeout"
says "3  leak-fd      fake.uploads   3 cases: 2 partial, 1 cancel"
says "fault    recv in inlined_helper (fake_binary.c:"
says "replay   faulttest replay ./fake_findings fake.uploads:recv:in=on_readable:short=1"
says '\x1b[31m0 bytes'
says 'allowed  1 leak-memory "kept for the life of the process"'
says "suspect  1 case left memory behind"
says "note     setup: 41 points not tried"
narrow
json 'select(.finding == 3) | .verdict' '"leak-fd" '
json 'select(.allowed) | [.verdict, .failed, .reason]' \
     '["leak-memory",false,"kept for the life of the process"] '
json 'select(.mode == "none") | [.case, .verdict, .failed]' \
     '["other.uploads:none","memory-error",true] '
json 'select(.stacks) | .stacks.fault[0:2] | map(.function)' '["inlined_helper","on_readable"] '
ok "one line for each case and finding" test "$(wc -l <results.jsonl)" -eq 9
run 1 run --valgrind=none -v ./fake_findings
says "case     fake.uploads:cancel:after=on_read"

# Replaying.
run 1 replay 3
says "leak-fd  fake.uploads:recv:in=on_readable:short=1"
says "FAULT    at 0.112 s, turn 14: recv(7, buf, 65536, 0) = 1     (instead of 1448)"
says "BETWEEN  last calls on descriptor 7"
says "<-- fault"
says "LEAKED"
says "Fails in 2 further cases at the same place: faulttest list --finding 3"
says "same verdict as in the sweep"
narrow
run 1 replay 3 --trace
says ">>>  0.112000    14  recv(7, \"<\", 65536) = 1"
says " op  0.112000    14  download.1 failed: -71"
says "     0.111000    14  peer origin.test:80 sends 1448"
says "same verdict as in the sweep"
run 0 list --finding 3
ok "names of a finding's cases" test "$(wc -l <screen)" -eq 3
run 1 replay ./fake_findings fake.uploads:recv:in=on_readable:short=1
says "same verdict as in the sweep"
run 0 replay ./fake_pass uploads:recv:in=on_readable:error=EINTR
run 125 replay ./fake_pass uploads:recv:in=gone:short=1
says "nearest: recv:in=on_readable:short=1"
run 2 replay ./fake_pass uploads:bad
run 2 replay ./fake_pass uploads
run 2 replay 99
run 2 replay 1 --gdb --valgrind
says "--gdb and --valgrind do not go together"

# Listing.
run 0 list ./fake_pass
says "fake.uploads        strict        3 cases    partial 1  emfile 2"
says "3 tests, 3 cases."
run 0 list ./fake_pass uploads
ok "one bare name a line" test "$(cat screen)" = "uploads:recv:in=on_readable:short=1
uploads:socket:error=EMFILE
uploads:socket:error=EMFILE:until=close"
run 2 list ./fake_pass nosuch
ok "nothing on standard output" test "$(head -c 10 screen)" = "faulttest:"

# No result.
run 1 run --valgrind=none ./fake_notfired
says "NOT FIRED  uploads:malloc:in=img_scale:error=ENOMEM"
last_line "3 cases, 0 failed, 1 not fired"
run 1 run --valgrind=none ./fake_empty
says "NO CASES  fake.sizes makes no call that can fail."
run 4 run --valgrind=none -o results.jsonl ./fake_broken
says "BROKEN TEST  fake.uploads fails with no fault injected"
json '[.case, .mode, .verdict]' '["uploads:none","none","broken-test"] '
run 4 run --valgrind=none ./fake_differing
says "NOT DETERMINISTIC  fake.uploads: two runs without faults differ"
run 3 run --valgrind=none ./fake_unsupported
says "UNSUPPORTED  fake.db"
run 1 run --valgrind=none ./fake_pass ./fake_broken
run 70 run --valgrind=none ./fake_dying
says "was ended by signal 11 (Segmentation fault) before the end of its sweep"
says "    about to die"
says "outcome  recovered 1"
run 0 run --valgrind=none ./fake_garbage
says "unreadable lines or records, ignored: 4"
says "note     still understood"
run 2 run --valgrind=none ./fake_silent
says "has no tests that can be taken over"
run 4 run --valgrind=none ./fake_unarmed
says "epoll_wait of libevil.so is found before ours"

# Wrong usage: one sentence, status 2.
echo 'exit 0' >script && chmod +x script
cp fake_pass fake_locked && chmod -x fake_locked
run 2 run
run 2 run ./nope
says "./nope does not exist"
run 2 run ./script
says "no ELF header"
run 2 run ./fake_locked
says "is not executable"
run 2 run --mode peer-gnoe ./fake_pass
says "did you mean 'peer-gone'?"
run 0 explain peer-gone
run 2 run --mode disconnect ./fake_pass
says "did you mean 'reset'?"
run 2 run --mode schedule ./fake_pass
says "did you mean 'order'?"
run 2 run --mode partail ./fake_pass
says "did you mean 'partial'?"
run 2 run --memory service,servers ./fake_pass
says "not 'servers'"
run 2 run --vlagrind ./fake_pass
says "did you mean '--valgrind'?"
run 2 run --valgrind=none --test nosuch ./fake_pass
says "there is no test 'nosuch'"
run 2 rnu
says "did you mean 'run'?"
run 2 explain leak-df
says "did you mean 'leak-fd'?"
run 0 explain leak-fd
run 0 explain emfile
run 0 --version
for topic in run list replay cases modes verdicts determinism environment exit; do
    run 0 help $topic
    narrow
done
run 2 run -o /proc/nowhere/file ./fake_pass
run 70 run --valgrind=none -o /dev/full ./fake_pass
says "No space left on device"
last_line2=$(grep -c '^faulttest: 2 cases, 0 failed' screen)
ok "results are printed all the same" test "$last_line2" -eq 1

# What the binary is told, and in which surroundings.
TMPDIR=$folder SECRET=1 run 0 run --valgrind=none --mode partial,cancel -j 3 \
    --only uploads:recv:in=on_readable:short=1 ./fake_pass
cp orders.seen screen
says "job run"
says "modes partial,cancel"
says "jobs 3"
says "case uploads:recv:in=on_readable:short=1"
says "test uploads"
says "memcheck 0"

# Ctrl-C keeps what was found.
"$FAULTTEST" run --valgrind=none -o results.jsonl ./fake_slow >screen 2>errors &
child=$!
sleep 1
kill -TERM $child
wait $child
ok "status 130 after an interruption" test $? -eq 130
last_line "2 cases, 0 failed, 0 not fired"
json .verdict '"recovered" "reported" '

# Memcheck.
mkdir bin
for tool in sh rm; do
    ln -s "$(command -v $tool)" bin/$tool
done
ln -s "$(command -v faulttest)" "$folder/bin/faulttest"
PATH=$folder/bin "$FAULTTEST" run --valgrind ./fake_pass >screen 2>&1
ok "status 2 without valgrind" test $? -eq 2
says "valgrind is not installed"
if command -v valgrind >/dev/null; then
    run 0 run --valgrind=all -o results.jsonl ./fake_pass
    says "memcheck 2 of 2 cases, 0 errors"
    json .valgrind 'true '
    run 1 run -o results.jsonl ./fake_findings
    silent "suspect"
    json 'select(.case == "other.uploads:read:short=1") | [.verdict, .valgrind]' \
         '["leak-memory",true] '
    run 1 replay ./fake_findings fake.uploads:recv:in=on_readable:short=1 --valgrind
    says "MEMCHECK    16 bytes are definitely lost"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
