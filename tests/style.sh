#!/bin/sh
# The rules of the house that scripts can check.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
failed=0
passed=0
for check in check-arrows check-style; do
    if output=$(sh "$root/ci/$check.sh" 2>&1); then
        passed=$((passed + 1))
        echo "ok $check"
    else
        failed=$((failed + 1))
        echo "not ok $check"
        echo "$output" | sed 's/^/# /'
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
