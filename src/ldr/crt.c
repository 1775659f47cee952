/* SPDX-License-Identifier: MIT */
/*
 * Memory, strings and characters under the names and conventions of ntoskrnl's C runtime. See
 * crt.h; the arithmetic helpers of i386 compilers are in crt_i386.c, formatted output is the kernel
 * floor's (nt/format).
 */
#include "ldr/crt.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldr/crt_private.h"

typedef uint16_t wide; /* WCHAR */

/* ---- Memory
 * -----------------------------------------------------------------------------------------------------------
 */

/*
 * Copies and fills are string instructions on x86: drivers copy out of registers too, where each
 * access has to be emulated, and then it must be an instruction that can be (src/run/trap.c), not
 * one of the C library's vector loops. Drivers overlap; the kernel's copies tolerate it.
 */
static void *CRT crt_memcpy(void *to, const void *from, size_t length)
{
#if defined(__x86_64__) || defined(__i386__)
    void *result = to;

    if ((uintptr_t)to - (uintptr_t)from >= length) {
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
        return result;
    }
#endif
    return memmove(to, from, length);
}

static void *CRT crt_memset(void *to, int value, size_t length)
{
#if defined(__x86_64__) || defined(__i386__)
    void *result = to;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(value) : "memory");
    return result;
#else
    return memset(to, value, length);
#endif
}

static int CRT crt_memcmp(const void *a, const void *b, size_t length)
{
    return memcmp(a, b, length);
}

static void *CRT crt_memchr(const void *at, int value, size_t length)
{
    return memchr(at, value, length);
}

/* ---- Strings
 * ----------------------------------------------------------------------------------------------------------
 */

static size_t CRT crt_strlen(const char *s)
{
    return strlen(s);
}

static char *CRT crt_strcpy(char *to, const char *from)
{
    return strcpy(to, from);
}

static char *CRT crt_strncpy(char *to, const char *from, size_t length)
{
    return strncpy(to, from, length);
}

static char *CRT crt_strcat(char *to, const char *from)
{
    return strcat(to, from);
}

static char *CRT crt_strncat(char *to, const char *from, size_t length)
{
    return strncat(to, from, length);
}

static int CRT crt_strcmp(const char *a, const char *b)
{
    return strcmp(a, b);
}

static int CRT crt_strncmp(const char *a, const char *b, size_t length)
{
    return strncmp(a, b, length);
}

static int CRT crt_stricmp(const char *a, const char *b)
{
    return strcasecmp(a, b);
}

static int CRT crt_strnicmp(const char *a, const char *b, size_t length)
{
    return strncasecmp(a, b, length);
}

static char *CRT crt_strchr(const char *s, int c)
{
    return strchr(s, c);
}

static char *CRT crt_strrchr(const char *s, int c)
{
    return strrchr(s, c);
}

static char *CRT crt_strstr(const char *s, const char *part)
{
    return strstr(s, part);
}

static size_t CRT crt_strspn(const char *s, const char *set)
{
    return strspn(s, set);
}

static int CRT crt_atoi(const char *s)
{
    return atoi(s);
}

static int CRT crt_toupper(int c)
{
    return toupper(c & 0xff);
}

static int CRT crt_tolower(int c)
{
    return tolower(c & 0xff);
}

static int CRT crt_isdigit(int c)
{
    return isdigit(c & 0xff);
}

static int CRT crt_isspace(int c)
{
    return isspace(c & 0xff);
}

/* ---- Wide strings: 16-bit characters, which this process's own wcs* functions do not have
 * ----------------------------- */

static wide fold(wide c)
{
    return c >= 'A' && c <= 'Z' ? (wide)(c + 32) : c;
}

static size_t CRT crt_wcslen(const wide *s)
{
    size_t length = 0;
    while (s[length])
        length++;
    return length;
}

static wide *CRT crt_wcscpy(wide *to, const wide *from)
{
    memcpy(to, from, (crt_wcslen(from) + 1) * sizeof(wide));
    return to;
}

static wide *CRT crt_wcsncpy(wide *to, const wide *from, size_t length)
{
    size_t i = 0;
    for (; i < length && from[i]; i++)
        to[i] = from[i];
    for (; i < length; i++)
        to[i] = 0;
    return to;
}

static wide *CRT crt_wcscat(wide *to, const wide *from)
{
    crt_wcscpy(to + crt_wcslen(to), from);
    return to;
}

static int compare_wide(const wide *a, const wide *b, size_t length, wide (*map)(wide))
{
    for (; length; length--, a++, b++) {
        int difference = map(*a) - map(*b);
        if (difference || !*a)
            return difference;
    }
    return 0;
}

static wide same(wide c)
{
    return c;
}

static int CRT crt_wcscmp(const wide *a, const wide *b)
{
    return compare_wide(a, b, SIZE_MAX, same);
}

static int CRT crt_wcsncmp(const wide *a, const wide *b, size_t length)
{
    return compare_wide(a, b, length, same);
}

static int CRT crt_wcsicmp(const wide *a, const wide *b)
{
    return compare_wide(a, b, SIZE_MAX, fold);
}

static int CRT crt_wcsnicmp(const wide *a, const wide *b, size_t length)
{
    return compare_wide(a, b, length, fold);
}

static wide *CRT crt_wcschr(const wide *s, wide c)
{
    for (;; s++) {
        if (*s == c)
            return (wide *)s;
        if (!*s)
            return NULL;
    }
}

/* ---- Compilers' own
 * ---------------------------------------------------------------------------------------------------
 */

/*
 * __try scopes name it in their unwind data; it would run only while an exception is handled, which
 * this host does not do: a driver that faults is stopped and reported instead.
 */
static int CRT crt_specific_handler(void *record, void *frame, void *context, void *dispatcher)
{
    return 1; /* ExceptionContinueSearch */
}

#if defined(__x86_64__)
/* Touches each page of a frame of rax bytes, from the top, so that a guard page is never jumped
 * over. Changes no register but r10 and r11. */
void vport_crt_chkstk64(void);
__asm__(".text\n"
        "vport_crt_chkstk64:\n"
        "  movq %rsp, %r10\n"
        "  movq %rax, %r11\n"
        "1: cmpq $4096, %r11\n  jb 2f\n"
        "  subq $4096, %r10\n  subq $4096, %r11\n  testb $0, (%r10)\n  jmp 1b\n"
        "2: subq %r11, %r10\n  testb $0, (%r10)\n  ret\n");
#endif

static const struct vport_crt_function functions[] = {
    {"memcpy", crt_memcpy},
    {"memmove", crt_memcpy},
    {"memset", crt_memset},
    {"memcmp", crt_memcmp},
    {"memchr", crt_memchr},
    {"strlen", crt_strlen},
    {"strcpy", crt_strcpy},
    {"strncpy", crt_strncpy},
    {"strcat", crt_strcat},
    {"strncat", crt_strncat},
    {"strcmp", crt_strcmp},
    {"strncmp", crt_strncmp},
    {"_stricmp", crt_stricmp},
    {"_strnicmp", crt_strnicmp},
    {"strchr", crt_strchr},
    {"strrchr", crt_strrchr},
    {"strstr", crt_strstr},
    {"strspn", crt_strspn},
    {"atoi", crt_atoi},
    {"toupper", crt_toupper},
    {"tolower", crt_tolower},
    {"isdigit", crt_isdigit},
    {"isspace", crt_isspace},
    {"wcslen", crt_wcslen},
    {"wcscpy", crt_wcscpy},
    {"wcsncpy", crt_wcsncpy},
    {"wcscat", crt_wcscat},
    {"wcscmp", crt_wcscmp},
    {"wcsncmp", crt_wcsncmp},
    {"_wcsicmp", crt_wcsicmp},
    {"_wcsnicmp", crt_wcsnicmp},
    {"wcschr", crt_wcschr},
    {"__C_specific_handler", crt_specific_handler},
#if defined(__x86_64__)
    {"__chkstk", vport_crt_chkstk64},
#endif
};

static void *find_in(const struct vport_crt_function *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i].name, name))
            return list[i].address;
    return NULL;
}

void *vport_crt_find(const char *name)
{
    void *found = find_in(functions, sizeof(functions) / sizeof(functions[0]), name);
    if (!found)
        found = find_in(vport_crt_print, vport_crt_print_count, name);
    return found ? found : find_in(vport_crt_i386, vport_crt_i386_count, name);
}
