/* SPDX-License-Identifier: MIT */
/*
 * Memory, strings and characters under the names and conventions of ntoskrnl's C runtime, and the
 * search by name. See crt.h; wide strings are in crt_wide.c, numbers, conversions and sorting in
 * crt_convert.c, formatted output, which is the kernel floor's (nt/format), in crt_print.c, and the
 * arithmetic helpers of i386 compilers in crt_i386.c.
 */
#include "ldr/crt.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "ldr/crt_private.h"

/* ---- Memory ---- */

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

/* ---- Strings and characters ---- */

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

static char *CRT crt_strlwr(char *s)
{
    for (char *at = s; *at; at++)
        *at = (char)tolower(*at & 0xff);
    return s;
}

static char *CRT crt_strupr(char *s)
{
    for (char *at = s; *at; at++)
        *at = (char)toupper(*at & 0xff);
    return s;
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

static int CRT crt_isxdigit(int c)
{
    return isxdigit(c & 0xff);
}

static int CRT crt_isprint(int c)
{
    return isprint(c & 0xff);
}

static int CRT crt_isupper(int c)
{
    return isupper(c & 0xff);
}

static int CRT crt_islower(int c)
{
    return islower(c & 0xff);
}

/* ---- Compilers' own ---- */

/*
 * __try scopes name it, in their unwind data on x86-64 and in their frame on i386; it would run
 * only while an exception is handled, which this host does not do: a driver that faults is stopped
 * and reported instead.
 */
int CRT vport_crt_exception_handler(void *record, void *frame, void *context, void *dispatcher)
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
#define HERE(function) function
#else
#define HERE(function) NULL
#endif

static const struct vport_crt_function functions[] = {
    {"memcpy", crt_memcpy},     {"memmove", crt_memcpy},     {"memset", crt_memset},
    {"memcmp", crt_memcmp},     {"memchr", crt_memchr},      {"strlen", crt_strlen},
    {"strcpy", crt_strcpy},     {"strncpy", crt_strncpy},    {"strcat", crt_strcat},
    {"strncat", crt_strncat},   {"strcmp", crt_strcmp},      {"strncmp", crt_strncmp},
    {"_stricmp", crt_stricmp},  {"_strnicmp", crt_strnicmp}, {"strchr", crt_strchr},
    {"strrchr", crt_strrchr},   {"strstr", crt_strstr},      {"strspn", crt_strspn},
    {"_strlwr", crt_strlwr},    {"_strupr", crt_strupr},     {"toupper", crt_toupper},
    {"tolower", crt_tolower},   {"isdigit", crt_isdigit},    {"isspace", crt_isspace},
    {"isxdigit", crt_isxdigit}, {"isprint", crt_isprint},    {"isupper", crt_isupper},
    {"islower", crt_islower},
};

/* What only x86-64 compilers call. */
static const struct vport_crt_function amd64[] = {
    {"__C_specific_handler", vport_crt_exception_handler},
    {"__chkstk", HERE(vport_crt_chkstk64)},
};

static const struct vport_crt_function *entry_of(const struct vport_crt_function *list,
                                                 size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i].name, name))
            return &list[i];
    return NULL;
}

static void *find_in(const struct vport_crt_function *list, size_t count, const char *name)
{
    const struct vport_crt_function *entry = entry_of(list, count, name);

    return entry ? entry->address : NULL;
}

static void *find_common(const char *name)
{
    void *found = find_in(functions, sizeof(functions) / sizeof(functions[0]), name);
    if (!found)
        found = find_in(vport_crt_wide, vport_crt_wide_count, name);
    if (!found)
        found = find_in(vport_crt_convert, vport_crt_convert_count, name);
    return found ? found : find_in(vport_crt_print, vport_crt_print_count, name);
}

static const struct vport_crt_function *entry_of_machine(const char *name, bool for_i386)
{
    return for_i386 ? entry_of(vport_crt_i386, vport_crt_i386_count, name)
                    : entry_of(amd64, sizeof(amd64) / sizeof(amd64[0]), name);
}

void *vport_crt_find(const char *name)
{
    const struct vport_crt_function *own = entry_of_machine(name, sizeof(void *) == 4);

    return own ? own->address : find_common(name);
}

bool vport_crt_has(const char *name, bool for_i386)
{
    return entry_of_machine(name, for_i386) || find_common(name);
}
