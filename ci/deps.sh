#!/bin/sh
# Installs the Debian packages that Faulttest needs to be built and tested; with --lint also the
# checkers of ci/lint.sh. Does nothing when all are there. As root, or through sudo.
set -eu

build="gcc make pkg-config libc6-dev libuv1-dev libcurl4-openssl-dev libcmocka-dev libfiu-dev
libjansson-dev libdw-dev libelf-dev valgrind"
tests="lcov libgd-dev libevent-dev nginx-light jq netbase patch redis-server gdb parallel
slurm-wlm munge bsdutils hostname util-linux"
libraries="libev-dev libglib2.0-dev libhiredis-dev libpq-dev libnghttp2-dev libmicrohttpd-dev
libmosquitto-dev libc-ares-dev libssl-dev liburing-dev"
lint="shellcheck clang-tidy cppcheck universal-ctags"

wanted="$build $tests $libraries"
case "${1-}" in
'') ;;
--lint) wanted="$wanted $lint" ;;
*)
    echo "usage: ci/deps.sh [--lint]" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null; then
    echo "ci/deps.sh: this system has no apt-get; these Debian packages are needed:" >&2
    echo "$wanted" >&2
    exit 1
fi

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "ci/deps.sh: all packages are installed"
    exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "ci/deps.sh: not root, and there is no sudo; install:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

install_missing()
{
    # shellcheck disable=SC2086  # a list of packages, each a word
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}

echo "ci/deps.sh: installing$missing"
# The lists of packages may be absent, as in fresh containers, or out of date.
install_missing || {
    $as_root apt-get update
    install_missing
}
echo "ci/deps.sh: done"
