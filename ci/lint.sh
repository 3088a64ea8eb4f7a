#!/bin/sh
# Static analysis: clang-tidy (.clang-tidy), cppcheck (ci/cppcheck.txt) and shellcheck, and the
# two checks of our own. Silent when clean; exit status 1 on a finding, 2 when a checker is not
# installed. With names of C files as arguments only these are analysed. BUILD says where the
# files are made that tests include; default: build.
set -eu
cd "$(dirname "$0")/.."

for tool in clang-tidy cppcheck shellcheck pkg-config; do
    command -v "$tool" >/dev/null || {
        echo "ci/lint.sh: $tool is not installed; ci/deps.sh --lint installs it" >&2
        exit 2
    }
done

build=${BUILD:-build}
make -s "BUILD=$build" "$build/include/faulttest.h" "$build/include/faulttest/point.h" \
    "$build/generated/image.h" >/dev/null
${CC:-gcc} -o "$build/make_cert" tests/libraries/make_cert.c -lcrypto
"$build/make_cert" >"$build/generated/certificate.h"
flags="-std=gnu11 -D_GNU_SOURCE -DFIT_VERSION=__FILE__ -DFAULTTEST -I. -I$build/include
-I$build/generated $(pkg-config --cflags libuv libcurl gio-2.0 libpq)"
files=${*:-$(find 'fi' harness sample_services tests -name '*.c' | LC_ALL=C sort)}
# What the tests' scripts say to the compiler.
flags="$flags -DLATE=__FILE__ -DLISTS=__FILE__ -DMANY_READS=1 -DREDIS_PORT=1"
# Faults are planted in these; cppcheck has nothing to say there but what they are.
# shellcheck disable=SC2086  # files are words
sound=$(printf '%s\n' $files | grep -v '^tests/defects/' || true)
processors=$(nproc)
output=$(mktemp)
trap 'rm -f "$output"' EXIT
failed=0

# run COMMAND...: shows its output only if it fails.
run()
{
    "$@" >"$output" 2>&1 || {
        failed=1
        grep -vE '^[0-9]+ (warning|error)s? |^Suppressed |^Use -' "$output" || true
    }
}

# An own process for each file, all processors busy.
# shellcheck disable=SC2086,SC2317  # flags and files are words; called by run
tidy()
{
    printf '%s\n' $files | xargs -P "$processors" -I '{}' clang-tidy --quiet '{}' -- $flags
}

run tidy
# Without the macros of sys/queue.h it cannot parse their users.
# shellcheck disable=SC2086
[ -z "$sound" ] || run cppcheck -j "$processors" --quiet --error-exitcode=1 --inline-suppr \
    --enable=warning,performance,portability --suppressions-list=ci/cppcheck.txt \
    --std=c11 --platform=unix64 --library=posix -D_GNU_SOURCE -D__x86_64__ -I. \
    --include=/usr/include/"$(gcc -print-multiarch)"/sys/queue.h $sound
run sh -c 'find ci tests -name "*.sh" -exec shellcheck {} +'
run ci/check-arrows.sh
run ci/check-style.sh
exit "$failed"
