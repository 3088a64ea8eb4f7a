#!/bin/sh
# Installs Faulttest into a prefix of its own and uses it as a project does: with pkg-config, the
# makefile fragment, the old contract, the strict one, and with the library lost at linking.
# BUILD: the build folder to install from, as for make.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
project=$work/project
passed=0
failed=0

ok()
{
    passed=$((passed + 1))
    echo "ok $1"
}

not_ok()
{
    failed=$((failed + 1))
    echo "not ok $1"
    sed 's/^/# /' "$work/output" 2>/dev/null | tail -n 40
}

# is NAME COMMAND...: passes if the command does.
is()
{
    name=$1
    shift
    if "$@" >"$work/output" 2>&1; then ok "$name"; else not_ok "$name"; fi
}

# ends STATUS NAME COMMAND...: passes if the command ends with this status.
ends()
{
    expected=$1
    name=$2
    shift 2
    timeout 120 "$@" >"$work/output" 2>&1
    status=$?
    [ "$status" = "$expected" ] || echo "exit status $status, not $expected" >>"$work/output"
    if [ "$status" = "$expected" ]; then ok "$name"; else not_ok "$name"; fi
}

# says NAME PATTERN: passes if the last output has it.
says()
{
    if grep -Eq "$2" "$work/output"; then ok "$1"; else not_ok "$1"; fi
}

finish()
{
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

unset MAKEFLAGS MAKELEVEL MFLAGS
if [ -n "${BUILD-}" ]; then set -- "BUILD=$BUILD"; else set --; fi
ends 0 'make install' make -C "$root" install "PREFIX=$prefix" DESTDIR= "$@"
for file in include/faulttest.h include/faulttest/point.h lib/libfaulttest.so bin/faulttest \
    lib/pkgconfig/faulttest.pc share/faulttest/faulttest.mk; do
    is "installed $file" test -s "$prefix/$file"
done
[ "$failed" = 0 ] || finish
ends 0 'make install with DESTDIR' \
    make -C "$root" install PREFIX=/opt/ft "DESTDIR=$work/stage" "$@"
is 'the staged file names the final prefix' \
    grep -q '^prefix=/opt/ft$' "$work/stage/opt/ft/lib/pkgconfig/faulttest.pc"
is 'the installed command runs' "$prefix/bin/faulttest" --version

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
is 'pkg-config knows it' pkg-config --exists --print-errors faulttest
is 'the fragment is where pkg-config says' test -f "$(pkg-config --variable=makefile faulttest)"
is 'variable libs_coverage' test "$(pkg-config --variable=libs_coverage faulttest)" = \
    '-Wl,-u,__gcov_dump -Wl,-u,__gcov_reset'

# ---- product code needs the header only ----
cat >"$work/product.c" <<'END'
#include <errno.h>
#include <faulttest/point.h>
int main(void)
{
    int err = FAULT_POINT("here", ENOMEM);
    FAULT_RAISE("there", return 1);
    FAULT_MARK("mark");
    FAULT_CANCEL_POINT();
    return err;
}
END
compile="gcc -std=c11 -Wall -Wextra -Werror -I$prefix/include"
# shellcheck disable=SC2086  # a command and its words
is 'point.h compiles to nothing' $compile -o "$work/product" "$work/product.c"
is 'and such a program runs' "$work/product"
# shellcheck disable=SC2086
is 'point.h links without the library' $compile -DFAULTTEST -o "$work/product" "$work/product.c"
is 'and does nothing then' "$work/product"

# ---- a project: the old contract, only linked ----
cp -R "$here/project" "$project"
cd "$project" || exit 1
ends 0 'the default goal is the project'"'"'s own' make
is 'the program needs libfaulttest' sh -c 'readelf -d test_svc | grep -q "NEEDED.*libfaulttest"'
ends 0 'the test passes as it is' make check
ends 0 'make faulttest, old contract' make faulttest
cases='^faulttest: [1-9][0-9]* cases, 0 failed, 0 not fired, in '
says 'cases were run, none failed' "$cases"
grep -E "$cases" "$work/output" | sed 's/ cases.*//' >"$work/linked"
is 'results were written' test -s build/faulttest/results.jsonl
is 'each line of them is JSON' jq -e . build/faulttest/results.jsonl
ends 2 'no programs is an error' make faulttest FAULTTESTS=
says 'and it says so' 'FAULTTESTS names no program'

rm -f ./*.o test_svc
ends 0 'with a leak planted, it still passes' make check EXTRA=-DPLANTED_LEAK
ends 1 'and the sweep finds the leak' "$prefix/bin/faulttest" run ./test_svc
says 'by its name' '^1 +leak-memory .*copies'
says 'with a line that replays it' 'replay +[^ ]*faulttest replay \./test_svc copies:pipe2:[^ ]*$'

# ---- one line changed: the strict contract ----
rm -f ./*.o test_svc
sed -i 's/return cmocka_run_group_tests(/return fit_run_group_tests(/' test_svc.c
sed -i 's/^#include <cmocka.h>/&\n#include <faulttest.h>/' test_svc.c
ends 0 'make faulttest, strict contract' make faulttest
says 'cases were run, none failed' "$cases"
ends 0 'a plain run of it passes' ./test_svc

# ---- the library lost at linking ----
# refused NAME: the last link came out so that our definitions are not the first found.
refused()
{
    timeout 120 "$prefix/bin/faulttest" run ./test_lost >"$work/output" 2>&1
    status=$?
    if [ "$status" -ge 2 ] && [ "$status" -le 4 ]; then
        ok "$1"
    else
        echo "exit status $status" >>"$work/output"
        not_ok "$1"
    fi
    says 'and the message names the library' libfaulttest
}

cp "$here/project/test_svc.c" .
lost="gcc -g -I. -o test_lost test_svc.c svc.c -L$prefix/lib -Wl,-rpath,$prefix/lib"
# shellcheck disable=SC2086  # a command and its words
is 'a link without the library' $lost -Wl,--as-needed -luv -lcmocka -lc -lfaulttest
is 'the linker has dropped it' sh -c '! readelf -d test_lost | grep -q "NEEDED.*libfaulttest"'
refused 'a program that lost it is not swept'
# shellcheck disable=SC2086  # a command and its words
is 'a link behind the others' $lost -Wl,--no-as-needed -luv -lcmocka -lc -lfaulttest
refused 'a program in which it comes last is not swept'
finish
