/* SPDX-License-Identifier: MIT */
/*
 * guiddef.h - GUID and the macros which declare and compare GUIDs.
 *
 * DEFINE_GUID declares; in the one file which includes <initguid.h>, or which defines INITGUID
 * before including this file again, it defines.
 *
 * Source: the published GUID structure page and kernel/defining-and-exporting-new-guids.
 */
#ifndef GUID_DEFINED
#define GUID_DEFINED

#include "vport_base.h"

typedef struct _GUID {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID;

typedef GUID *LPGUID, *PGUID;
typedef const GUID *LPCGUID, *REFGUID;

#define IsEqualGUID(guid1, guid2) (!__builtin_memcmp((guid1), (guid2), sizeof(GUID)))
#define InlineIsEqualGUID(guid1, guid2) IsEqualGUID(guid1, guid2)

#endif /* GUID_DEFINED */

/* Outside the guard: a file may define INITGUID between two inclusions. */
#undef DEFINE_GUID
#ifdef INITGUID
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8)                             \
    extern const GUID name;                                                                      \
    DECLSPEC_SELECTANY const GUID name = { l, w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) extern const GUID name
#endif
