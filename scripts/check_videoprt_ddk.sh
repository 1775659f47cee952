#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles src/videoprt for NT with mingw-w64's DDK headers, x86-64 and i386, and checks
#  - that the objects import nothing but the services listed in src/videoprt/imports.txt, and that each one listed is used;
#  - that src/videoprt/exports.h names the exports that include/ddk/video.h declares, all of them, once.
# Usage: check_videoprt_ddk.sh [WORK_DIR]. Exits with 77 (skipped) where the compilers are missing.
set -eu
export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
[ $# -gt 0 ] || trap 'rm -rf "$work"' EXIT
failed=0

for machine in x86_64 i686; do
    cc=$machine-w64-mingw32-gcc
    if ! command -v "$cc" >/dev/null; then
        echo "check_videoprt_ddk: $cc is not installed (Debian: gcc-mingw-w64)" >&2
        exit 77
    fi
    ddk=$("$cc" -print-sysroot 2>/dev/null)/usr/$machine-w64-mingw32/include/ddk
    [ -d "$ddk" ] || ddk=/usr/$machine-w64-mingw32/include/ddk
    [ -d "$ddk" ] || ddk=/usr/share/mingw-w64/include/ddk
    mkdir -p "$work/$machine"
    for source in "$root"/src/videoprt/*.c; do
        # KeGetCurrentProcessorNumber reads through a null pointer with a segment, which gcc takes for a mistake; the
        # assembler warns of the headers' string instructions.
        "$cc" -std=gnu11 -O2 -ffreestanding -fno-strict-aliasing -Wall -Wextra -Werror -Wmissing-prototypes \
            -Wno-unused-parameter -Wno-missing-field-initializers -Wno-array-bounds -Wa,--no-warn \
            -I"$ddk" -c "$source" -o "$work/$machine/$(basename "$source" .c).o"
    done
    # Undefined and defined names without decoration: __imp_ of an import, @N and _ of i386 conventions.
    strip='s/^__imp_//; s/@[0-9]*$//; s/^@//'
    [ "$machine" = x86_64 ] || strip="$strip; s/^_//"
    "$machine-w64-mingw32-nm" -g "$work/$machine"/*.o | sed -n 's/.* [TDBRCS] //p' | sed "$strip" | sort -u >"$work/$machine.defined"
    "$machine-w64-mingw32-nm" -u "$work/$machine"/*.o | sed -n 's/.* U //p' | sed "$strip" | sort -u |
        comm -23 - "$work/$machine.defined" >"$work/$machine.imports"
done

grep -v '^#' "$root/src/videoprt/imports.txt" | cut -d' ' -f1 | sort >"$work/listed"
sort -u "$work"/*.imports >"$work/imported"
# Both are macros or inline functions on NT for x86, and functions elsewhere.
printf '%s\n' KeFlushIoBuffers KeGetCurrentProcessorNumber | sort -u - "$work/imported" >"$work/used"
for name in $(comm -13 "$work/listed" "$work/used"); do
    echo "check_videoprt_ddk: $name is imported, but src/videoprt/imports.txt does not list it" >&2
    failed=1
done
for name in $(comm -23 "$work/listed" "$work/used"); do
    echo "check_videoprt_ddk: $name is in src/videoprt/imports.txt, but nothing imports it" >&2
    failed=1
done

sed -n 's/^VP_EXPORT(\(.*\))$/\1/p' "$root/src/videoprt/exports.h" >"$work/exports"
python3 "$root/scripts/ddk_prototypes.py" "$root/include/ddk/video.h" |
    sed -n 's/.*"name": "\(VideoPort[A-Za-z0-9]*\)".*/\1/p' | sort -u >"$work/declared"
if ! diff -u "$work/declared" "$work/exports" >&2; then
    echo "check_videoprt_ddk: src/videoprt/exports.h and include/ddk/video.h differ (above)" >&2
    failed=1
fi
for name in $(cat "$work/exports"); do
    if ! grep -qx "$name" "$work/x86_64.defined"; then
        echo "check_videoprt_ddk: $name is in src/videoprt/exports.h, but no file defines it" >&2
        failed=1
    fi
done
[ $failed -ne 0 ] || echo "src/videoprt: compiles for x86-64 and i386, $(wc -l <"$work/imported") imports, $(wc -l <"$work/exports") exports"
exit $failed
