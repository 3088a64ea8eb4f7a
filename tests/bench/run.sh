#!/bin/sh
# How fast Faulttest is, against what is possible. Usage: run.sh BUILD. Prints one table; it is no
# test: nothing here can fail for being slow.
# RUNS, SLOW_RUNS: how often each figure is taken (7, 3); SLOW_RUNS those under Valgrind.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
bench=$build/bench
: "${RUNS:=7}" "${SLOW_RUNS:=3}" "${CC:=gcc}"
forks_count=500
mkdir -p "$bench"
cd "$bench"                               # the command leaves .faulttest/ where it runs

plain_c="-std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -I$build/include -I$here/../.."
ours="-rdynamic -L$build -Wl,-rpath,$build -Wl,--no-as-needed -lfaulttest -Wl,--as-needed"

# compile PROGRAM SOURCE FLAGS...: every space in $plain_c and $ours is between two arguments.
compile() {
    program=$1 source=$2
    shift 2
    # shellcheck disable=SC2086
    $CC $plain_c -o "$bench/$program" "$here/$source.c" "$@"
}

# shellcheck disable=SC2086
build_all() {
    compile measure measure
    compile forks forks
    compile copies.so copies -shared -fPIC
    compile wrapper wrapper -fno-builtin-malloc $ours
    for n in 1 10 100; do
        compile "echo$n" echo "-DMESSAGES=$n" $ours -lcmocka -luv
    done
    cp "$build/test_thumbnail" "$bench/thumbnail"
}

# Everything is timed on one processor.
cpus=$(taskset -cp $$ | sed 's/.*: *//')
one=${cpus##*[,-]}
measure() { "$bench/measure" "$@"; }
on_one() { taskset -c "$one" "$@"; }

# ---- rows of the table --------------------------------------------------------------------------

# row NAME [DIGITS]: minimum, median and maximum of the numbers that are read, one a line.
row() {
    sort -g | awk -v name="$1" -v digits="${2:-0}" '
        { v[NR] = $1 }
        END {
            f = "%11." digits "f"
            middle = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
            printf "%-54s" f f f "   %d\n", name, v[1], middle, v[NR], NR
        }'
}

head_line() { printf '\n%s\n' "$1"; }
say() { printf '  %s\n' "$1"; }

# ratio FILE: second column over the first
ratio() { awk '{ print $2 / $1 }' "$1"; }
column() { awk -v n="$1" '{ print $n }' "$2"; }

# ---- figures ------------------------------------------------------------------------------------

cases_of() { jq -s 'map(select(.verdict)) | length' "$1"; }

# sweep PROGRAM VALGRIND [OPTION...]: a line of measure; its results are in $bench/PROGRAM.jsonl.
# One fault at a time: of pairs there are never more than a limit, however long a test is.
sweep() {
    swept=$1 how=$2
    shift 2
    [ $# -gt 0 ] || set -- --pairs no
    measure taskset -c "$one" "$build/bin/faulttest" run --valgrind="$how" -j1 "$@" \
        -o "$bench/$swept.jsonl" "$bench/$swept" 2>"$bench/$swept.err" || true
}

# copies_of PROGRAM: nanoseconds of processor time of a bare copy of that program
copies_of() {
    COPIES=$forks_count LD_PRELOAD=$bench/copies.so on_one "$bench/$1" 2>&1 >/dev/null | tail -n 1
}

# size_of PROGRAM: kilobytes of anonymous and of other memory, and mappings, of the process that
# cases branch from
size_of() {
    measure -m "$build/bin/faulttest" run --valgrind=none -j1 --pairs no -o "$bench/$1.jsonl" \
        "$bench/$1" 2>/dev/null | awk '{ print $5, $4 - $5, $6 }'
}

# One line a run: nanoseconds of processor time of a case, of a bare copy of a process of that size,
# of one with as many mappings, of the very program.
native() {
    : > "$bench/$1.native"
    size=$(size_of "$1")
    anonymous=${size%% *} mappings=${size##* } other=${size% *}
    other=${other#* }
    for _ in $(seq "$RUNS"); do
        cpu=$(sweep "$1" none | awk '{ print $2 }')
        bare=$(on_one "$bench/forks" "$anonymous" "$other" 0 "$forks_count")
        mapped=$(on_one "$bench/forks" "$anonymous" "$other" "$mappings" "$forks_count")
        echo "$cpu $(cases_of "$bench/$1.jsonl") $bare $mapped $(copies_of "$1")" \
            | awk '{ print $1 / $2 * 1e9, $3, $4, $5 }' >> "$bench/$1.native"
    done
    head_line "$2: $(cases_of "$bench/$1.jsonl") cases, process of $(echo "$size" |
        awk '{ printf "%.1f MB (%.1f anonymous), %d mappings", ($1 + $2) / 1024, $1 / 1024, $3 }')"
    awk '{ print 1e9 / $1 }' "$bench/$1.native" | row "  cases per second of one processor"
    awk '{ print 1e9 / $2 }' "$bench/$1.native" | row "  bare copies (clone, kill, wait), same size"
    awk '{ print 1e9 / $3 }' "$bench/$1.native" \
        | row "  bare copies, same size and as many mappings"
    awk '{ print 1e9 / $4 }' "$bench/$1.native" | row "  bare copies of this very program"
    ratio "$bench/$1.native" | row "  cases against bare copies (aim: 0.4, then 0.6)" 2
    awk '{ print $3 / $1 }' "$bench/$1.native" | row "  cases against those with mappings" 2
    awk '{ print $4 / $1 }' "$bench/$1.native" | row "  cases against copies of the program" 2
}

# A full sweep natively and under Memcheck, against one start of Valgrind for each case.
checked() {
    : > "$bench/$1.checked"
    for _ in $(seq "$SLOW_RUNS"); do
        both=$(sweep "$1" all | awk '{ print $2 }')
        start=$(measure taskset -c "$one" valgrind -q --tool=memcheck --leak-check=no \
            --soname-synonyms=somalloc=nouserintercepts --run-libc-freeres=no "$bench/$1" \
            2>/dev/null | awk '{ print $2 }')
        echo "$both $(cases_of "$bench/$1.jsonl") $start" | awk '{ print $1 / $2, $3 }' \
            >> "$bench/$1.checked"
    done
    head_line "$2, under Memcheck: $(cases_of "$bench/$1.jsonl") cases"
    awk '{ print 1 / $1 }' "$bench/$1.checked" | row "  checked cases per second of one processor" 1
    awk '{ print 1 / $2 }' "$bench/$1.checked" | row "  starts of Valgrind with the same program" 1
    ratio "$bench/$1.checked" | row "  times faster (aim: 10, then 20)" 1
}

paired() {
    for _ in $(seq "$RUNS"); do
        both=$(sweep echo1 none --pairs 1000 | awk '{ print $2 }')
        echo "$both $(cases_of "$bench/echo1.jsonl")" | awk '{ print $2 / $1 }'
    done > "$bench/paired"
    head_line "Echo of 1 message with pairs of faults: $(cases_of "$bench/echo1.jsonl") cases"
    row "  cases per second of one processor" < "$bench/paired"
}

# The same program with ten times as many messages.
growth() {
    : > "$bench/growth"
    for _ in $(seq "$RUNS"); do
        small=$(sweep echo10 none | awk '{ print $2 }')
        echo "$small $(sweep echo100 none | awk '{ print $2 }')" >> "$bench/growth"
    done
    head_line "A scenario ten times as long (echo of 10 and of 100 messages)"
    say "cases: $(cases_of "$bench/echo10.jsonl") and $(cases_of "$bench/echo100.jsonl")"
    column 1 "$bench/growth" | row "  10 messages, seconds of processor time" 3
    column 2 "$bench/growth" | row "  100 messages, seconds of processor time" 3
    ratio "$bench/growth" | row "  times as long (aim: about 10)" 1
}

peak_of() {
    for _ in $(seq "$SLOW_RUNS"); do
        measure -m "$build/bin/faulttest" run --valgrind="$2" "-j$3" -o "$bench/peak.jsonl" \
            "$bench/$1" 2>/dev/null | awk '{ print $3 / 1024 }'
    done
}

# What a program's comment says after a word: said NAME WORD
said() { sed -n "s|.*$2: *\([^*]*[^* ]\) *\*/.*|\1|p" "$here/idle/$1.c"; }

# A library that is not installed is left out, and its row says so.
# shellcheck disable=SC2046,SC2086
idle_hours() {
    head_line "An hour of virtual time in which a loop has nothing to do but to tick each second,"
    say "milliseconds of processor time (aim: < 10)"
    for file in "$here"/idle/*.c; do
        name=$(basename "$file" .c)
        libs=$(said "$name" libs)
        if ! { [ -z "$libs" ] || pkg-config --exists $libs; } \
            || ! compile "idle_$name" "idle/$name" $(test -z "$libs" || pkg-config --cflags $libs) \
                $ours -lcmocka $(test -z "$libs" || pkg-config --libs $libs) \
                $(said "$name" link) -pthread; then
            say "$name is not installed"
            continue
        fi
        for _ in $(seq "$RUNS"); do
            on_one "$bench/idle_$name" 2>/dev/null | awk 'END { print $1 / 1e6 }'
        done | row "  $name" 3
    done
}

others() {
    head_line "Memory of the whole run at its peak: command and all cases, shared pages once"
    peak_of thumbnail none 1 | row "  thumbnail, natively, MB (looked at every 10 ms)" 1
    peak_of echo10 all 1 | row "  echo of 10 messages, under Memcheck, MB" 1
    idle_hours
    for _ in $(seq "$RUNS"); do on_one "$bench/wrapper"; done > "$bench/wrapper.ns"
    head_line "A wrapper while no world is active, real nanoseconds of a call"
    column 1 "$bench/wrapper.ns" | row "  read of 0 bytes from /dev/null, by us" 1
    column 2 "$bench/wrapper.ns" | row "  the same by glibc" 1
    column 3 "$bench/wrapper.ns" | row "  malloc and free of 64 bytes, by us" 1
    column 4 "$bench/wrapper.ns" | row "  the same by glibc" 1
    awk '{ print $1 - $2 }' "$bench/wrapper.ns" | row "  more for a read (aim: < 50)" 1
    awk '{ print ($3 - $4) / 2 }' "$bench/wrapper.ns" \
        | row "  more for a malloc or a free (aim: < 50)" 1
}

build_all
load=$(cut -d' ' -f1 /proc/loadavg)
printf '%s\n' "faulttest bench: $(uname -sr), $(nproc) processors, load $load
All on one processor, -j1. Processor time is user and system, of command, program and all cases."
printf '%-54s%11s%11s%11s   %s\n' '' minimum median maximum runs
native echo1 "Echo of 1 message, native"
native echo10 "Echo of 10 messages, native"
native thumbnail "The thumbnail service, native"
paired
growth
others
checked echo10 "Echo of 10 messages"
