#!/bin/sh
# A swept program that writes files leaves none on the real disk. Usage: test_no_traces.sh BUILD
set -eu
build=$(cd "${1:?usage: test_no_traces.sh BUILD}" && pwd)
faulttest=$build/bin/faulttest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/here"
cd "$work"
cat >suite.c <<'END'
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void writes_everywhere(void **state)
{
    char name[] = "/tmp/no-traces-XXXXXX", folder[] = "here/XXXXXX";
    (void)state;
    FILE *f = fopen("here/kept", "w");
    if (f) {
        fputs("lost", f);
        fclose(f);
    }
    int fd = mkstemp(name);
    if (fd >= 0) close(fd);
    assert_int_equal(mkdir("here/folder", 0700), 0);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(symlink("kept", "here/link"), 0);
    assert_int_equal(rename("old", "here/moved"), 0);
    assert_int_equal(chmod("here/moved", 0700), 0);
    fd = open("changed", O_WRONLY | O_TRUNC);
    if (fd >= 0) close(fd);
    unlink("removed");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(writes_everywhere) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
END
gcc -D_GNU_SOURCE -Wall -Wextra -Werror -g -o suite suite.c -L"$build" -Wl,-rpath,"$build" \
    -Wl,--push-state,--no-as-needed,-lfaulttest,--pop-state -lcmocka
echo old >old
echo changed >changed
echo removed >removed
chmod 644 old
rm -f /tmp/no-traces-*

state_of_the_disk()
{
    find . /tmp -maxdepth 2 \( -path './here*' -o -name 'no-traces-*' -o -name old \
        -o -name changed -o -name removed \) -exec stat -c '%n %a %s %Y' {} + 2>errors | sort
    cat old changed removed
}
state_of_the_disk >before
timeout 120 "$faulttest" run --valgrind=none ./suite >output 2>&1 || {
    cat output
    echo 'not ok no_traces: the sweep fails'
    exit 1
}
grep -Eq 'faulttest: [0-9]*[1-9][0-9]* cases, 0 failed' output
state_of_the_disk >after
cmp before after || {
    echo 'not ok no_traces: the disk has changed'
    exit 1
}
echo 'ok no_traces'
