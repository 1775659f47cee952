#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs, on Debian 12, what is missing of what this project needs; says what it does; does nothing when nothing is missing.
#
# Usage: install_packages.sh build   what building and running the command takes
#        install_packages.sh check   that, and what `make check` takes
#        install_packages.sh bench   what building takes, and what `make bench` takes
#
# On x86-64 `build` and `check` also want what i386 drivers take: a compiler's 32-bit half, and two libraries of Debian's
# architecture i386, which is added to dpkg's if need be. Where those two cannot be had, everything else goes on without them.
#
# VIDEOPORT_NO_INSTALL=1 turns it off, for computers where somebody else decides what is installed.
set -eu

build="gcc libc6-dev make meson ninja-build pkg-config python3 libpng-dev libjansson-dev libcmocka-dev
 libzydis-dev libseccomp-dev"
check="$build clang libclang-rt-dev lld llvm gcc-mingw-w64-x86-64 gcc-mingw-w64-i686
 binutils clang-format gdb man-db qemu-system-x86 valgrind"
bench="$build gnuplot-nox librte-eal23"
i386="libzydis-dev:i386 libjansson-dev:i386"

case "${1-}" in
build) wanted=$build ;;
check) wanted=$check ;;
bench) wanted=$bench i386="" ;;
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

case "$(dpkg --print-architecture)" in
amd64) wanted="$wanted gcc-multilib libc6-dev-i386" ;;
*) i386= ;;
esac

# Prints those that are not installed, each after a space.
missing_of() {
    for package in "$@"; do
        case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" in
        installed*) ;; # once for each architecture
        *) printf ' %s' "$package" ;;
        esac
    done
}
missing=$(missing_of $wanted)
i386=$(missing_of $i386)
[ -n "$missing$i386" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
elif [ -z "$missing" ]; then
    exit 0
else
    echo "Neither root nor sudo: ask your administrator for" $missing >&2
    exit 3
fi

# Not through `env` for root alone: sudo drops the variable otherwise. A list that cannot be had now may not be needed: what
# cannot be installed then says so. Nothing is removed for it.
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update || true
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-remove --no-install-recommends "$@"
}

if [ -n "$missing" ]; then
    echo "Installing with apt-get:$missing"
    install $missing
fi

[ -n "$i386" ] || exit 0
echo "Installing with apt-get, for i386 drivers:$i386"
added=
case "$(dpkg --print-foreign-architectures)" in
*i386*) ;;
*)
    echo "Adding the architecture i386 to dpkg's"
    $as_root dpkg --add-architecture i386
    added=yes
    ;;
esac
if ! install $i386; then
    [ -z "$added" ] || $as_root dpkg --remove-architecture i386 || true
    echo "Going on without$i386: i386 drivers will run, but not those that need an instruction emulated, nor on QEMU's devices." >&2
fi
