#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compile include/ddk in every way a driver may include it.

    check_compiles.py [COMPILER ...]           default: gcc clang

Each header alone; each with ntddk.h and with video.h, in both orders; with Linux system headers
before and after; the include orders of real drivers; driver.c, which is written as drivers are;
layouts.c, which asserts sizes and offsets. Everything for x86-64 and i386, with the warnings of the
build as errors; the headers alone for Windows targets too, with mingw's compilers.
"""
import concurrent.futures
import os
import pathlib
import sys

from toolchain import C11, DDK, MACHINES, NATIVE, need, run

HERE = pathlib.Path(__file__).resolve().parent
WARNINGS = ('-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wstrict-prototypes',
            '-Wmissing-prototypes', '-Wvla', '-Wundef')
SYSTEM = ('stdio.h', 'stdint.h', 'string.h', 'pthread.h', 'stdlib.h', 'errno.h', 'limits.h',
          'sys/mman.h', 'sys/user.h', 'wchar.h')
ORDERS = {
    'SG-9': 'stddef ntdef guiddef dderror devioctl miniport video',
    'real drivers': 'dderror devioctl miniport ntddvdeo video',
    'short': 'miniport ntddvdeo video',
    'port driver': 'ntddk dderror ntddvdeo video',
    'port driver, reversed': 'video ntddvdeo miniport wdm ntddk ntstatus winerror',
    'GUIDs defined': 'initguid ntddvdeo video wdmguid guiddef',
}


PACKING = '''#ifdef __clang__
#pragma clang diagnostic ignored "-Wpragma-pack"
#endif
#include <vport_base.h>
#include <pshpack1.h>
struct one { UCHAR a; ULONG b; };
#include <pshpack2.h>
struct two { UCHAR a; ULONG b; };
#include <poppack.h>
struct one_again { UCHAR a; ULONGLONG b; };
#include <poppack.h>
#include <pshpack4.h>
struct four { UCHAR a; ULONGLONG b; };
#include <poppack.h>
#include <pshpack8.h>
struct eight { UCHAR a; ULONGLONG b; };
#include <poppack.h>
C_ASSERT(sizeof(struct one) == 5 && sizeof(struct two) == 6 && sizeof(struct one_again) == 9);
C_ASSERT(sizeof(struct four) == 12 && sizeof(struct eight) == 16);
'''


SCOPES = '''#include <video.h>
ULONG probe(PULONG address);
ULONG probe(PULONG address)
{
    ULONG value = 0;
    __try {
        value = *address;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        value = GetExceptionCode();
    }
    __try {
        value++;
    } __finally {
        value++;
    }
    return value;
}
'''

# What a driver or a program in C++ includes.
CPP = {
    'drivers': 'extern "C" {\n#include <ntddk.h>\n#include <dderror.h>\n#include <ntddvdeo.h>\n#include <video.h>\n}\n',
    'programs': ''.join(f'#include <videoport/{name}.h>\n' for name in ('host', 'device', 'trace')) +
                'int main() { vport_machine_destroy(nullptr); }\n',
}


CLANG_HEADERS = run('clang', '-print-resource-dir').stdout.strip() + '/include'


def include(*names):
    """Source text that includes the headers."""
    return ''.join(f'#include <{name}>\n' for name in names)


def cases():
    """(title, source) of everything that must compile."""
    # Headers that are not for themselves: they have cases of their own.
    special = {'poppack.h', 'vport_ms_abi.h', *(f'pshpack{n}.h' for n in (1, 2, 4, 8))}
    public = sorted(path.name for path in DDK.glob('*.h') if path.name not in special)
    for name in public:
        yield f'{name} alone', include(name)
        yield f'{name} twice', include(name, name)
        yield f'{name} after system headers', include(*SYSTEM, name)
        yield f'{name} before system headers', include(name, *SYSTEM)
        for other in ('ntddk.h', 'video.h'):
            if other != name and not name.startswith('vport_'):
                yield f'{name}, {other}', include(name, other)
                yield f'{other}, {name}', include(other, name)
    yield 'packing', PACKING
    yield 'scopes', SCOPES
    for title, order in ORDERS.items():
        yield f'order: {title}', include(*(f'{name}.h' for name in order.split()))
    yield 'driver.c', f'#include "{HERE / "driver.c"}"\n'
    yield 'layouts.c', f'#include "{HERE / "layouts.c"}"\n'


def main():
    natives = sys.argv[1:] or list(NATIVE)
    need(*natives, *(f'{native} -m32' for native in natives), *(m[2] for m in MACHINES))
    jobs = []
    for title, source in cases():
        for native in natives:
            for _, flag, _ in MACHINES:
                for wide in ('', '-fshort-wchar'):
                    if wide or title.endswith((' alone', 'driver.c', 'layouts.c')):
                        jobs.append((title, source, [native, *C11, flag, *filter(None, [wide])]))
        if title.endswith(' alone'):
            for _, _, mingw in MACHINES:
                jobs.append((title, source, [mingw, *C11]))
            for target in ('x86_64', 'i686'): # as Microsoft's compiler, and with no headers but these
                jobs.append((title, source, ['clang', f'--target={target}-pc-windows-msvc', '-std=gnu11', '-ffreestanding',
                                             '-fms-extensions', '-nostdinc', '-isystem', CLANG_HEADERS]))
    # The DDK's compiler has NTAPI as its default convention and sources leave it out. gcc can do
    # that for x86-64 (clang cannot); without the option such a source is refused, not miscompiled.
    bare = (HERE / 'driver.c').read_text(encoding='ascii').replace(' NTAPI ', ' ')
    ms = ['gcc', *C11, '-mabi=ms', '-fshort-wchar']
    jobs.append(('driver.c without NTAPI', bare, ms))
    jobs.append(('the C library under it', include(*SYSTEM) + bare, [*ms, '-include', str(DDK / 'vport_ms_abi.h')]))

    # (clang needs no C++ library for that.)
    jobs += [(f'C++: {title}', source, ['clang', '-xc++', '-std=gnu++17', f'-I{DDK.parent}']) for title, source in CPP.items()]

    def compile_one(job):
        _, source, (compiler, *flags) = job
        language = () if '-xc++' in flags else ('-xc', *WARNINGS)
        return run(compiler, *flags, f'-I{DDK}', '-fsyntax-only', *language, '-', source=source)

    failures = 0
    with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for (title, _, command), result in zip(jobs, pool.map(compile_one, jobs)):
            if result.returncode:
                failures += 1
                print(f'not ok - {title}: {" ".join(command)}\n{result.stderr[:2000]}')
    for command in sorted({' '.join(job[2]) for job in jobs}):
        print(f'ok - {sum(" ".join(job[2]) == command for job in jobs)} sources: {command}')
    print(f'{"not ok" if failures else "ok"} - {len(jobs)} compilations, {failures} failures')
    sys.exit(1 if failures else 0)


if __name__ == '__main__':
    main()
