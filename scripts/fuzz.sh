#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds one libFuzzer target with clang and runs it for a while on the committed corpus.
#
# usage: scripts/fuzz.sh NAME SECONDS [DIRECTORY]
#   NAME is that of tests/fuzz/fuzz_NAME.c; what is built and found goes to DIRECTORY (default: one made by mktemp).
set -eu

if [ $# -lt 2 ]; then
    sed -n 's/^# \{0,1\}//; 3,6p' "$0" >&2
    exit 2
fi
name=$1
seconds=$2
root=$(cd "$(dirname "$0")/.." && pwd)
work=${3:-$(mktemp -d)}
mkdir -p "$work/found"

clang=$(command -v clang || command -v clang-14 || true)
if [ -z "$clang" ]; then
    echo "fuzz.sh: clang is missing; install the packages clang and libclang-rt-14-dev" >&2
    exit 1
fi
echo 'int LLVMFuzzerTestOneInput(const char *b, unsigned long n) { (void)b; (void)n; return 0; }' >"$work/probe.c"
if ! "$clang" -fsanitize=fuzzer,address,undefined "$work/probe.c" -o "$work/probe" 2>"$work/probe.log"; then
    echo "fuzz.sh: clang cannot link a fuzzer; install the package libclang-rt-14-dev (or that of your clang)" >&2
    cat "$work/probe.log" >&2
    exit 1
fi

"$clang" -std=gnu11 -g -O1 -D_GNU_SOURCE -fshort-wchar -fno-strict-aliasing \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Wall -Wextra -Werror -Wno-unused-parameter \
    -Wno-missing-field-initializers -I"$root/include" -I"$root/src" "$root/tests/fuzz/fuzz_$name.c" \
    "$root"/src/base/thread.c "$root"/src/base/report.c "$root"/src/base/status.c "$root"/src/base/trace.c \
    "$root"/src/mem/*.c "$root"/src/dma/*.c "$root"/src/ldr/pe.c "$root"/src/ldr/pe_tables.c -lpthread -o "$work/fuzz_$name"

# What is new goes to the first directory. A failure leaves the input beside it and says how to run it again.
exec "$work/fuzz_$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$work/$name-" "$work/found" "$root/tests/fuzz/corpus/$name"
