#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""List the functions that include/ddk declares as exports, as JSON.

    ddk_prototypes.py [HEADER ...]        default: every header of include/ddk with exports

Export tables and import libraries (.def files with @N) are generated from this list. For each
export: name, header, marker, convention (NTAPI, FASTCALL, CDECL), variadic, noreturn, returns,
params (types), param_names, and stack_bytes_i386: the N of the decorated i386 name, that is the
bytes of all arguments, including the two which FASTCALL passes in registers; null for a variadic
function.

An export is one declaration "MARKER [DECLSPEC_NORETURN] type CONVENTION Name(parameters);". A
marker followed by anything else is an error, as is a parameter type whose size is not known below.
"""
import json
import pathlib
import re
import sys

MARKERS = ('VPAPI', 'NTKERNELAPI', 'NTHALAPI', 'NTSYSAPI')
HEADERS = ('vport_base.h', 'wdm.h', 'ntddk.h', 'video.h')

# Types that are not pointers, by their size on the i386 stack. Pointer types are those with a "*"
# or "[]", and names in POINTERS or with the DDK's P prefix.
BYTES8 = {'LARGE_INTEGER', 'ULARGE_INTEGER', 'PHYSICAL_ADDRESS', 'LONGLONG', 'ULONGLONG'}
BYTES4 = {
    'ACCESS_MASK', 'BOOLEAN', 'BUS_DATA_TYPE', 'CCHAR', 'DEVICE_REGISTRY_PROPERTY',
    'DEVICE_RELATION_TYPE', 'DEVICE_TYPE', 'DMA_FLAGS', 'EVENT_TYPE', 'INTERFACE_TYPE', 'KAFFINITY',
    'KBUGCHECK_CALLBACK_REASON', 'KDPC_IMPORTANCE', 'KEY_INFORMATION_CLASS',
    'KEY_VALUE_INFORMATION_CLASS', 'KINTERRUPT_MODE', 'KIRQL', 'KPRIORITY', 'KPROCESSOR_MODE',
    'KWAIT_REASON', 'LOCK_OPERATION', 'LONG', 'MEMORY_CACHING_TYPE', 'MM_PAGE_PRIORITY', 'NTSTATUS',
    'POOL_TYPE', 'POWER_STATE', 'POWER_STATE_TYPE', 'SECTION_INHERIT', 'SIZE_T', 'TIMER_TYPE',
    'UCHAR', 'ULONG', 'ULONG_PTR', 'USHORT', 'VIDEO_DEBUG_LEVEL', 'VIDEO_DEVICE_DATA_TYPE',
    'VIDEO_PORT_SERVICES', 'VIDEO_SYNCHRONIZE_PRIORITY', 'VP_LOCK_OPERATION', 'VP_POOL_TYPE',
    'VP_STATUS', 'WAIT_TYPE', 'WCHAR', 'WORK_QUEUE_TYPE',
}
POINTERS = {'HANDLE', 'REFGUID', 'VPORT_VA_LIST'}

DECLARATION = re.compile(
    r'(?P<noreturn>DECLSPEC_NORETURN\s+)?(?P<returns>\w[\w\s]*?[\s*]+)'
    r'(?P<convention>NTAPI|FASTCALL|CDECL)\s+(?P<name>\w+)\s*\((?P<params>[^()]*)\)\s*;')
PARAMETER = re.compile(r'(?P<type>\w[\w\s]*?[\s*]+)(?P<name>\w+)\s*(?P<array>\[\])?')


class ParseError(Exception):
    """A declaration that is not in the regular form."""


def without_comments(text):
    """The text with comments and preprocessor lines blanked; line numbers stay."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match[0])
    text = re.sub(r'/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', blank, text, flags=re.M)


def bytes_on_i386_stack(kind):
    """Bytes that a parameter of this type takes."""
    base = kind.replace('const ', '').replace('volatile ', '')
    if base.endswith(('*', '[]')) or base in POINTERS:
        return 4
    if base in BYTES8:
        return 8
    if base in BYTES4 or re.fullmatch(r'P[A-Z][A-Z0-9_]*', base):
        return 4
    raise ParseError(f'unknown type "{base}": add it to BYTES4 or BYTES8 of ddk_prototypes.py')


def parse_parameter(text):
    """(type, name) of one parameter declaration."""
    match = PARAMETER.fullmatch(text)
    if not match:
        raise ParseError(f'cannot read the parameter "{text}"')
    kind = re.sub(r'\s*\*\s*', ' *', ' '.join(match['type'].split()))
    kind = re.sub(r'\* +\*', '**', kind).strip()
    return kind + (' []' if match['array'] else ''), match['name']


def parse_header(path):
    """The exports of one header, in its order."""
    text = without_comments(path.read_text(encoding='ascii'))
    for marker in re.finditer(r'\b(' + '|'.join(MARKERS) + r')\b', text):
        where = f'{path}:{text.count(chr(10), 0, marker.start()) + 1}'
        match = DECLARATION.match(text, re.compile(r'\s*').match(text, marker.end()).end())
        try:
            if not match:
                line = text[marker.start():].split('\n', 1)[0].strip()
                raise ParseError(f'not "{marker[1]} type CONVENTION Name(parameters);": {line}')
            parts = [' '.join(p.split()) for p in match['params'].split(',')]
            variadic = parts[-1] == '...'
            if variadic:
                parts.pop()
            params = [] if parts in (['VOID'], ['void']) else [parse_parameter(p) for p in parts]
            size = None if variadic else sum(bytes_on_i386_stack(kind) for kind, _ in params)
        except ParseError as error:
            raise ParseError(f'{where}: {error}') from None
        yield {
            'name': match['name'], 'header': path.name, 'marker': marker[1],
            'convention': match['convention'], 'variadic': variadic,
            'noreturn': bool(match['noreturn']), 'returns': ' '.join(match['returns'].split()),
            'params': [kind for kind, _ in params], 'param_names': [name for _, name in params],
            'stack_bytes_i386': size,
        }


def prototypes(paths=None):
    """The exports of the given headers (paths), or of all of include/ddk."""
    folder = pathlib.Path(__file__).resolve().parent.parent / 'include' / 'ddk'
    found = []
    for path in paths or [folder / header for header in HEADERS]:
        found += parse_header(pathlib.Path(path))
    names = [entry['name'] for entry in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParseError('declared twice: ' + ', '.join(twice))
    return found


def main():
    try:
        json.dump(prototypes(sys.argv[1:]), sys.stdout, indent=1)
    except (ParseError, OSError) as error:
        sys.exit(f'ddk_prototypes.py: {error}')
    print()


if __name__ == '__main__':
    main()
