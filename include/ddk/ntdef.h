/* SPDX-License-Identifier: MIT */
/*
 * ntdef.h - NT base definitions: base types, strings, list entries, object attributes.
 *
 * Include it first where a driver asks for it; wdm.h includes it by itself. miniport.h and video.h
 * do not: a miniport that defines its own LIST_ENTRY compiles as long as it does not include this
 * file.
 *
 * Sources: wdm/ns-wdm-_unicode_string, kernel/singly-and-doubly-linked-lists,
 * wdm/nf-wdm-initializeobjectattributes (ntdef), and the "Windows Data Types" page.
 */
#ifndef _NTDEF_
#define _NTDEF_

#include "vport_base.h"

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY, *PRLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

/* Length and MaximumLength count bytes; Buffer need not be terminated. */
typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} STRING, *PSTRING, ANSI_STRING, *PANSI_STRING, OEM_STRING, *POEM_STRING;
typedef const STRING *PCSTRING, *PCANSI_STRING;

#define UNICODE_NULL ((WCHAR)0)
#define ANSI_NULL ((CHAR)0)
#define UNICODE_STRING_MAX_BYTES ((USHORT)65534)
#define UNICODE_STRING_MAX_CHARS (32767)

/* s must be an array or a literal. For wide strings compile with -fshort-wchar. */
#define RTL_CONSTANT_STRING(s) { sizeof(s) - sizeof((s)[0]), sizeof(s), (s) }
#define DECLARE_CONST_UNICODE_STRING(variable, literal)                                          \
    const WCHAR variable##_buffer[] = literal;                                                   \
    const UNICODE_STRING variable = { sizeof(literal) - sizeof(WCHAR), sizeof(literal),          \
                                      (PWCH)(ULONG_PTR)variable##_buffer }
#define DECLARE_UNICODE_STRING_SIZE(variable, size)                                              \
    WCHAR variable##_buffer[size];                                                               \
    UNICODE_STRING variable = { 0, (size) * sizeof(WCHAR), variable##_buffer }

typedef struct _LUID {
    ULONG LowPart;
    LONG HighPart;
} LUID, *PLUID;

typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
typedef const OBJECT_ATTRIBUTES *PCOBJECT_ATTRIBUTES;

/* OBJECT_ATTRIBUTES.Attributes */
#define OBJ_INHERIT 0x00000002
#define OBJ_PERMANENT 0x00000010
#define OBJ_EXCLUSIVE 0x00000020
#define OBJ_CASE_INSENSITIVE 0x00000040
#define OBJ_OPENIF 0x00000080
#define OBJ_OPENLINK 0x00000100
#define OBJ_KERNEL_HANDLE 0x00000200
#define OBJ_FORCE_ACCESS_CHECK 0x00000400

#define InitializeObjectAttributes(p, n, a, r, s)                                                \
    {                                                                                            \
        (p)->Length = sizeof(OBJECT_ATTRIBUTES);                                                 \
        (p)->RootDirectory = (r);                                                                \
        (p)->ObjectName = (n);                                                                   \
        (p)->Attributes = (a);                                                                   \
        (p)->SecurityDescriptor = (s);                                                           \
        (p)->SecurityQualityOfService = NULL;                                                    \
    }

typedef enum _EVENT_TYPE {
    NotificationEvent,
    SynchronizationEvent
} EVENT_TYPE;

typedef enum _TIMER_TYPE {
    NotificationTimer,
    SynchronizationTimer
} TIMER_TYPE;

typedef enum _WAIT_TYPE {
    WaitAll,
    WaitAny
} WAIT_TYPE;

typedef struct _PROCESSOR_NUMBER {
    USHORT Group;
    UCHAR Number;
    UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

#define MAKELANGID(primary, sub) ((((USHORT)(sub)) << 10) | (USHORT)(primary))
#define Int32x32To64(a, b) (((LONGLONG)((LONG)(a))) * ((LONGLONG)((LONG)(b))))
#define UInt32x32To64(a, b) (((ULONGLONG)((ULONG)(a))) * ((ULONGLONG)((ULONG)(b))))

#endif /* _NTDEF_ */
