#!/bin/sh
# Sweeps the programs of this folder, each with its mistake and repaired, and checks the verdicts
# against what its first comment says. Usage: run.sh [-k] BUILD [NAME...]; NAME as in NAME.c.
# FAULTTEST: the command (BUILD/bin/faulttest), LIBDIR: where libfaulttest.so is (BUILD), CC: gcc.
# -k keeps what was built and found under BUILD/defects.
set -u
here=$(cd "$(dirname "$0")" && pwd)

# What a program's first comment says after a word: said FILE WORD
said() { sed -n "/^ \*\//q; s/^ \* $2: *//p" "$1"; }

# The verdicts in a file, once each; allowed ones do not count: words_of FILE
words_of() { jq -r 'select(.allowed | not) | .verdict' "$1" | sort -u | tr '\n' ' '; }

is_outcome() { case $1 in reported|recovered|noticed|unaffected) return 0 ;; esac; return 1; }

has() { case " $1 " in *" $2 "*) return 0 ;; esac; return 1; }

# Lines of more than 100 columns, but for commands and names of cases, which must stay in one piece
wide() {
    LC_ALL=C.UTF-8 grep -E '^.{101}' "$1" |
        grep -Ev 'faulttest (replay|list) |^( +case +|[a-z-]+  )?[^ ]+:[^ ]+$|^faulttest: '
}

no() { echo "not ok $1: $2"; }

# compile SOURCE PROGRAM FLAGS...
compile() {
    source=$1 program=$2
    shift 2
    libs=$(said "$source" libs) link=$(said "$source" link)
    # The words of $libs and $link, and of what pkg-config says, are arguments of their own.
    # shellcheck disable=SC2046,SC2086
    ${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -DFAULTTEST -U_FORTIFY_SOURCE -Wall -Wextra -Werror \
        -O1 -g -rdynamic -I"$build/include" "$@" \
        $(test -z "$libs" || pkg-config --cflags $libs) -o "$program" "$source" \
        -L"$LIBDIR" -Wl,-rpath,"$LIBDIR" -Wl,--no-as-needed -lfaulttest -Wl,--as-needed \
        -lcmocka $(test -z "$libs" || pkg-config --libs $libs) $link -pthread
}

# sweep NAME FORM: leaves FORM.jsonl, FORM.out and the exit status in $status
sweep() {
    valgrind=failed
    options=$(said "$here/$1.c" options)
    has "$(said "$here/$1.c" expect)" memory-error && valgrind=all
    # The words of $options are arguments of their own.
    # shellcheck disable=SC2086
    (cd "$out/$1" && timeout 120 "$FAULTTEST" run -j 1 -o "$2.jsonl" --valgrind=$valgrind \
        $options "./test_$2") >"$out/$1/$2.out" 2>&1
    status=$?
}

# The screen of a finding, behind that of the run.
show() {
    (cd "$out/$1" && timeout 120 "$FAULTTEST" replay --valgrind=none 1) >>"$out/$1/defect.out" 2>&1
}

check_defect() {
    name=$1 expect=$(said "$here/$1.c" expect)
    compile "$here/$name.c" "$out/$name/test_defect" || { no "$name" "does not compile"; return; }
    sweep "$name" defect
    [ -f "$out/$name/defect.jsonl" ] || { no "$name" "no results, exit status $status"; return; }
    words=$(words_of "$out/$name/defect.jsonl")
    for word in $expect; do
        has "$words" "$word" || { no "$name" "no $word but: $words"; return; }
    done
    for word in $words; do
        is_outcome "$word" || has "$expect" "$word" || { no "$name" "also $word"; return; }
    done
    faults=$(said "$here/$name.c" faults)
    if [ "$faults" ]; then               # none less will do, and that case comes first
        jq -e -s --argjson n "$faults" 'map(select(.failed) | .case | split(",") | length)
            | min == $n and .[0] == $n' "$out/$name/defect.jsonl" >"$out/$name/any" \
            || { no "$name" "not found by $faults faults"; return; }
    fi
    for word in $(said "$here/$name.c" without-fault); do
        jq -e -s --arg word "$word" 'any(.[]; .verdict == $word and .mode == "none")' \
            "$out/$name/defect.jsonl" >"$out/$name/any" \
            || { no "$name" "no $word in :none"; return; }
    done
    # Each line is a part of one symptom.
    said "$here/$1.c" symptom | jq -R -s 'split("\n") | map(select(. != ""))' >"$out/$name/parts"
    jq -e -s --slurpfile parts "$out/$name/parts" \
        'any(.[]; (.symptom // "") as $said | all($parts[0][]; . as $part | $said | test($part)))' \
        "$out/$name/defect.jsonl" >"$out/$name/any" || { no "$name" "no such symptom"; return; }
    show "$name"
    ! grep 'it was without a result' "$out/$name/defect.out" >"$out/$name/any" \
        || { no "$name" "a case cannot be replayed"; return; }
    ! wide "$out/$name/defect.out" >"$out/$name/any" \
        || { no "$name" "a screen is too wide: $(head -n 1 "$out/$name/any")"; return; }
    echo "ok $name"
}

check_repaired() {
    name=$1 want=$(said "$here/$1.c" repaired) exit_status=$(said "$here/$1.c" repaired-exit)
    compile "$here/$name.c" "$out/$name/test_repaired" -DREPAIRED \
        || { no "$name repaired" "does not compile"; return; }
    sweep "$name" repaired
    [ -f "$out/$name/repaired.jsonl" ] \
        || { no "$name repaired" "no results, exit status $status"; return; }
    words=$(words_of "$out/$name/repaired.jsonl")
    for word in $words; do
        is_outcome "$word" || { no "$name repaired" "false alarm: $word"; return; }
    done
    for word in $want; do
        has "$words" "$word" || { no "$name repaired" "no $word but: $words"; return; }
    done
    for word in $(said "$here/$name.c" allowed); do
        jq -e -s --arg word "$word" 'any(.[]; .verdict == $word and .allowed)' \
            "$out/$name/repaired.jsonl" >"$out/$name/any" \
            || { no "$name repaired" "no $word that is allowed"; return; }
    done
    [ "$status" -eq "${exit_status:-0}" ] \
        || { no "$name repaired" "exit status $status, not ${exit_status:-0}"; return; }
    echo "ok $name repaired"
}

one() {
    rm -rf "${out:?}/$1"
    mkdir -p "$out/$1"
    if [ ! -f "$here/$1.c" ]; then
        no "$1" "there is no such program"
        return
    fi
    [ "$(said "$here/$1.c" expect)" = none ] || check_defect "$1"
    check_repaired "$1"
    [ -n "${KEEP:-}" ] || rm -rf "${out:?}/$1"
}

[ "${1:-}" != -k ] || { KEEP=1; export KEEP; shift; }
[ $# -ge 1 ] || { echo "usage: $0 [-k] BUILD [NAME...]" >&2; exit 2; }
build=$(cd "$1" && pwd) || exit 2
shift
: "${LIBDIR:=$build}" "${FAULTTEST:=$build/bin/faulttest}"
export LIBDIR FAULTTEST
out=$build/defects
mkdir -p "$out"

if [ "${ZOO_ONE:-}" ]; then
    one "$ZOO_ONE"
    exit
fi
if [ $# -eq 0 ]; then
    for file in "$here"/*.c; do
        set -- "$@" "$(basename "$file" .c)"
    done
fi
printf '%s\n' "$@" | xargs -P2 -I'{}' env ZOO_ONE='{}' sh "$here/run.sh" "$build" >"$out/log"
cat "$out/log"
passed=$(grep -c '^ok ' "$out/log")
failed=$(grep -c '^not ok ' "$out/log")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
