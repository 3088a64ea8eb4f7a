#!/bin/sh
# Coverage per failure mode: sweeps a program that was built with --coverage and linked with
# `pkg-config --variable=libs_coverage faulttest`, keeps the counters of each mode apart, and
# makes one report of all, in which the tests of lcov are the modes.
#   ci/coverage.sh FAULTTEST FOLDER PROGRAM
set -eu
if [ $# -ne 3 ]; then
    echo "usage: ci/coverage.sh FAULTTEST FOLDER PROGRAM" >&2
    exit 2
fi
faulttest=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
program=$3
for tool in lcov genhtml; do
    if ! command -v "$tool" >/dev/null; then
        echo "ci/coverage.sh: $tool is missing; install the Debian package lcov" >&2
        exit 2
    fi
done
data=$folder/data
rm -rf "$data" "$folder"/*.info
mkdir -p "$data"

# lcov 1.16 and newer Perls: warnings about its own code, of no use to anybody here.
quietly()
{
    "$@" 2>"$folder/lcov.log" >>"$folder/lcov.log" || {
        cat "$folder/lcov.log" >&2
        exit 1
    }
}

branches="--rc lcov_branch_coverage=1"

# numbers FILE: lines and branches reached, in columns. A merged file has a line once per test.
numbers()
{
    awk -F '[:,]' '
        /^SF:/ { file = $2 }
        /^DA:/ { line[file, $2]; if ($3 > 0) hit[file, $2] }
        /^BRDA:/ { key = file SUBSEP $2 SUBSEP $3 SUBSEP $4; branch[key]; if ($5 > 0) taken[key] }
        END { l = length(line); h = length(hit); b = length(branch); t = length(taken)
              printf "%5d of %d lines %5.1f %%   %5d of %d branches %5.1f %%\n", h, l,
              l ? 100 * h / l : 0, t, b, b ? 100 * t / b : 0 }' "$1"
}

"$faulttest" run --valgrind=none -j 2 --coverage "$data" -o "$folder/results.jsonl" "$program" \
    >"$folder/sweep.txt" || {
    cat "$folder/sweep.txt" >&2
    echo "ci/coverage.sh: the sweep found something; coverage is of value when it does not" >&2
    exit 1
}

merged=
for mode in "$data"/*/; do
    name=$(basename "$mode")
    # The notes of the compiler must stand beside the counters.
    (cd "$mode" && find . -name '*.gcda') | while read -r counters; do
        notes=${counters%.gcda}.gcno
        cp "/${notes#./}" "$mode/$notes"
    done
    # shellcheck disable=SC2086  # an option and its value
    quietly lcov $branches -q -c -t "$name" -d "$mode" -o "$folder/$name.all"
    # shellcheck disable=SC2086  # an option and its value
    quietly lcov $branches -q -r "$folder/$name.all" '/usr/*' -o "$folder/$name.info"
    rm "$folder/$name.all"
    merged="$merged -a $folder/$name.info"
done
# shellcheck disable=SC2086  # a list of options
quietly lcov $branches -q $merged -o "$folder/all.info"
# shellcheck disable=SC2086  # an option and its value
quietly genhtml $branches -q --show-details --legend --title 'Faulttest' -o "$folder" \
    "$folder/all.info"

printf '%-12s %s\n' 'no fault' "$(numbers "$folder/none.info")"
for info in "$folder"/*.info; do
    name=$(basename "$info" .info)
    case $name in none | all) continue ;; esac
    printf '%-12s %s\n' "$name" "$(numbers "$info")"
done
printf '%-12s %s\n' 'all' "$(numbers "$folder/all.info")"
echo "in a browser: $folder/index.html"
tail -n 1 "$folder/sweep.txt"
