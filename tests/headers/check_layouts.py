#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare include/ddk with mingw-w64's public-domain headers, fact by fact.

    check_layouts.py [-v] [COMPILER ...]       default: gcc clang

A fact is the size or alignment of a type, the offset or size of a member, or the value of an
enumerator or macro. The facts are read off our own preprocessed headers, so that nothing that is
declared there escapes. Each compiler computes them for x86-64 and i386 from our headers, and the
two mingw compilers from mingw's, by

    asm(".ascii \\"-> number %c0\\"" :: "i"(expression))      compiled to assembly, never run.

mingw's miniport.h and ntddk.h cannot be included together; so the mingw side is done in groups,
and a fact is compared with every group that has the name. A difference must be in EXPECTED with its
reason.

In addition layouts.c, an independent table of the documented numbers, must compile with mingw.
"""
import collections
import pathlib
import re
import sys

from toolchain import C11, DDK, MACHINES, MINGW_DDK, NATIVE, need, run

HERE = pathlib.Path(__file__).resolve().parent

OURS = ''.join(f'#include <{name}>\n' for name in (
    'ntdef.h', 'guiddef.h', 'dderror.h', 'winerror.h', 'devioctl.h', 'ntddk.h', 'miniport.h',
    'ntddvdeo.h', 'video.h'))

# Groups of mingw's headers that compile together.
GROUPS = {
    'video': '#include <stddef.h>\n#include <ntdef.h>\n#include <guiddef.h>\n#include <dderror.h>\n'
             '#include <devioctl.h>\n#include <miniport.h>\n#include <ntddvdeo.h>\n'
             '#include <video.h>\n',
    'ntddk': '#include <ntddk.h>\n#include <wdmguid.h>\n',
    'winerror': '#include <windef.h>\n#include <winerror.h>\n',
}

# (group, fact) or fact -> why we differ from mingw on purpose.
EXPECTED = {
    ('video', 'value MaximumDmaWidth'):
        'miniport.h of mingw has the older DMA_WIDTH; its wdm.h and ours have Width64Bits too',
    ('video', 'value MaximumInterfaceType'):
        'miniport.h of mingw lacks ACPIBus, which its wdm.h and ours have',
    ('ntddk', 'size IO_RESOURCE_DESCRIPTOR.u.Interrupt'):
        'wdm.h of mingw lacks the affinity members, which its miniport.h and ours have; the size '
        'of the whole descriptor is the same',
}

# Subjects that mingw has no counterpart for.
ONLY_OURS = {
    'DBG': 'mingw leaves it undefined',
    'FLOAT': 'a type of windef.h, which driver headers of mingw do not include',
    'MDL_MAPPING_FLAGS': "mingw's definition uses a name that it does not define",
    'UINT': 'a type of windef.h, which driver headers of mingw do not include',
    'VIDEO_REGISTER_VDM': 'mingw has only the IOCTL',
    'VIDEO_VDM': 'mingw has only the IOCTL',
    'VPORT_VA_LIST': 'our name for the va_list of the Windows convention',
}

# At least this many facts must be compared on each machine: a guard against a test that stopped
# reading the headers.
ENOUGH = 5000

# subject: the word which headers must contain to have the fact
Fact = collections.namedtuple('Fact', 'name expression subject')


# ---- reading our headers -----------------------------------------------------------------------

def own_text(flag):
    """Our headers, preprocessed for one machine, without what comes from system headers."""
    result = run('gcc', *C11, flag, '-E', f'-I{DDK}', '-xc', '-', source=OURS)
    if result.returncode:
        sys.exit('not ok - our headers do not compile:\n' + result.stderr)
    text, ours = [], False
    for line in result.stdout.split('\n'):
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = marker[1].startswith(str(DDK))
        elif ours and not line.startswith('#pragma'):
            text.append(line)
    return '\n'.join(text)


def tokens(text):
    """C tokens, without attributes and __extension__."""
    words = re.findall(r'"(?:\\.|[^"])*"|\w+|\S', text)
    out, index = [], 0
    while index < len(words):
        if words[index] == '__attribute__':
            index, depth = index + 1, 0
            while True:
                depth += {'(': 1, ')': -1}.get(words[index], 0)
                index += 1
                if depth == 0:
                    break
        else:
            if words[index] != '__extension__':
                out.append(words[index])
            index += 1
    return out


def members(words, index):
    """Member paths of the struct or union whose "{" is words[index], and where it ends."""
    found, index = [], index + 1
    while words[index] != '}':
        if words[index] in ('struct', 'union') and '{' in words[index + 1:index + 3]:
            inner, index = members(words, words.index('{', index))
            if words[index] == ';':
                found += inner
            else:
                element = words[index] + ('[0]' if words[index + 1] == '[' else '')
                found.append(words[index])
                found += [f'{element}.{path}' for path in inner]
                index = words.index(';', index)
            index += 1
            continue
        end = words.index(';', index)
        declaration = words[index:end]
        if '[' in declaration:
            declaration = declaration[:declaration.index('[')]
        if '(' in declaration:
            found.append(declaration[declaration.index(')') - 1])
        elif ':' not in declaration:
            found.append(declaration[-1])
        index = end + 1
    return found, index + 1


def facts_of_types(text):
    """Facts about every typedef, its members and its enumerators."""
    words, index = tokens(text), 0
    while index < len(words):
        if words[index] == 'typedef':
            kind, paths = words[index + 1], []
            end = index
            if '{' in words[index + 1:index + 4]:
                brace = words.index('{', index)
                if kind == 'enum':
                    end = words.index('}', brace) + 1
                    body = ' '.join(words[brace + 1:end - 1]).split(' , ')
                    for enumerator in body:
                        yield from value(enumerator.split()[0])
                else:
                    paths, end = members(words, brace)
            stop = words.index(';', end)
            names = words[end:stop]
            if '(' not in names:
                name = next(w for w in reversed(names[:names.index(',')] if ',' in names else names)
                            if w != '*')
                yield Fact(f'sizeof {name}', f'sizeof({name})', name)
                yield Fact(f'alignof {name}',
                           f'__builtin_offsetof(struct {{ char c; {name} t; }}, t)', name)
                for path in paths:
                    yield Fact(f'offset {name}.{path}', f'__builtin_offsetof({name}, {path})',
                               name)
                    yield Fact(f'size {name}.{path}', f'sizeof((({name} *)0)->{path})', name)
            index = stop
        index += 1


def value(name):
    """The two 32-bit halves of a constant (an asm operand has no 64 bits on i386)."""
    yield Fact(f'value {name}', f'(int)({name})', name)
    yield Fact(f'upper {name}', f'(int)((long long)({name}) >> 32)', name)


def facts_of_macros(flag):
    """Facts about every macro of ours that is a number."""
    text = run('gcc', *C11, flag, '-E', '-dD', f'-I{DDK}', '-xc', '-', source=OURS).stdout
    ours = False
    for line in text.split('\n'):
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = marker[1].startswith(str(DDK))
        define = re.match(r'#define ([A-Za-z]\w*) (.+)', line)
        if ours and define and re.match(r'[\w(~-]', define[2]) and not re.match(
                r'^(VPORT_|_|__)|^(NTAPI|FASTCALL|CDECL|VOID|CONST|FORCEINLINE|NTKERNELAPI)$',
                define[1]):
            yield from value(define[1])


# ---- computing ---------------------------------------------------------------------------------

def compute(compiler, arguments, headers, facts):
    """{fact name: number} for the facts that the headers have; the others are left out."""
    words = set(re.findall(r'\w+', run(compiler, *arguments, '-E', '-dD', '-xc', '-',
                                       source=headers).stdout))
    facts, dropped = [fact for fact in facts if fact.subject in words], []
    first = headers.count('\n') + 1
    places = ('-ferror-limit=0',) if 'clang' in compiler else ('-ftrack-macro-expansion=0',)
    while True:
        # The enumerator makes the compiler's front end refuse what is no constant, all at once.
        lines = [f'void f{n}(void) {{ enum {{ v = {fact.expression} }}; '
                 f'asm(".ascii \\"-> {n} %c0\\"" :: "i"(v)); }}' for n, fact in enumerate(facts)]
        result = run(compiler, *arguments, *places, '-S', '-o', '-', '-xc', '-',
                     source=headers + '\n'.join(lines) + '\n')
        if result.returncode == 0:
            break
        wrong = {int(n) - first for n in re.findall(r'^<stdin>:(\d+):\d+: error', result.stderr,
                                                    re.M)}
        wrong |= {int(n) for n in re.findall(r'In function .f(\d+)', result.stderr)}
        if not wrong or min(wrong) < 0 or max(wrong) >= len(facts):
            sys.exit(f'not ok - {compiler}: the headers do not compile:\n{result.stderr[:3000]}')
        dropped += [facts[n].name for n in sorted(wrong)]
        facts = [fact for n, fact in enumerate(facts) if n not in wrong]
    numbers = {int(n): int(v) for n, v in re.findall(r'-> (\d+) \$?(-?\d+)\W', result.stdout)}
    return {facts[n].name: number & 0xffffffff for n, number in numbers.items()}, dropped


def main():
    arguments = sys.argv[1:]
    verbose = '-v' in arguments
    natives = [a for a in arguments if a != '-v'] or list(NATIVE)
    need(*natives, *(f'{native} -m32' for native in natives), *(m[2] for m in MACHINES))
    failures, used = 0, set()
    for machine, flag, mingw in MACHINES:
        facts = {fact.name: fact for fact in facts_of_types(own_text(flag))}
        facts.update((fact.name, fact) for fact in facts_of_macros(flag))
        common = ('-O0', '-w', *C11)
        ours = {}
        for native in natives:
            ours[native], not_constant = compute(native, (*common, flag, f'-I{DDK}'), OURS,
                                                 facts.values())
            for name in not_constant:
                if not name.startswith(('value ', 'upper ')):  # macros need not be numbers
                    print(f'not ok - {machine}: {native} cannot compute {name}')
                    failures += 1
        compared, seen = 0, set()
        for group, headers in GROUPS.items():
            wanted = [fact for fact in facts.values()
                      if group != 'winerror' or re.match(r'ERROR_|WAIT_|NO_ERROR', fact.subject)]
            theirs, _ = compute(mingw, (*common, '-isystem', MINGW_DDK, '-D_VIDEOPORT_'), headers,
                                wanted)
            for name, number in sorted(theirs.items()):
                for native in natives:
                    if name not in ours[native]:
                        continue
                    compared += 1
                    seen.add(name)
                    if ours[native][name] == number:
                        continue
                    key = next((k for k in ((group, name), name) if k in EXPECTED), None)
                    used.add(key)
                    if key is None:
                        failures += 1
                        print(f'not ok - {machine}: {name}: {native} {ours[native][name]:#x}, '
                              f'mingw {group} {number:#x}')
                    elif verbose:
                        print(f'   differs: {machine}: {name}: {EXPECTED[key]}')
            print(f'ok - {machine}: {len(theirs)} facts of mingw\'s {group} headers')
        only_ours = {facts[name].subject for name in set(ours[natives[0]]) - seen}
        for subject in sorted(only_ours - set(ONLY_OURS)):
            print(f'not ok - {machine}: mingw has nothing to compare {subject} with')
            failures += 1
        print(f'ok - {machine}: {len(seen)} facts, {compared} comparisons')
        if len(seen) < ENOUGH:
            print(f'not ok - {machine}: fewer than {ENOUGH} facts: the test lost its subject')
            failures += 1
        for group in ('VIDEO', 'NTDDK'):
            result = run(mingw, *C11, f'-DWITH_{group}', '-D_VIDEOPORT_', '-isystem', MINGW_DDK,
                         '-fsyntax-only', HERE / 'layouts.c')
            failures += result.returncode != 0
            print(f'{"not ok" if result.returncode else "ok"} - {machine}: mingw agrees with '
                  f'layouts.c, WITH_{group}\n{result.stderr}'.rstrip())
    for key in EXPECTED:
        if key not in used:
            failures += 1
            print(f'not ok - EXPECTED names {key}, but there is no such difference')
    sys.exit(1 if failures else 0)


if __name__ == '__main__':
    main()
