/* SPDX-License-Identifier: MIT */
/*
 * vport_base.h - compiler words, calling conventions and base types.
 *
 * Private to this folder: every other header here starts by including it. It owns what the Windows
 * compilers provide by themselves (__int64, __declspec, __stdcall, _WIN64 ...) and the base types
 * of the driver headers. It knows nothing of the kernel or of the video port.
 *
 * It may be included before or after any Linux system header, by gcc and clang, for x86-64, i386
 * and any other machine. It also compiles for Windows targets with gcc (mingw), where the
 * compiler's own words are kept.
 *
 * Three facts of Windows that a Linux compiler does not share:
 *   - LONG and ULONG have 32 bits everywhere.
 *   - 64-bit integers have 8-byte alignment in structures, on i386 too (the i386 SysV ABI gives 4).
 *   - WCHAR has 16 bits. L"..." has that type only under -fshort-wchar.
 *
 * Sources: Microsoft's published "Windows Data Types" and "x64 calling convention" pages.
 */
#ifndef VPORT_DDK_BASE_H
#define VPORT_DDK_BASE_H

#include <stdarg.h>
#include <stddef.h>
#if __has_include(<string.h>)
#include <string.h>
#else /* a compiler for Windows without a C library: these come from ntoskrnl */
void *__cdecl memcpy(void *, const void *, size_t);
void *__cdecl memmove(void *, const void *, size_t);
void *__cdecl memset(void *, int, size_t);
int __cdecl memcmp(const void *, const void *, size_t);
#endif

/* ---- machine --------------------------------------------------------------------------------- */

#if defined(__x86_64__) && !defined(__ILP32__)
#define VPORT_X64 1
#ifndef _AMD64_
#define _AMD64_
#endif
#ifndef _M_AMD64
#define _M_AMD64 100
#endif
#ifndef _M_X64
#define _M_X64 100
#endif
#elif defined(__i386__)
#define VPORT_X86 1
#ifndef _X86_
#define _X86_ 1
#endif
#ifndef _M_IX86
#define _M_IX86 600
#endif
#elif defined(__aarch64__)
#ifndef _ARM64_
#define _ARM64_
#endif
#endif

#if __SIZEOF_POINTER__ == 8
#ifndef _WIN64
#define _WIN64
#endif
#endif

/* ---- calling conventions ---------------------------------------------------------------------
 *
 * A Linux-built miniport and a Windows binary call the same function of the port, so every export
 * and every callback carries the Windows convention of its machine.
 *
 *   NTAPI     exports and callbacks
 *   FASTCALL  the few exports which use registers on i386
 *   CDECL     variadic exports
 *
 * On i386 the attribute does not cover results: Windows returns a structure of up to 8 bytes in
 * registers, Linux in memory. Whatever is built for i386 and meets a Windows binary (or code built
 * so) needs -freg-struct-return. It matters for KeQueryPerformanceCounter, MmGetPhysicalAddress,
 * PoSetPowerState, DMA_OPERATIONS.MapTransfer and AgpReservePhysical.
 */
#if defined(_WIN32)
#define VPORT_STDCALL __attribute__((stdcall))
#define VPORT_FASTCALL __attribute__((fastcall))
#define VPORT_CDECL __attribute__((cdecl))
#elif defined(VPORT_X64)
#define VPORT_STDCALL __attribute__((ms_abi))
#define VPORT_FASTCALL __attribute__((ms_abi))
#define VPORT_CDECL __attribute__((ms_abi))
#elif defined(VPORT_X86)
#define VPORT_STDCALL __attribute__((stdcall))
#define VPORT_FASTCALL __attribute__((fastcall))
#define VPORT_CDECL __attribute__((cdecl))
#else
#define VPORT_STDCALL
#define VPORT_FASTCALL
#define VPORT_CDECL
#endif

#ifndef NTAPI
#define NTAPI VPORT_STDCALL
#endif
#ifndef FASTCALL
#define FASTCALL VPORT_FASTCALL
#endif
#ifndef CDECL
#define CDECL VPORT_CDECL
#endif

#ifndef __stdcall
#define __stdcall VPORT_STDCALL
#endif
#ifndef __fastcall
#define __fastcall VPORT_FASTCALL
#endif
#ifndef __cdecl
#define __cdecl VPORT_CDECL
#endif
#ifndef _stdcall
#define _stdcall VPORT_STDCALL
#endif
#ifndef _fastcall
#define _fastcall VPORT_FASTCALL
#endif
#ifndef _cdecl
#define _cdecl VPORT_CDECL
#endif

/* The argument list of a CDECL variadic function. */
#if defined(VPORT_X64) && !defined(_WIN32)
typedef __builtin_ms_va_list VPORT_VA_LIST;
#else
typedef va_list VPORT_VA_LIST;
#endif

/* ---- words of the Windows compilers ---------------------------------------------------------- */

#ifndef _WIN32

#ifndef __int64
#define __int64 long long
#endif
#ifndef _int64
#define _int64 long long
#endif
#ifndef __int32
#define __int32 int
#endif
#ifndef __int16
#define __int16 short
#endif
#ifndef __int8
#define __int8 char
#endif

#ifndef __forceinline
#define __forceinline __inline__ __attribute__((__always_inline__))
#endif
#ifndef _inline
#define _inline __inline__
#endif
#ifndef _forceinline
#define _forceinline __forceinline
#endif
#ifndef __unaligned
#define __unaligned
#endif
#ifndef __ptr64
#define __ptr64
#endif
#ifndef __w64
#define __w64
#endif

/* No exception is ever dispatched: a scope's body is all there is of it. (C++'s library has a __try
   of its own; clang knows the words when it is asked to.) */
#if !defined(__cplusplus) && !defined(__try)
#define __try
#define __except(filter) if (0 && (filter))
#define __finally
#endif
#ifndef EXCEPTION_EXECUTE_HANDLER
#define EXCEPTION_EXECUTE_HANDLER 1
#define EXCEPTION_CONTINUE_SEARCH 0
#define EXCEPTION_CONTINUE_EXECUTION (-1)
#define GetExceptionCode() ((ULONG)0)
#endif

/* __declspec(word) becomes VPORT_DECLSPEC_word; a word that is not listed here is an error. */
#ifndef __declspec
#define __declspec(x) VPORT_DECLSPEC_##x
#endif
#define VPORT_DECLSPEC_align(n) __attribute__((__aligned__(n)))
#define VPORT_DECLSPEC_allocate(s)
#define VPORT_DECLSPEC_code_seg(s)
#define VPORT_DECLSPEC_deprecated __attribute__((__deprecated__))
#define VPORT_DECLSPEC_dllexport __attribute__((__visibility__("default")))
#define VPORT_DECLSPEC_dllimport __attribute__((__visibility__("default")))
#define VPORT_DECLSPEC_naked
#define VPORT_DECLSPEC_noalias
#define VPORT_DECLSPEC_noinline __attribute__((__noinline__))
#define VPORT_DECLSPEC_noreturn __attribute__((__noreturn__))
#define VPORT_DECLSPEC_nothrow __attribute__((__nothrow__))
#define VPORT_DECLSPEC_novtable
#define VPORT_DECLSPEC_restrict __attribute__((__malloc__))
#define VPORT_DECLSPEC_selectany __attribute__((__weak__))
#define VPORT_DECLSPEC_thread __thread

#endif /* !_WIN32 */

/* ---- declaration markers -------------------------------------------------------------------
 *
 * Each exported function is declared with one of these in front; scripts/ddk_prototypes.py finds
 * the exports by them.
 *
 *   VPAPI, VIDEOPORT_API   videoprt.sys, see video.h     NTKERNELAPI, NTSYSAPI   ntoskrnl.exe
 *   NTHALAPI               hal.dll
 */
#if defined(_WIN32)
#define VPORT_IMPORT __attribute__((dllimport))
#else
#define VPORT_IMPORT __attribute__((__visibility__("default")))
#endif

#ifndef DECLSPEC_IMPORT
#define DECLSPEC_IMPORT VPORT_IMPORT
#endif
#ifndef DECLSPEC_EXPORT
#define DECLSPEC_EXPORT __attribute__((__visibility__("default")))
#endif

#ifndef NTKERNELAPI
#if defined(_WIN32) && defined(_NTOSKRNL_)
#define NTKERNELAPI
#else
#define NTKERNELAPI VPORT_IMPORT
#endif
#endif
#ifndef NTSYSAPI
#if defined(_WIN32) && defined(_NTSYSTEM_)
#define NTSYSAPI
#else
#define NTSYSAPI VPORT_IMPORT
#endif
#endif
#ifndef NTHALAPI
#if defined(_WIN32) && defined(_NTHALDLL_)
#define NTHALAPI
#else
#define NTHALAPI VPORT_IMPORT
#endif
#endif

#ifndef DECLSPEC_NORETURN
#define DECLSPEC_NORETURN __attribute__((__noreturn__))
#endif
#ifndef DECLSPEC_NOINLINE
#define DECLSPEC_NOINLINE __attribute__((__noinline__))
#endif
#ifndef DECLSPEC_ALIGN
#define DECLSPEC_ALIGN(x) __attribute__((__aligned__(x)))
#endif
#ifndef DECLSPEC_SELECTANY
#define DECLSPEC_SELECTANY __attribute__((__weak__))
#endif
#ifndef DECLSPEC_CACHEALIGN
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(SYSTEM_CACHE_ALIGNMENT_SIZE)
#endif
#ifndef SYSTEM_CACHE_ALIGNMENT_SIZE
#if defined(VPORT_X64) || defined(VPORT_X86)
#define SYSTEM_CACHE_ALIGNMENT_SIZE 64
#else
#define SYSTEM_CACHE_ALIGNMENT_SIZE 128
#endif
#endif

#ifdef _WIN64
#define POINTER_ALIGNMENT DECLSPEC_ALIGN(8)
#define MEMORY_ALLOCATION_ALIGNMENT 16
#else
#define POINTER_ALIGNMENT
#define MEMORY_ALLOCATION_ALIGNMENT 8
#endif

#ifndef FORCEINLINE
#define FORCEINLINE __forceinline
#endif
#ifndef EXTERN_C
#define EXTERN_C extern
#endif

/* Our own inline functions: never an external definition, no warning when unused. */
#define VPORT_INLINE static __inline__ __attribute__((__always_inline__, __unused__))

/* Structures have unnamed members, which is C11 and needs no word; old sources name this one. */
#ifndef _ANONYMOUS_UNION
#define _ANONYMOUS_UNION __extension__
#define _ANONYMOUS_STRUCT __extension__
#endif
#ifndef DUMMYUNIONNAME
#define DUMMYUNIONNAME
#define DUMMYUNIONNAME2
#define DUMMYUNIONNAME3
#define DUMMYUNIONNAME4
#define DUMMYUNIONNAME5
#define DUMMYUNIONNAME6
#define DUMMYSTRUCTNAME
#define DUMMYSTRUCTNAME2
#define DUMMYSTRUCTNAME3
#endif

/* ---- parameter annotations ------------------------------------------------------------------- */

#include "vport_sal.h"

/* ---- base types ------------------------------------------------------------------------------ */

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef FAR
#define FAR
#endif
#ifndef UNALIGNED
#define UNALIGNED
#endif
#ifndef RESTRICTED_POINTER
#define RESTRICTED_POINTER
#endif
#ifndef ANYSIZE_ARRAY
#define ANYSIZE_ARRAY 1
#endif

/* Of Microsoft's stdlib.h, which sources for Windows rely on without a thought. */
#if !defined(__cplusplus) && !defined(NOMINMAX)
#ifndef min
#define min(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif
#endif

typedef void *PVOID;
typedef void *HANDLE, **PHANDLE;

typedef char CHAR, *PCHAR, *PSTR, *LPSTR, *PSZ, *PCH;
typedef const char *PCSTR, *LPCSTR, *PCSZ, *PCCH;
typedef signed char SCHAR, *PSCHAR;
typedef char CCHAR, *PCCHAR;
typedef unsigned char UCHAR, *PUCHAR;
typedef const unsigned char *PCUCHAR;
typedef short SHORT, *PSHORT;
typedef short CSHORT, *PCSHORT;
typedef unsigned short USHORT, *PUSHORT;
typedef const unsigned short *PCUSHORT;
typedef int INT, *PINT;
typedef unsigned int UINT, *PUINT;

/* 32 bits. On Windows targets "long" is that and the compiler's headers insist on the name. */
#if defined(_WIN32)
typedef long LONG, *PLONG;
typedef unsigned long ULONG, *PULONG;
#else
typedef int LONG, *PLONG;
typedef unsigned int ULONG, *PULONG;
#endif
typedef const ULONG *PCULONG;
typedef ULONG LOGICAL, *PLOGICAL;
typedef ULONG CLONG;
typedef ULONG FLONG;

typedef signed char INT8, *PINT8;
typedef unsigned char UINT8, *PUINT8;
typedef short INT16, *PINT16;
typedef unsigned short UINT16, *PUINT16;
typedef int INT32, *PINT32;
typedef unsigned int UINT32, *PUINT32;
typedef float FLOAT;
typedef double DOUBLE __attribute__((__aligned__(8))); /* on i386, too, as 64-bit integers */
typedef LONG LONG32, *PLONG32;
typedef ULONG ULONG32, *PULONG32;
typedef ULONG DWORD32;

/* 64 bits, always 8-aligned in structures. */
__extension__ typedef long long LONGLONG __attribute__((__aligned__(8)));
__extension__ typedef unsigned long long ULONGLONG __attribute__((__aligned__(8)));
typedef LONGLONG *PLONGLONG;
typedef ULONGLONG *PULONGLONG;
typedef LONGLONG LONG64, *PLONG64;
typedef ULONGLONG ULONG64, *PULONG64;
typedef LONGLONG INT64, *PINT64;
typedef ULONGLONG UINT64, *PUINT64;
typedef ULONGLONG DWORDLONG, *PDWORDLONG;
typedef ULONGLONG DWORD64;
typedef LONGLONG USN;

/* As wide as a pointer. */
typedef __INTPTR_TYPE__ LONG_PTR, *PLONG_PTR;
typedef __UINTPTR_TYPE__ ULONG_PTR, *PULONG_PTR;
typedef LONG_PTR INT_PTR, *PINT_PTR;
typedef ULONG_PTR UINT_PTR, *PUINT_PTR;
typedef ULONG_PTR DWORD_PTR;
typedef LONG_PTR SSIZE_T, *PSSIZE_T;
typedef ULONG_PTR SIZE_T, *PSIZE_T;
typedef ULONG_PTR KAFFINITY, *PKAFFINITY;

typedef UCHAR BOOLEAN, *PBOOLEAN;

/* 16 bits with and without -fshort-wchar; the type of L"..." only with it. */
typedef unsigned short WCHAR;
typedef WCHAR *PWCHAR, *PWSTR, *LPWSTR, *PWCH;
typedef const WCHAR *PCWSTR, *LPCWSTR, *PCWCH;

typedef LONG NTSTATUS, *PNTSTATUS;
typedef LONG HRESULT;
typedef ULONG LCID, *PLCID;
typedef USHORT LANGID;

typedef union _LARGE_INTEGER {
    __extension__ struct {
        ULONG LowPart;
        LONG HighPart;
    };
    struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    __extension__ struct {
        ULONG LowPart;
        ULONG HighPart;
    };
    struct {
        ULONG LowPart;
        ULONG HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

/* 64 bits on every machine; in DMA structures it holds the device's (logical) address. */
typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

/* ---- small tools of every driver ------------------------------------------------------------- */

#define NT_SUCCESS(Status) (((NTSTATUS)(Status)) >= 0)
#define NT_INFORMATION(Status) ((((ULONG)(Status)) >> 30) == 1)
#define NT_WARNING(Status) ((((ULONG)(Status)) >> 30) == 2)
#define NT_ERROR(Status) ((((ULONG)(Status)) >> 30) == 3)

#ifndef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((LONG)__builtin_offsetof(type, field))
#endif
#ifndef CONTAINING_RECORD
#define CONTAINING_RECORD(address, type, field)                                                  \
    ((type *)(ULONG_PTR)((ULONG_PTR)(address) - __builtin_offsetof(type, field)))
#endif
#ifndef ARGUMENT_PRESENT
#define ARGUMENT_PRESENT(argument) ((const char *)(ULONG_PTR)(argument) != (const char *)0)
#endif
#ifndef RTL_NUMBER_OF
#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#endif
#ifndef ARRAYSIZE
#define ARRAYSIZE(array) RTL_NUMBER_OF(array)
#endif
#ifndef RTL_FIELD_SIZE
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#endif
#ifndef RTL_SIZEOF_THROUGH_FIELD
#define RTL_SIZEOF_THROUGH_FIELD(type, field)                                                    \
    (FIELD_OFFSET(type, field) + RTL_FIELD_SIZE(type, field))
#endif
#ifndef C_ASSERT
#define C_ASSERT(expression) _Static_assert(expression, #expression)
#endif

#ifndef UNREFERENCED_PARAMETER
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#endif
#ifndef UNREFERENCED_LOCAL_VARIABLE
#define UNREFERENCED_LOCAL_VARIABLE(variable) ((void)(variable))
#endif
#ifndef DBG_UNREFERENCED_PARAMETER
#define DBG_UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#endif
#ifndef DBG_UNREFERENCED_LOCAL_VARIABLE
#define DBG_UNREFERENCED_LOCAL_VARIABLE(variable) ((void)(variable))
#endif

#ifndef DBG
#define DBG 0
#endif

/* Nothing to check here: the port's own rules about IRQL are enforced by the host. */
#ifndef PAGED_CODE
#define PAGED_CODE()
#endif

#define MINCHAR 0x80
#define MAXCHAR 0x7f
#define MINSHORT 0x8000
#define MAXSHORT 0x7fff
#define MINLONG 0x80000000
#define MAXLONG 0x7fffffff
#define MAXUCHAR 0xff
#define MAXUSHORT 0xffff
#define MAXULONG 0xffffffff
#define MAXLONGLONG (0x7fffffffffffffffLL)

/* Reports a failed ASSERT of a debug build. Any IRQL. (wdm: ASSERT macro) */
NTSYSAPI VOID NTAPI RtlAssert(
    PVOID FailedAssertion,
    PVOID FileName,
    ULONG LineNumber,
    PSTR Message);

#ifndef ASSERT
#if DBG
#define ASSERT(expression)                                                                       \
    ((expression) ? (void)0                                                                      \
                  : RtlAssert((PVOID)(ULONG_PTR)#expression, (PVOID)(ULONG_PTR)__FILE__,           \
                              __LINE__, (PSTR)0))
#else
#define ASSERT(expression) ((void)0)
#endif
#endif
#ifndef NT_ASSERT
#define NT_ASSERT(expression) ASSERT(expression)
#endif

#endif /* VPORT_DDK_BASE_H */
