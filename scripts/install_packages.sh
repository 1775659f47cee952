#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs, on Debian 12, what is missing of what this project needs; says what it does; does nothing when nothing is missing.
#
# Usage: install_packages.sh build   what building and running the command takes
#        install_packages.sh check   that, and what `make check` takes
#        install_packages.sh bench   what building takes, and what `make bench` takes
#
# VIDEOPORT_NO_INSTALL=1 turns it off, for computers where somebody else decides what is installed.
set -eu

build="gcc libc6-dev make meson ninja-build pkg-config python3 libpng-dev libjansson-dev libcmocka-dev
 libzydis-dev libseccomp-dev"
check="$build clang libclang-rt-dev gcc-multilib libc6-dev-i386 gcc-mingw-w64-x86-64 gcc-mingw-w64-i686
 binutils man-db qemu-system-x86 valgrind"
bench="$build gnuplot-nox"

case "${1-}" in
build) wanted=$build ;;
check) wanted=$check ;;
bench) wanted=$bench ;;
*)
    sed -n 's/^# \(Usage:.*\|       .*\)/\1/p' "$0" >&2
    exit 2
    ;;
esac

[ -z "${VIDEOPORT_NO_INSTALL-}" ] || exit 0

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This is no Debian system: please see to it yourself that these (Debian's names) are here, then run" >&2
    echo "make again with VIDEOPORT_NO_INSTALL=1:" $wanted >&2
    exit 3
fi

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing with apt-get:$missing"
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "Neither root nor sudo: ask your administrator for" $missing >&2
    exit 3
fi

# Not through `env` for root alone: sudo drops the variable otherwise.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing
