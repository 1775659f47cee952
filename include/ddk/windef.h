/* SPDX-License-Identifier: MIT */
/*
 * windef.h - the Win32 names of base types, for sources that share headers with a display driver.
 *
 * Source: the "Windows Data Types" page, windef/ns-windef-point, -size and -rect.
 */
#ifndef VPORT_DDK_WINDEF_H
#define VPORT_DDK_WINDEF_H

#include "vport_base.h"

typedef ULONG DWORD, *PDWORD, *LPDWORD;
typedef LONG BOOL, *PBOOL, *LPBOOL;
typedef UCHAR BYTE, *PBYTE, *LPBYTE;
typedef USHORT WORD, *PWORD, *LPWORD;
typedef int INT, *PINT;
typedef unsigned int UINT, *PUINT;
typedef void *LPVOID;
typedef const void *LPCVOID;

typedef struct tagPOINT {
    LONG x;
    LONG y;
} POINT, *PPOINT, POINTL, *PPOINTL;

typedef struct tagSIZE {
    LONG cx;
    LONG cy;
} SIZE, *PSIZE, SIZEL, *PSIZEL;

/* The bottom and right edges are outside. */
typedef struct tagRECT {
    LONG left;
    LONG top;
    LONG right;
    LONG bottom;
} RECT, *PRECT, RECTL, *PRECTL;

#define MAKEWORD(low, high) ((WORD)((BYTE)(low) | (WORD)((BYTE)(high)) << 8))
#define MAKELONG(low, high) ((LONG)((WORD)(low) | (DWORD)((WORD)(high)) << 16))
#define LOWORD(value) ((WORD)((ULONG_PTR)(value) & 0xffff))
#define HIWORD(value) ((WORD)((ULONG_PTR)(value) >> 16 & 0xffff))
#define LOBYTE(value) ((BYTE)((ULONG_PTR)(value) & 0xff))
#define HIBYTE(value) ((BYTE)((ULONG_PTR)(value) >> 8 & 0xff))

#endif /* VPORT_DDK_WINDEF_H */
