#!/bin/sh
# Runs all tests of Faulttest and ends with the line "N passed, M failed".
#   tests/run.sh BUILD
# A part is a program that prints `ok NAME` and `not ok NAME` lines, or a CMocka program; each
# passes as many tests as it says, and counts one failure if it ends badly and says none.
set -u
build=$1
here=$(cd "$(dirname "$0")" && pwd)
logs=$build/tests
mkdir -p "$logs"
passed=0
failed=0

count()
{
    grep -c -E "$1" "$2" || true
}

# part NAME COMMAND...
part()
{
    name=$1
    shift
    log=$logs/$name.log
    start=$(date +%s)
    timeout 900 "$@" >"$log" 2>&1 </dev/null
    status=$?
    good=$(count '^ok( |$)|^\[       OK \]' "$log")
    bad=$(count '^not ok |^\[  FAILED  \] [A-Za-z_]+$' "$log")
    # CMocka lists its failures twice.
    if grep -q '^\[==========\]' "$log"; then
        bad=$(count '^\[  FAILED  \] [A-Za-z_0-9]+$' "$log")
        bad=$((bad / 2))
    fi
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
        echo "not ok $name: ended with status $status"
    fi
    if [ "$status" -eq 0 ] && [ "$((good + bad))" -eq 0 ]; then
        bad=1
        echo "not ok $name: ran no test"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    printf '%-24s %4d passed %4d failed   %s s\n' "$name" "$good" "$bad" "$(($(date +%s) - start))"
    if [ "$bad" -ne 0 ]; then
        grep -E '^not ok |^\[  FAILED|^\[  ERROR|^# ' "$log" | head -n 40
        echo "    all of it: $log"
    fi
}

memcheck="valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect
--soname-synonyms=somalloc=nouserintercepts"

for program in "$build"/unit/test_*; do
    part "$(basename "$program")" "$program"
done
# shellcheck disable=SC2086  # options, each a word
part sched_memcheck $memcheck "$build/unit/test_sched"
part conformance "$build/conformance"
part differential "$build/differential" 1 100000
part command env FAULTTEST="$build/bin/faulttest" FAKE="$build/unit/fake_binary" \
    sh "$here/unit/test_command.sh"
part exports sh "$here/unit/test_exports.sh" "$build"
part no_traces sh "$here/unit/test_no_traces.sh" "$build"
part defects sh "$here/defects/run.sh" "$build"
part takeover sh "$here/takeover/run.sh" "$build"
part refusals sh "$here/refusals/run.sh" "$build"
part lifted sh "$here/lifted/run.sh" "$build"
part several sh "$here/several/run.sh" "$build"
part doctor sh "$here/doctor/run.sh" "$build"
part libraries sh "$here/libraries/run.sh" --short "$build"
part replay sh "$here/replay/run.sh" "$build"
part libraries_sanitized sh "$here/libraries/run.sh" --sanitize "$build"
part real sh "$here/real/run.sh" "$build"
part scale sh "$here/scale/run.sh" "$build"
part cluster sh "$here/scale/cluster.sh" "$build"
part packaging env BUILD="$build" sh "$here/packaging/test_install.sh"
part service_real bash "$here/services/thumbnail_real.sh" "$build"
part service_plain "$build/test_thumbnail"
part readme sh "$here/packaging/test_readme.sh" "$build"
part style sh "$here/style.sh"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
