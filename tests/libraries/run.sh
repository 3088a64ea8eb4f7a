#!/bin/sh
# Sweeps the programs of this folder: libraries as Debian ships them, used as their users do. One
# fault at a time: pairs find what is expected here once more, with everything else in front of it.
# Every finding, also one that Faulttest allows by itself, must stand in `expected`, and all that
# stands there must be found.
#   tests/libraries/run.sh [--short | --sanitize] BUILD [NAME...]
# --short: natively only. --sanitize: natively, the programs built with AddressSanitizer and
# UndefinedBehaviorSanitizer. Otherwise also under Memcheck. NAME as in NAME.c. What is skipped,
# since a package is missing, says so. Ends with a line for each library: its cases, the different
# reasons that `expected` gives for what was found in them, and in how many cases that was.
set -u
here=$(cd "$(dirname "$0")" && pwd)

# What a program's first comment says after a word: said FILE WORD
said() { sed -n "/^ \*\//q; s/^ \* $2: *//p" "$1"; }

# The packages among "$@" that are not installed; none are missed where nobody can tell.
missing() {
    command -v dpkg-query >/dev/null || return 0
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] \
            || printf ' %s' "$package"
    done
}

make_certificate() {
    ${CC:-gcc} -Wall -Wextra -Werror -o "$out/make_cert" "$here/make_cert.c" -lcrypto \
        && "$out/make_cert" >"$out/certificate.h"
}

# compile NAME
compile() {
    source=$here/$1.c libs=$(said "$here/$1.c" libs) link=$(said "$here/$1.c" link)
    # The words of these, and of what pkg-config says, are arguments of their own.
    # shellcheck disable=SC2046,SC2086
    ${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -DFAULTTEST -U_FORTIFY_SOURCE -Wall -Wextra -Werror \
        -O1 -g $sanitize -rdynamic -I"$build/include" -I"$out" \
        $(test -z "$libs" || pkg-config --cflags $libs) -o "$out/$1" "$source" \
        -L"$build" -Wl,-rpath,"$build" -Wl,--no-as-needed -lfaulttest -Wl,--as-needed \
        -lcmocka $(test -z "$libs" || pkg-config --libs $libs) $link -pthread
}

# Is VERDICT in CASE expected of NAME? Notes the line that says so: is_expected NAME VERDICT CASE
is_expected() {
    while read -r program verdict pattern reason; do
        [ "$program/$verdict" = "$1/$2" ] || continue
        # shellcheck disable=SC2254  # a pattern it is
        case $3 in $pattern)
            echo "$verdict $pattern $reason" >>"$out/$1.met"
            return 0 ;;
        esac
    done <"$here/expected"
    return 1
}

# Compares what was found with what is expected: judge NAME
judge() {
    bad=0
    : >"$out/$1.met"
    while read -r word case; do
        is_expected "$1" "$word" "$case" && continue
        echo "not ok $1: $word $case"
        bad=1
    done <"$out/$1.findings"
    while read -r program verdict pattern reason; do
        [ "$program" = "$1" ] || continue
        grep -qxF "$verdict $pattern $reason" "$out/$1.met" && continue
        [ "$short/$verdict" != 1/leak-memory ] || continue      # Memcheck's to say
        echo "not ok $1: expected and not found: $verdict $pattern"
        bad=1
    done <"$here/expected"
    return $bad
}

one() {
    # shellcheck disable=SC2046  # packages, each a word
    lacks=$(missing $(said "$here/$1.c" packages))
    if [ "$lacks" ]; then
        echo "# $1: skipped, not installed:$lacks"
        return
    fi
    compile "$1" || { echo "not ok $1: does not compile"; return; }
    how=all
    [ -z "$short" ] || how=none
    (cd "$out" && timeout 900 "$build/bin/faulttest" run -j 2 -v --pairs no --valgrind=$how \
        -o "$out/$1.jsonl" "./$1") >"$out/$1.out" 2>&1
    status=$?
    if ! grep -q 'no faults: pass, deterministic' "$out/$1.out" || [ ! -s "$out/$1.jsonl" ] \
        || grep -q '^stopped' "$out/$1.out"; then
        echo "not ok $1: no whole sweep, exit status $status: $out/$1.out"
        return
    fi
    jq -r 'select(.failed or .allowed) | "\(.verdict) \(.case)"' "$out/$1.jsonl" | sort -u \
        >"$out/$1.findings"
    judge "$1" || return
    printf 'ok %-16s %5d cases %4d findings, in %d cases\n' "$1" \
        "$(jq -r .case "$out/$1.jsonl" | sort -u | wc -l)" \
        "$(sed 's/[^ ]* [^ ]* //' "$out/$1.met" | sort -u | wc -l)" \
        "$(wc -l <"$out/$1.findings")"
}

short='' sanitize=''
case ${1:-} in
    --short) short=1; shift ;;
    --sanitize) short=1 sanitize=-fsanitize=address,undefined; shift ;;
esac
[ $# -ge 1 ] || { echo "usage: $0 [--short | --sanitize] BUILD [NAME...]" >&2; exit 2; }
build=$(cd "$1" && pwd) || exit 2
shift
out=$build/libraries${sanitize:+_sanitized}
mkdir -p "$out"
if [ $# -eq 0 ]; then
    for file in "$here"/*.c; do
        [ "$file" = "$here/make_cert.c" ] || set -- "$@" "$(basename "$file" .c)"
    done
fi
[ "$(missing libssl-dev)" ] || make_certificate || exit 1
: >"$out/log"
for name in "$@"; do one "$name" >>"$out/log"; done
cat "$out/log"
! grep -q '^not ok ' "$out/log" && grep -q '^ok ' "$out/log"
