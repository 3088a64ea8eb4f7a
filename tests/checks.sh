# shellcheck shell=sh
# What the shell tests of the command share: sourced with $1, the build folder, by a script that
# names its own folder in `here`. They then stand in a folder of their own that goes when they end.
build=$(cd "$1" && pwd)
faulttest=$build/bin/faulttest
path=$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
: >.wide
passed=0
failed=0

# result STATUS NAME: what the check that failed had printed, is in the file `output`.
result()
{
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
        echo "ok $2"
    else
        failed=$((failed + 1))
        echo "not ok $2"
        sed 's/^/# /' output | head -n 60
    fi
}

# wide FILE: its lines of more than 100 columns, but for commands and names of cases, which must
# stay in one piece, and what the command says on standard error
wide()
{
    LC_ALL=C.UTF-8 grep -E '^.{101}' "$1" |
        grep -Ev 'faulttest (replay|list) |^( +case +|[a-z-]+  )?[^ ]+:[^ ]+$|^faulttest: '
}

# ends STATUS NAME ARGUMENTS...: of the command, which finds its own tools in $path
ends()
{
    expected=$1
    name=$2
    shift 2
    timeout 120 env "PATH=$path" "$faulttest" "$@" >output 2>&1 </dev/null
    status=$?
    wide output >>"$work/.wide"
    echo "(exit status $status, expected $expected)" >>output
    [ "$status" = "$expected" ]
    result $? "$name"
}

# Where lines break is not compared.
says()
{
    tr '\n' ' ' <output | sed 's/  */ /g' | grep -Eq -- "$1"
    result $? "which says: $1"
}

says_not()
{
    ! tr '\n' ' ' <output | sed 's/  */ /g' | grep -Eq -- "$1"
    result $? "which does not say: $1"
}

finish()
{
    cp "$work/.wide" output
    [ ! -s output ]
    result $? 'no screen is wider than 100 columns'
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}
