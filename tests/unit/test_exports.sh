#!/bin/sh
# Nothing escapes silently: every function of glibc that the usual libraries import is defined by
# libfaulttest, or stands in fi/passes_through.txt with a reason. Usage: test_exports.sh BUILD
set -eu
build=${1:?usage: test_exports.sh BUILD}
list=$(dirname "$0")/../../fi/passes_through.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$build/libfaulttest.so" | awk '{ print $3 }' | sed 's/@.*//' |
    sort -u > "$work/ours"
sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$list" > "$work/list"
awk 'NF < 2 { print "no reason is given for " $1; bad = 1 } END { exit bad }' "$work/list"

# The patterns as one regular expression each.
awk '{ print $1 }' "$work/list" |
    sed -e 's/\[!/[^/' -e 's/[.]/[.]/g' -e 's/[*]/.*/g' -e 's/[?]/./g' \
    > "$work/regex"

path_of() { ldconfig -p | awk -v name="$1" '$1 == name && /x86-64|AArch64/ { print $NF; exit }'; }

failed=0
checked=0
for name in libuv.so.1 libcurl.so.4 libevent-2.1.so.7 libevent_pthreads-2.1.so.7 libev.so.4 \
            libssl.so.3 libcrypto.so.3 libgd.so.3 libjpeg.so.62 libpng16.so.16 \
            libgobject-2.0.so.0 libhiredis.so.0.14 libpq.so.5 libnghttp2.so.14 \
            libmicrohttpd.so.12 libevent_openssl-2.1.so.7; do
    path=$(path_of "$name")
    if [ -z "$path" ]; then
        case $name in
            libuv.so.1 | libcurl.so.4) echo "$name is not installed"; failed=1 ;;
        esac
        continue
    fi
    checked=$((checked + 1))
    nm -D --undefined-only "$path" | awk '$2 ~ /@GLIBC/ { print $2 }' | sed 's/@.*//' | sort -u |
        comm -23 - "$work/ours" | grep -vxf "$work/regex" > "$work/missing" || true
    if [ -s "$work/missing" ]; then
        failed=1
        sed "s/^/$name imports, and nothing here knows: /" "$work/missing"
    fi
done

# What is wrapped needs no excuse: a name in the list that we define is a leftover.
awk '$1 !~ /[*?]/ { print $1 }' "$work/list" | sort -u | comm -12 - "$work/ours" > "$work/stale"
if [ -s "$work/stale" ]; then
    failed=1
    sed 's/^/defined, but listed as passing through: /' "$work/stale"
fi
[ "$failed" = 0 ] && echo "ok exports: $checked libraries, nothing escapes"
exit "$failed"
