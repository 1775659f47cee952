#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the exports that include/ddk declares, and the script that lists them.

    check_prototypes.py [COMPILER ...]         default: gcc clang

1. Every name of the video port's export list is declared, and no other VideoPort name is.
2. mingw's headers, followed by our prototypes as redeclarations and by our callback types under
   other names, compile: the types are compatible. GUIDs have the same value.
3. The i386 argument bytes equal the @N of the names in mingw's import libraries, and the bytes that
   functions with our prototypes pop when gcc and clang compile them for Linux.
4. Every export and every callback type carries a Windows calling convention.
5. The script refuses what it cannot read, naming the place.
"""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / 'scripts'))
# pylint: disable=wrong-import-position
from ddk_prototypes import ParseError, parse_header, prototypes
from toolchain import C11, DDK, MACHINES, MINGW_DDK, NATIVE, need, run

LIBRARIES = ('videoprt', 'ntoskrnl', 'hal')
ALL = '#include <ntddk.h>\n#include <video.h>\n'

# Exports without a page of their own in the video port's reference.
UNDOCUMENTED = {
    'VideoPortGetAgpServices', 'VideoPortCheckForDeviceExistance', 'VideoPortUnLockBuffer',
    'VideoPortDbgReportCreate', 'VideoPortDbgReportSecondaryData', 'VideoPortDbgReportComplete',
    'VpNotifyEaData', 'WdDdiWatchdogDpcCallback',
}
DOCUMENTED_COUNT = 113

# Declared otherwise by mingw: name -> reason.
EXPECTED = {
    **{f'{way}_REGISTER_{kind}':
       'the pages have a pointer to volatile; mingw has that only in its x86-64 inline functions'
       for way in ('READ', 'WRITE')
       for kind in ('UCHAR', 'USHORT', 'ULONG', 'BUFFER_UCHAR', 'BUFFER_USHORT', 'BUFFER_ULONG')},
    **{name: 'mingw has "const PSTRING", a constant pointer; the pages have a pointer to const'
       for name in ('RtlCompareString', 'RtlEqualString', 'RtlCopyString')},
    **{name: 'an inline function without NTAPI in mingw for i386, a function here'
       for name in ('InitializeSListHead', 'ExAllocateFromNPagedLookasideList',
                    'ExFreeToNPagedLookasideList', 'KeInitializeSpinLock',
                    'KeGetCurrentProcessorNumber')},
}

# Callback types that differ: miniport.h of mingw leaves NTAPI out, its wdm.h does not.
EXPECTED_CALLBACKS = {('i386', 'video.h'): {'PINTERFACE_REFERENCE', 'PINTERFACE_DEREFERENCE'}}

# GUIDs that mingw does not have: name -> source.
OWN_GUIDS = {'GUID_DEVINTERFACE_MONITOR': 'the page guid-devinterface-monitor'}

# Not in mingw's i386 import libraries: name -> reason.
NOT_IN_LIBRARIES = {
    **{name: 'x86-64 only' for name in (
        'ExQueryDepthSList', 'ExpInterlockedFlushSList', 'ExpInterlockedPopEntrySList',
        'ExpInterlockedPushEntrySList', 'InitializeSListHead', 'KeAcquireSpinLockRaiseToDpc',
        'RtlCopyMemory', '__C_specific_handler')},
    **{name: 'inline or a macro in Windows, a function here' for name in (
        'ExAllocateFromNPagedLookasideList', 'ExFreeToNPagedLookasideList', 'KeFlushIoBuffers',
        'KeGetCurrentProcessorNumber')},
    **{name: 'newer than the library, or not for miniports' for name in (
        'VideoPortCheckForDeviceExistance', 'VideoPortDbgReportComplete',
        'VideoPortDbgReportCreate', 'VideoPortDbgReportSecondaryData', 'VideoPortFlushRegistry',
        'VideoPortIsNoVesa', 'VpNotifyEaData', 'WdDdiWatchdogDpcCallback')},
    'VideoPortUnLockBuffer': 'a spelling of headers; Windows exports VideoPortUnlockBuffer',
}


# Return a structure of 4 or 8 bytes: see vport_base.h.
RETURN_STRUCTURES = {
    'KeQueryPerformanceCounter', 'MmGetPhysicalAddress', 'PoSetPowerState',
    'ExInterlockedAddLargeInteger', 'RtlConvertLongToLargeInteger', 'RtlConvertUlongToLargeInteger',
    'RtlEnlargedIntegerMultiply', 'RtlEnlargedUnsignedMultiply', 'RtlExtendedIntegerMultiply',
    'RtlExtendedLargeIntegerDivide', 'RtlExtendedMagicDivide', 'RtlLargeIntegerAdd',
    'RtlLargeIntegerArithmeticShift', 'RtlLargeIntegerDivide', 'RtlLargeIntegerNegate',
    'RtlLargeIntegerShiftLeft', 'RtlLargeIntegerShiftRight', 'RtlLargeIntegerSubtract',
}


# The groups of mingw's headers that compile together, and ours that they correspond to.
GROUPS = {
    'video.h': ('#include <ntdef.h>\n#include <guiddef.h>\n#include <dderror.h>\n'
                '#include <devioctl.h>\n#include <miniport.h>\n#include <ntddvdeo.h>\n'
                '#include <video.h>\n#define CDECL __cdecl\n',
                ('video.h', 'videoagp.h', 'miniport.h', 'vport_bus.h')),
    'ntddk.h': ('#include <ntddk.h>\n#define CDECL __cdecl\n#define VPORT_VA_LIST va_list\n',
                ('wdm.h', 'ntddk.h', 'vport_base.h', 'vport_bus.h')),
}
MINGW_FLAGS = (*C11, '-w', '-D_VIDEOPORT_', '-D_NTOSKRNL_', '-D_NTSYSTEM_', '-D_NTHALDLL_',
               '-isystem', MINGW_DDK)


class Report:
    """Counts and prints results."""
    failures = 0

    def check(self, good, text, detail=''):
        """One line, and the detail of a failure."""
        print(f'{"ok" if good else "not ok"} - {text}')
        if detail and not good:
            print(detail)
        self.failures += not good


def declare(entry, body=None):
    """C text of one prototype, or of a definition. The name is in parentheses against macros."""
    params = [re.sub(r' ?\[\]$', ' *', kind) for kind in entry['params']]
    if body is not None:
        params = [f'{kind} p{n}' for n, kind in enumerate(params)]
    text = ', '.join(params + ['...'] * entry['variadic']) or 'void'
    return f'{entry["returns"]} {entry["convention"]} ({entry["name"]})({text})' + (body or ';')


def check_names(report, entries):
    """Point 1."""
    names = {e['name'] for e in entries if e['marker'] == 'VPAPI'}
    report.check(UNDOCUMENTED <= names, 'the undocumented exports are declared')
    documented = names - UNDOCUMENTED
    report.check(len(documented) == DOCUMENTED_COUNT,
                 f'{len(documented)} documented exports of the video port',
                 '\n'.join(sorted(documented)))
    library = set(symbols('videoprt'))
    report.check(library <= names, 'every name of mingw\'s videoprt import library is declared',
                 ' '.join(sorted(library - names)))


def check_against_mingw(report, entries):
    """Point 2."""
    used = set()
    for machine, _, mingw in MACHINES:
        for group, (headers, ours) in GROUPS.items():
            text = run(mingw, *MINGW_FLAGS, '-E', '-P', '-xc', '-', source=headers).stdout
            called = set(re.findall(r'(\w+)\s*\(', text))
            wanted = [e for e in entries if e['header'] in ours and e['name'] in called]
            lines = [declare(e) for e in wanted]
            result = run(mingw, *MINGW_FLAGS, '-fsyntax-only', '-xc', '-',
                         source=headers + '\n'.join(lines) + '\n')
            first = headers.count('\n') + 1
            wrong = {}
            for line, message in re.findall(r'^<stdin>:(\d+):\d+: error: (.*)', result.stderr,
                                            re.M):
                wrong.setdefault(wanted[int(line) - first]['name'], message)
            used |= set(wrong)
            surprise = {name: text for name, text in wrong.items() if name not in EXPECTED}
            good = not surprise and (result.returncode == 0) == (not wrong)
            report.check(good, f'{machine}: {len(wanted)} prototypes are compatible with mingw\'s '
                               f'{group}' + (f', {len(wrong)} differ as expected' if wrong else ''),
                         '\n'.join(f'{n}: {m}' for n, m in surprise.items()) or result.stderr)
    report.check(used == set(EXPECTED), 'each expected difference exists',
                 ' '.join(sorted(set(EXPECTED) - used)))


def read(path):
    """A header without comments."""
    return re.sub(r'/\*.*?\*/', '', path.read_text(encoding='ascii'), flags=re.S)


def callback_types(path):
    """(name, text of its typedef with the name changed to OURS) for the callback types."""
    for found in re.finditer(r'^typedef [\w ]+ \*?\(NTAPI \*?(\w+)\)\([^;]*\);', read(path), re.M):
        yield found[1], ' '.join(re.sub(rf'\b{found[1]}\b', 'OURS', found[0]).split())


def check_callbacks_against_mingw(report):
    """Point 2, the types of callbacks."""
    for machine, _, mingw in MACHINES:
        for group, (headers, ours) in GROUPS.items():
            text = run(mingw, *MINGW_FLAGS, '-E', '-P', '-xc', '-', source=headers).stdout
            words = set(re.findall(r'\w+', text))
            compared, lines = set(), []
            for name, typedef in (pair for header in ours for pair in callback_types(DDK / header)):
                # Some function types have only their pointer type in mingw's headers.
                theirs, star = (name, '') if name in words else ('P' + name, ' *')
                if theirs in words:
                    compared.add(theirs)
                    lines.append(f'{typedef.replace("OURS", "ours_" + name)} _Static_assert('
                                 f'__builtin_types_compatible_p(ours_{name}{star}, {theirs}), '
                                 f'"{theirs}");\n')
            result = run(mingw, *MINGW_FLAGS, '-fsyntax-only', '-xc', '-',
                         source=headers + ''.join(lines))
            wrong = set(re.findall(r'static assertion failed: "(\w+)"', result.stderr))
            expected = EXPECTED_CALLBACKS.get((machine, group), set())
            others = [line for line in result.stderr.split('\n')
                      if 'error' in line and 'static assertion' not in line]
            report.check(len(compared) > 40 and wrong == expected and not others,
                         f'{machine}: {len(compared)} callback types are compatible with mingw\'s '
                         + group + (f', {len(wrong)} differ as expected' if wrong else ''),
                         ' '.join(sorted(wrong ^ expected)) + '\n'.join(others))


def check_guids(report):
    """Point 2, the values of GUIDs."""
    def guids(text):
        found = {}
        for name, values in re.findall(r'DEFINE_GUID\s*\(\s*(\w+)\s*,([^)]*)\)\s*;', text):
            numbers = re.findall(r'\b(?:0x[0-9a-fA-F]+|\d+)\b', values)
            found[name] = tuple(int(number, 0) for number in numbers)
        return found
    ours = guids(''.join(read(path) for path in sorted(DDK.glob('*.h'))))
    theirs = guids(''.join((MINGW_DDK.parent / name).read_text() for name in (
        'ntddvdeo.h', 'ddk/wdmguid.h')))
    wrong = [name for name in ours if name not in OWN_GUIDS and ours[name] != theirs.get(name)]
    report.check(ours and not wrong, f'{len(ours)} GUIDs have mingw\'s values', ' '.join(wrong))


def symbols(library):
    """{name: [(prefix, bytes)]} of one of mingw's i386 import libraries."""
    text = run('i686-w64-mingw32-nm', f'/usr/i686-w64-mingw32/lib/lib{library}.a').stdout
    found = {}
    for prefix, name, size in re.findall(r' T ([_@]?)(\w+?)(?:@(\d+))?$', text, re.M):
        found.setdefault(name, []).append((prefix, int(size) if size else None))
    return found


def check_decorations(report, entries):
    """Point 3, mingw's libraries."""
    known, wrong, missing = {}, [], set()
    for library in LIBRARIES:
        for name, forms in symbols(library).items():
            known.setdefault(name, []).extend(forms)
    for entry in entries:
        form = ('@' if entry['convention'] == 'FASTCALL' else '_', entry['stack_bytes_i386'])
        if entry['name'] not in known:
            missing.add(entry['name'])
        elif form not in known[entry['name']]:
            wrong.append(f'{entry["name"]}: ours {form}, libraries {known[entry["name"]]}')
    report.check(not wrong, f'{len(entries) - len(missing)} decorated i386 names equal those of '
                            'mingw\'s import libraries', '\n'.join(wrong))
    report.check(missing == set(NOT_IN_LIBRARIES), f'{len(missing)} names are in no import library',
                 ' '.join(sorted(missing ^ set(NOT_IN_LIBRARIES))))


def popped_bytes(compiler, entries, *flags):
    """{name: bytes that the compiled function pops}, for definitions with our prototypes."""
    definitions = []
    for entry in entries:
        body = '' if entry['returns'] == 'VOID' else (
            f'{entry["returns"]} r; __builtin_memset(&r, 0, sizeof r); return r;')
        definitions.append(f'#undef {entry["name"]}\n{declare(entry, f" {{ {body} }}")}\n')
    result = run(compiler, *C11, '-m32', *flags, '-w', '-O1', '-fno-pic', f'-I{DDK}', '-S', '-o',
                 '-', '-xc', '-', source=ALL + ''.join(definitions))
    popped = {}
    for name, text in re.findall(r'^(\w+):[^\n]*\n(.*?)^\s*\.size', result.stdout, re.M | re.S):
        popped[name] = {int(n or 0) for n in re.findall(r'\bretl?\s*(?:\$(\d+))?\s*$', text, re.M)}
    return popped


def check_native(report, entries, natives):
    """Points 3 and 4, compiled for Linux."""
    plain = [e for e in entries if not e['variadic'] and not e['noreturn']
             and e['name'] != '__C_specific_handler']
    for native in natives:
        wrong = {}
        for flags in (('-freg-struct-return',), ()):
            popped = popped_bytes(native, plain, *flags)
            wrong[flags] = set()
            for entry in plain:
                registers = 8 if entry['convention'] == 'FASTCALL' else 0
                if popped.get(entry['name']) != {max(0, entry['stack_bytes_i386'] - registers)}:
                    wrong[flags].add(entry['name'])
        report.check(not wrong['-freg-struct-return',],
                     f'i386: {len(plain)} functions compiled by {native} pop what Windows expects',
                     ' '.join(sorted(wrong['-freg-struct-return',])))
        report.check(wrong[()] == RETURN_STRUCTURES,
                     f'i386: {len(RETURN_STRUCTURES)} of them only with -freg-struct-return',
                     ' '.join(sorted(wrong[()] ^ RETURN_STRUCTURES)))
    # gcc tells ms_abi and ordinary functions apart as types.
    lines = []
    for entry in entries:
        bare = declare(dict(entry, convention='', name='*')).rstrip(';')
        lines.append(f'_Static_assert(!__builtin_types_compatible_p(__typeof__(&{entry["name"]}),'
                     f' __typeof__({bare})), "{entry["name"]}");')
    source = ALL + ''.join(f'#undef {e["name"]}\n' for e in entries) + '\n'.join(lines) + '\n'
    result = run('gcc', *C11, '-m64', f'-I{DDK}', '-fsyntax-only', '-xc', '-', source=source)
    report.check(result.returncode == 0,
                 f'x86-64: {len(entries)} exports have the Windows convention',
                 result.stderr[:2000])


def check_callbacks(report):
    """Point 4, the types of callbacks."""
    bare = []
    for path in sorted(DDK.glob('*.h')):
        text = read(path)
        declarations = re.findall(
            r'\btypedef\b[^;{]*\([^;{]*;|\(\s*(?:NTAPI\s*)?\*\s*\w+\s*\)\s*\(', text)
        bare += [f'{path.name}: {" ".join(found.split())[:80]}' for found in declarations
                 if 'NTAPI' not in found and '__attribute__' not in found]
    report.check(not bare, 'every callback type carries NTAPI', '\n'.join(bare))


def check_errors(report):
    """Point 5."""
    bad = {
        'no convention': 'VPAPI ULONG VideoPortX(PVOID A);',
        'unknown type': 'VPAPI ULONG NTAPI VideoPortX(UNHEARD_OF A);',
        'no name of a parameter': 'VPAPI ULONG NTAPI VideoPortX(PVOID);',
        'no semicolon': 'VPAPI ULONG NTAPI VideoPortX(PVOID A)\n{',
        'callback as parameter': 'VPAPI ULONG NTAPI VideoPortX(VOID (*A)(PVOID));',
    }
    for title, text in bad.items():
        with tempfile.NamedTemporaryFile('w', suffix='.h') as file:
            file.write(f'/* a header */\n{text}\n')
            file.flush()
            try:
                list(parse_header(pathlib.Path(file.name)))
                message = ''
            except ParseError as error:
                message = str(error)
        report.check(f'{file.name}:2: ' in message, f'refused with its place: {title}', message)


def main():
    natives = sys.argv[1:] or list(NATIVE)
    need(*natives, *(f'{native} -m32' for native in natives), *(m[2] for m in MACHINES),
         'i686-w64-mingw32-nm')
    report = Report()
    entries = prototypes()
    check_names(report, entries)
    check_against_mingw(report, entries)
    check_callbacks_against_mingw(report)
    check_guids(report)
    check_decorations(report, entries)
    check_native(report, entries, natives)
    check_callbacks(report)
    check_errors(report)
    sys.exit(1 if report.failures else 0)


if __name__ == '__main__':
    main()
