# SPDX-License-Identifier: MIT
"""The compilers which the header tests use, and how to call them."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DDK = ROOT / 'include' / 'ddk'
MINGW_DDK = pathlib.Path('/usr/share/mingw-w64/include/ddk')

# What each command needs from Debian.
PACKAGES = {
    'gcc': 'gcc',
    'clang': 'clang',
    'gcc -m32': 'gcc-multilib',
    'clang -m32': 'gcc-multilib',
    'x86_64-w64-mingw32-gcc': 'gcc-mingw-w64-x86-64',
    'i686-w64-mingw32-gcc': 'gcc-mingw-w64-i686',
    'i686-w64-mingw32-nm': 'binutils-mingw-w64-i686',
}
NATIVE = ('gcc', 'clang')
# (machine, flag of the native compilers, mingw compiler)
MACHINES = (('x86-64', '-m64', 'x86_64-w64-mingw32-gcc'), ('i386', '-m32', 'i686-w64-mingw32-gcc'))
C11 = ('-std=gnu11',)


def need(*commands):
    """End the test with a clear message if a command, or the 32-bit libc, is missing."""
    missing = set()
    for command in commands:
        if not shutil.which(command.split()[0]):
            missing.add(PACKAGES.get(command.split()[0], command))
        elif command.endswith('-m32') and run(command, '-fsyntax-only', '-xc', '-',
                                              source='#include <stdio.h>\n').returncode:
            missing.add(PACKAGES.get(command, command))
    if any('mingw' in command for command in commands) and not MINGW_DDK.is_dir():
        missing.add('mingw-w64-common')
    if missing:
        sys.exit('not ok - compilers are missing; on Debian: apt install '
                 + ' '.join(sorted(missing)))


def run(compiler, *arguments, source=None):
    """Run a compiler on a source text; its output is text."""
    return subprocess.run([*compiler.split(), *map(str, arguments)], input=source, text=True,
                          capture_output=True, check=False)
