#!/bin/sh
# Static analysis: clang-tidy (.clang-tidy), cppcheck and shellcheck, and the two checks of our
# own. Silent when clean; exit status 1 on a finding, 2 when a checker is not installed.
# With names of C files as arguments only these are analysed.
set -eu
cd "$(dirname "$0")/.."

for tool in clang-tidy cppcheck shellcheck pkg-config; do
    command -v "$tool" >/dev/null || {
        echo "ci/lint.sh: $tool is not installed; ci/deps.sh --lint installs it" >&2
        exit 2
    }
done

flags="-std=gnu11 -D_GNU_SOURCE -I. $(pkg-config --cflags libuv libcurl)"
files=${*:-$(find 'fi' harness -name '*.c' | LC_ALL=C sort)}
output=$(mktemp)
trap 'rm -f "$output"' EXIT
failed=0

# run COMMAND...: shows its output only if it fails.
run()
{
    "$@" >"$output" 2>&1 || {
        failed=1
        grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed |^Use -' "$output" || true
    }
}

for file in $files; do
    # shellcheck disable=SC2086  # flags are words
    run clang-tidy --quiet "$file" -- $flags
done
# shellcheck disable=SC2086
run cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability \
    --inline-suppr --std=c11 --platform=unix64 --library=posix -D_GNU_SOURCE -D__x86_64__ -I. \
    --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=internalAstError $files
run sh -c 'find ci tests -name "*.sh" -exec shellcheck {} +'
run ci/check-arrows.sh
run ci/check-style.sh
exit "$failed"
