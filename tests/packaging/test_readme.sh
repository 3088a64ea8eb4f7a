#!/bin/sh
# The README is true: its programs are compiled, its patch applied, its commands run in order, and
# what they print is what stands there.
#   tests/packaging/test_readme.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

result()
{
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
        echo "ok $2"
    else
        failed=$((failed + 1))
        echo "not ok $2"
    fi
}

# Real time is the only thing that may differ.
normal()
{
    sed 's/ in [0-9][0-9.]* s$/ in S s/'
}

make -C "$root" "BUILD=$build" install "PREFIX=$work/prefix" DESTDIR= >"$work/install.log" 2>&1
result $? 'make install'
PATH=$work/prefix/bin:$PATH
PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
export PATH PKG_CONFIG_PATH

# What the sweep of the sample service says is also shown; Memcheck would take a minute.
service=$(cd "$build" && pwd)/test_thumbnail
(cd "$work" && faulttest run --valgrind=none "$service" >sweep 2>errors)
grep -E '^(thumbnail|outcome|allowed|pairs|not tried)' "$work/sweep" >"$work/shown"
sed -n 's/^    //p' "$root/README.md" | grep -E '^(thumbnail|outcome|allowed|pairs|not tried)' |
    diff -u - "$work/shown" >"$work/difference"
result $? 'the sweep of the sample service'
sed 's/^/# /' "$work/difference"

# Block after block into files of its own: 001.c, 002.diff, 003.console ...
mkdir "$work/blocks" "$work/run"
awk -v folder="$work/blocks" '
    /^```[a-z]+$/ { name = sprintf("%s/%03d.%s", folder, ++n, substr($0, 4)); next }
    /^```$/       { name = ""; next }
    name          { print > name }' "$root/README.md"
cd "$work/run" || exit 1

# run_console FILE: each command, and the lines up to the next one.
run_console()
{
    awk -v folder="$work" '
        /^\$ / { n++; print substr($0, 3) > (folder "/command." n); next }
               { print > (folder "/expected." n) }' "$1"
    n=1
    while [ -f "$work/command.$n" ]; do
        command=$(cat "$work/command.$n")
        timeout 120 sh -c "$command" >"$work/output" 2>"$work/errors" </dev/null
        if [ -f "$work/expected.$n" ]; then
            normal <"$work/output" >"$work/got"
            normal <"$work/expected.$n" | diff -u - "$work/got" >"$work/difference"
            result $? "$command"
            sed 's/^/# /' "$work/difference"
        else
            sh -c "$command" >/dev/null 2>&1 </dev/null
            result $? "$command"
        fi
        n=$((n + 1))
    done
    rm -f "$work"/command.* "$work"/expected.*
}

for block in "$work"/blocks/*; do
    case $block in
    *.c)
        name=$(sed -n '1s|^/\* \([a-z_]*\.[ch]\) - .*|\1|p' "$block")
        cp "$block" "${name:-unnamed.c}"
        ;;
    *.diff)
        patch -s -p0 <"$block"
        result $? 'the patch applies'
        ;;
    *.console) run_console "$block" ;;
    esac
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
