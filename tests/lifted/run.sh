#!/bin/sh
# fit_faults_off() lifts what lasts: each of these cases goes well with it, and fails without.
#   tests/lifted/run.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/checks.sh
. "$here/../checks.sh"

# build NAME FLAGS...
build()
{
    # shellcheck disable=SC2086  # options, each a word
    gcc -g -O1 -Wall -Wextra -Werror -I"$build/include" -o "$1" "$here/suite.c" -L"$build" \
        -Wl,-rpath,"$build" -lfaulttest -lcmocka $2 >output 2>&1
    result $? "$1 is built"
    timeout 120 "$faulttest" run --valgrind=none --pairs no --random no --mode all --extended \
        -o "$1.jsonl" "./$1" >output 2>&1
    jq -r '.case + " " + .verdict' "$1.jsonl" >"$1.cases"
}

build lifts ""
build stays -DSTAY

# ended FILE CASE: with which verdict
ended() { sed -n "s,^$2 ,,p" "$1"; }

while read -r what case; do
    { echo "$case:"; ended lifts.cases "$case"; ended stays.cases "$case"; } >output
    case $(ended lifts.cases "$case") in recovered|unaffected) true ;; *) false ;; esac
    result $? "$what: lifted, $case"
    [ "$(ended stays.cases "$case")" = assertion ]
    result $? "$what: not lifted, $case"
done <<END
descriptors connects:socket:in=dial:error=EMFILE:when=1+
descriptors connects:socket:in=dial:error=EMFILE:until=close
descriptors connects:socket:in=dial:error=EMFILE:until=2s
descriptors saves:open:in=save:on=/tmp/lifted:error=EMFILE:when=1+
ports connects:connect:in=dial:on=10.0.0.7/7:error=EADDRNOTAVAIL:when=1+
ports connects:connect:in=dial:on=10.0.0.7/7:error=EADDRNOTAVAIL:until=2s
silence converses:peer:on=10.0.0.7/7:silent
disk saves:write:in=save:on=/tmp/lifted:error=ENOSPC:when=1+
disk saves:write:in=save:on=/tmp/lifted:error=ENOSPC:until=free
disk saves:write:in=save:on=/tmp/lifted:error=ENOSPC:until=2s
read-only saves:open:in=save:on=/tmp/lifted:error=EROFS:when=1+
memory remembers:malloc:in=remember:error=ENOMEM:when=1+
memory remembers:malloc:in=remember:error=ENOMEM:until=free
memory remembers:malloc:in=remember:error=ENOMEM:until=2s
END
finish
