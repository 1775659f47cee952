/* SPDX-License-Identifier: MIT */
/*
 * Counted strings. Characters are UTF-16; "ANSI" is ISO 8859-1, the part of every Western code page
 * that needs no table. Upper case is that of Latin, Greek and Cyrillic letters.
 *
 * Sources: wdm/nf-wdm-rtlinitunicodestring and its neighbours,
 * wdm/nf-wdm-rtlintegertounicodestring, kernel string pages.
 */
#include "nt/kernel.h"

#define TAG 0x53497452u /* "RtIS" */

/* ---- Making ---- */

/*
 * Any IRQL for resident strings. A NULL source gives an empty string; one that is too long is cut.
 */
VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    size_t length = 0;

    while (SourceString && SourceString[length] && length < UNICODE_STRING_MAX_CHARS - 1)
        length++;
    DestinationString->Buffer = (PWSTR)(uintptr_t)SourceString;
    DestinationString->Length = (USHORT)(length * sizeof(WCHAR));
    DestinationString->MaximumLength = SourceString ? (USHORT)((length + 1) * sizeof(WCHAR)) : 0;
}

VOID NTAPI RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString)
{
    size_t length = SourceString ? strnlen(SourceString, MAXUSHORT - 1) : 0;

    DestinationString->Buffer = (PCHAR)(uintptr_t)SourceString;
    DestinationString->Length = (USHORT)length;
    DestinationString->MaximumLength = SourceString ? (USHORT)(length + 1) : 0;
}

VOID NTAPI RtlInitString(PSTRING DestinationString, PCSZ SourceString)
{
    RtlInitAnsiString(DestinationString, SourceString);
}

/* Copies as much as there is room for; terminates when there is room for that too. */
VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    USHORT length = SourceString ? SourceString->Length : 0;

    if (length > DestinationString->MaximumLength)
        length = DestinationString->MaximumLength & (USHORT)~1u;
    if (length)
        memmove(DestinationString->Buffer, SourceString->Buffer, length);
    DestinationString->Length = length;
    if (length + sizeof(WCHAR) <= DestinationString->MaximumLength)
        DestinationString->Buffer[length / sizeof(WCHAR)] = 0;
}

VOID NTAPI RtlCopyString(PSTRING DestinationString, const STRING *SourceString)
{
    USHORT length = SourceString ? SourceString->Length : 0;

    if (length > DestinationString->MaximumLength)
        length = DestinationString->MaximumLength;
    if (length)
        memmove(DestinationString->Buffer, SourceString->Buffer, length);
    DestinationString->Length = length;
}

static NTSTATUS append(PUNICODE_STRING to, const WCHAR *text, size_t bytes)
{
    if (bytes > (size_t)(to->MaximumLength - to->Length))
        return STATUS_BUFFER_TOO_SMALL;
    if (bytes)
        memmove((char *)to->Buffer + to->Length, text, bytes);
    to->Length = (USHORT)(to->Length + bytes);
    if (to->Length + sizeof(WCHAR) <= to->MaximumLength)
        to->Buffer[to->Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

/* STATUS_BUFFER_TOO_SMALL: nothing is appended. */
NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    UNICODE_STRING source;

    RtlInitUnicodeString(&source, Source);
    return append(Destination, source.Buffer, source.Length);
}

NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    return append(Destination, Source->Buffer, Source->Length);
}

/* ---- Comparing ---- */

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR SourceCharacter)
{
    WCHAR c = SourceCharacter;

    if (c < 0x80)
        return c >= 'a' && c <= 'z' ? (WCHAR)(c - 0x20) : c;
    if ((c >= 0xe0 && c <= 0xfe && c != 0xf7) || (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) ||
        (c >= 0x430 && c <= 0x44f))
        return (WCHAR)(c - 0x20);
    if (c == 0xff)
        return 0x178;
    if (c >= 0x450 && c <= 0x45f)
        return (WCHAR)(c - 0x50);
    if (((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177)) && c != 0x131 && c & 1)
        return (WCHAR)(c - 1);
    return c;
}

static WCHAR fold(WCHAR c, BOOLEAN insensitive)
{
    return insensitive ? RtlUpcaseUnicodeChar(c) : c;
}

/* <0, 0, >0. */
LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
                                   BOOLEAN CaseInSensitive)
{
    size_t shorter =
        (String1->Length < String2->Length ? String1->Length : String2->Length) / sizeof(WCHAR);

    for (size_t i = 0; i < shorter; i++) {
        LONG difference =
            fold(String1->Buffer[i], CaseInSensitive) - fold(String2->Buffer[i], CaseInSensitive);

        if (difference)
            return difference;
    }
    return String1->Length - String2->Length;
}

BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
                                    BOOLEAN CaseInSensitive)
{
    return String1->Length == String2->Length &&
           RtlCompareUnicodeString(String1, String2, CaseInSensitive) == 0;
}

LONG NTAPI RtlCompareString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
    size_t shorter = String1->Length < String2->Length ? String1->Length : String2->Length;

    for (size_t i = 0; i < shorter; i++) {
        LONG difference = fold((unsigned char)String1->Buffer[i], CaseInSensitive) -
                          fold((unsigned char)String2->Buffer[i], CaseInSensitive);

        if (difference)
            return difference;
    }
    return String1->Length - String2->Length;
}

BOOLEAN NTAPI RtlEqualString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
    return String1->Length == String2->Length &&
           RtlCompareString(String1, String2, CaseInSensitive) == 0;
}

/* ---- Converting ---- */

static void *allocate_string(size_t bytes, const void *site)
{
    struct vport_nt *nt = vport_nt_get();

    return nt ? vport_nt_pool_allocate(nt, PagedPool, bytes, TAG, site) : NULL;
}

static void free_string(PVOID buffer, const char *function, const void *site)
{
    struct vport_nt *nt = vport_nt_get();

    if (nt && buffer)
        vport_nt_pool_free(nt, buffer, 0, function, site);
}

/*
 * PASSIVE_LEVEL. STATUS_BUFFER_OVERFLOW: no room; STATUS_NO_MEMORY. An allocated one is
 * RtlFreeUnicodeString's.
 */
NTSTATUS NTAPI RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString,
                                            PANSI_STRING SourceString,
                                            BOOLEAN AllocateDestinationString)
{
    size_t bytes = (SourceString->Length + 1u) * sizeof(WCHAR);

    vport_nt_irql_at_most("RtlAnsiStringToUnicodeString", PASSIVE_LEVEL, VPORT_SITE);
    if (bytes > UNICODE_STRING_MAX_BYTES)
        return STATUS_INVALID_PARAMETER_2;
    if (AllocateDestinationString) {
        DestinationString->Buffer = allocate_string(bytes, VPORT_SITE);
        DestinationString->MaximumLength = (USHORT)bytes;
        if (!DestinationString->Buffer)
            return STATUS_NO_MEMORY;
    } else if (bytes > DestinationString->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (USHORT i = 0; i < SourceString->Length; i++)
        DestinationString->Buffer[i] = (unsigned char)SourceString->Buffer[i];
    DestinationString->Buffer[SourceString->Length] = 0;
    DestinationString->Length = (USHORT)(bytes - sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/*
 * PASSIVE_LEVEL. What has no ANSI character becomes a question mark. Without room:
 * STATUS_BUFFER_OVERFLOW and what fits.
 */
NTSTATUS NTAPI RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString,
                                            PCUNICODE_STRING SourceString,
                                            BOOLEAN AllocateDestinationString)
{
    USHORT length = SourceString->Length / sizeof(WCHAR);
    NTSTATUS status = STATUS_SUCCESS;

    vport_nt_irql_at_most("RtlUnicodeStringToAnsiString", PASSIVE_LEVEL, VPORT_SITE);
    if (AllocateDestinationString) {
        DestinationString->Buffer = allocate_string(length + 1u, VPORT_SITE);
        DestinationString->MaximumLength = (USHORT)(length + 1);
        if (!DestinationString->Buffer)
            return STATUS_NO_MEMORY;
    } else if (length + 1u > DestinationString->MaximumLength) {
        status = STATUS_BUFFER_OVERFLOW;
        if (DestinationString->MaximumLength == 0)
            return status;
        length = (USHORT)(DestinationString->MaximumLength - 1);
    }
    for (USHORT i = 0; i < length; i++)
        DestinationString->Buffer[i] =
            SourceString->Buffer[i] < 0x100 ? (CHAR)SourceString->Buffer[i] : '?';
    DestinationString->Buffer[length] = '\0';
    DestinationString->Length = length;
    return status;
}

/* PASSIVE_LEVEL. */
VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
    free_string(UnicodeString->Buffer, "RtlFreeUnicodeString", VPORT_SITE);
    *UnicodeString = (UNICODE_STRING){0};
}

VOID NTAPI RtlFreeAnsiString(PANSI_STRING AnsiString)
{
    free_string(AnsiString->Buffer, "RtlFreeAnsiString", VPORT_SITE);
    *AnsiString = (ANSI_STRING){0};
}

/*
 * PASSIVE_LEVEL. Base 2, 8, 10 (also 0), 16. STATUS_BUFFER_OVERFLOW, STATUS_INVALID_PARAMETER (the
 * base).
 */
NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
    WCHAR digits[33];
    size_t first = VPORT_ARRAY_SIZE(digits) - 1;
    size_t bytes;

    if (Base == 0)
        Base = 10;
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
        return STATUS_INVALID_PARAMETER;
    digits[first] = 0;
    do {
        digits[--first] = (unsigned char)"0123456789ABCDEF"[Value % Base];
        Value /= Base;
    } while (Value);
    bytes = (VPORT_ARRAY_SIZE(digits) - 1 - first) * sizeof(WCHAR);
    if (bytes > String->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    String->Length = 0;
    return append(String, digits + first, bytes);
}

/* The base that a prefix names, which is skipped. */
static ULONG base_of_prefix(const WCHAR **text, const WCHAR *end)
{
    if (end - *text < 2 || (*text)[0] != '0')
        return 10;
    *text += 2;
    switch ((*text)[-1]) {
    case 'x':
        return 16;
    case 'o':
        return 8;
    case 'b':
        return 2;
    default:
        *text -= 2;
        return 10;
    }
}

static ULONG digit_value(WCHAR c)
{
    c = RtlUpcaseUnicodeChar(c);
    if (c >= '0' && c <= '9')
        return c - (ULONG)'0';
    return c >= 'A' && c <= 'F' ? c - (ULONG)'A' + 10 : MAXULONG;
}

/*
 * PASSIVE_LEVEL. Leading blanks, a sign, and with base 0 a prefix (0x, 0o, 0b) are read; ends at
 * the first other character.
 */
NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
    const WCHAR *text = String->Buffer;
    const WCHAR *end = text + String->Length / sizeof(WCHAR);
    bool negative;
    ULONG value = 0;

    while (text < end && *text <= ' ')
        text++;
    negative = text < end && *text == '-';
    if (text < end && (*text == '-' || *text == '+'))
        text++;
    if (Base == 0)
        Base = base_of_prefix(&text, end);
    if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
        return STATUS_INVALID_PARAMETER;
    for (; text < end && digit_value(*text) < Base; text++)
        value = value * Base + digit_value(*text);
    *Value = negative ? 0 - value : value;
    return STATUS_SUCCESS;
}

/* ---- GUIDs ---- */

/*
 * {XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}: which nibble of the GUID's bytes each character is, -1
 * for punctuation.
 */
enum { GUID_CHARACTERS = 38 };

static int guid_nibble(unsigned index)
{
    static const signed char order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    static const char shape[] = "{00000000-0000-0000-0000-000000000000}";
    int digit = -1;

    if (shape[index] != '0')
        return -1;
    for (unsigned i = 0; i <= index; i++)
        digit += shape[i] == '0';
    return 2 * order[digit / 2] + (digit % 2 == 0);
}

static WCHAR guid_punctuation(unsigned index)
{
    return index == 0 ? '{' : index == GUID_CHARACTERS - 1 ? '}' : '-';
}

/* PASSIVE_LEVEL. STATUS_NO_MEMORY. RtlFreeUnicodeString frees it. */
NTSTATUS NTAPI RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString)
{
    WCHAR *text = allocate_string((GUID_CHARACTERS + 1) * sizeof(WCHAR), VPORT_SITE);
    const unsigned char *bytes = (const unsigned char *)Guid;

    if (!text)
        return STATUS_NO_MEMORY;
    for (unsigned i = 0; i < GUID_CHARACTERS; i++) {
        int nibble = guid_nibble(i);

        text[i] =
            nibble < 0
                ? guid_punctuation(i)
                : (unsigned char)"0123456789ABCDEF"[bytes[nibble / 2] >> (nibble % 2 ? 4 : 0) & 15];
    }
    text[GUID_CHARACTERS] = 0;
    RtlInitUnicodeString(GuidString, text);
    return STATUS_SUCCESS;
}

/* PASSIVE_LEVEL. STATUS_INVALID_PARAMETER: not of that form. */
NTSTATUS NTAPI RtlGUIDFromString(PUNICODE_STRING GuidString, GUID *Guid)
{
    unsigned char *bytes = (unsigned char *)Guid;

    if (GuidString->Length != GUID_CHARACTERS * sizeof(WCHAR))
        return STATUS_INVALID_PARAMETER;
    memset(Guid, 0, sizeof(*Guid));
    for (unsigned i = 0; i < GUID_CHARACTERS; i++) {
        int nibble = guid_nibble(i);
        WCHAR c = GuidString->Buffer[i];

        if (nibble < 0 ? c != guid_punctuation(i) : digit_value(c) > 15)
            return STATUS_INVALID_PARAMETER;
        if (nibble >= 0)
            bytes[nibble / 2] |= (unsigned char)(digit_value(c) << (nibble % 2 ? 4 : 0));
    }
    return STATUS_SUCCESS;
}
