/* SPDX-License-Identifier: MIT */
/*
 * Strings of 16-bit characters, which this process's own wcs* functions do not have. Case is that
 * of the "C" locale, as in the kernel.
 */
#include "ldr/crt_private.h"

#include <string.h>

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

static wide *CRT crt_wcsncat(wide *to, const wide *from, size_t length)
{
    wide *end = to + crt_wcslen(to);
    size_t i = 0;
    for (; i < length && from[i]; i++)
        end[i] = from[i];
    end[i] = 0;
    return to;
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

static wide *CRT crt_wcsrchr(const wide *s, wide c)
{
    for (const wide *at = s + crt_wcslen(s);; at--) {
        if (*at == c)
            return (wide *)at;
        if (at == s)
            return NULL;
    }
}

static wide *CRT crt_wcsstr(const wide *s, const wide *part)
{
    size_t length = crt_wcslen(part);
    for (;; s++) {
        if (!compare_wide(s, part, length, same))
            return (wide *)s;
        if (!*s)
            return NULL;
    }
}

static size_t CRT crt_wcsspn(const wide *s, const wide *set)
{
    size_t length = 0;
    while (s[length] && crt_wcschr(set, s[length]))
        length++;
    return length;
}

static wide *CRT crt_wcslwr(wide *s)
{
    for (wide *at = s; *at; at++)
        *at = fold(*at);
    return s;
}

static wide upper(wide c)
{
    return c >= 'a' && c <= 'z' ? (wide)(c - 32) : c;
}

static wide *CRT crt_wcsupr(wide *s)
{
    for (wide *at = s; *at; at++)
        *at = upper(*at);
    return s;
}

static wide CRT crt_towlower(wide c)
{
    return fold(c);
}

static wide CRT crt_towupper(wide c)
{
    return upper(c);
}

const struct vport_crt_function vport_crt_wide[] = {
    {"wcslen", crt_wcslen},     {"wcscpy", crt_wcscpy},     {"wcsncpy", crt_wcsncpy},
    {"wcscat", crt_wcscat},     {"wcsncat", crt_wcsncat},   {"wcscmp", crt_wcscmp},
    {"wcsncmp", crt_wcsncmp},   {"_wcsicmp", crt_wcsicmp},  {"_wcsnicmp", crt_wcsnicmp},
    {"wcschr", crt_wcschr},     {"wcsrchr", crt_wcsrchr},   {"wcsstr", crt_wcsstr},
    {"wcsspn", crt_wcsspn},     {"_wcslwr", crt_wcslwr},    {"_wcsupr", crt_wcsupr},
    {"towlower", crt_towlower}, {"towupper", crt_towupper},
};
const size_t vport_crt_wide_count = sizeof(vport_crt_wide) / sizeof(vport_crt_wide[0]);
