# shellcheck shell=sh
# What the shell tests of the command share: sourced with $1, the build folder, by a script that
# names its own folder in `here`. They then stand in a folder of their own that goes when they end.
build=$(cd "$1" && pwd)
faulttest=$build/bin/faulttest
path=$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
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

# ends STATUS NAME ARGUMENTS...: of the command, which finds its own tools in $path
ends()
{
    expected=$1
    name=$2
    shift 2
    timeout 120 env "PATH=$path" "$faulttest" "$@" >output 2>&1 </dev/null
    status=$?
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
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}
