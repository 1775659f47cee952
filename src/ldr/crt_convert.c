/* SPDX-License-Identifier: MIT */
/*
 * Numbers from and to text, strings between the two widths, sorting, and a random number: what
 * ntoskrnl's C runtime has of stdlib.h. Source: the pages of Microsoft's C run-time library.
 */
#include "ldr/crt_private.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- Numbers ---- */

/* Blanks, a sign, digits; what does not fit wraps. */
static int64_t number(const char *s)
{
    uint64_t value = 0;
    while (isspace(*s & 0xff))
        s++;
    char sign = *s;
    if (sign == '-' || sign == '+')
        s++;
    for (; isdigit(*s & 0xff); s++)
        value = value * 10 + (uint64_t)(*s - '0');
    return (int64_t)(sign == '-' ? 0 - value : value);
}

/* long has 32 bits there, so this is atol as well. */
static int CRT crt_atoi(const char *s)
{
    return (int)number(s);
}

static int64_t CRT crt_atoi64(const char *s)
{
    return number(s);
}

enum { DIGITS = 34 }; /* 32 in base 2, a sign, the end */

/* The text of `value`, from where in `text` it begins. Only base 10 knows negative numbers. */
static const char *digits(int value, int base, char text[DIGITS])
{
    unsigned rest = base == 10 && value < 0 ? 0u - (unsigned)value : (unsigned)value;
    char *at = text + DIGITS - 1;
    *at = '\0';
    if (base < 2 || base > 36)
        return at;
    do
        *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % (unsigned)base];
    while (rest /= (unsigned)base);
    if (base == 10 && value < 0)
        *--at = '-';
    return at;
}

static char *CRT crt_itoa(int value, char *to, int base)
{
    char text[DIGITS];
    const char *from = digits(value, base, text);
    char *at = to;
    while ((*at++ = *from++))
        ;
    return to;
}

static wide *CRT crt_itow(int value, wide *to, int base)
{
    char text[DIGITS];
    const char *from = digits(value, base, text);
    wide *at = to;
    while ((*at++ = (wide)(unsigned char)*from++))
        ;
    return to;
}

/* ---- Strings of the other width: the first 256 characters are the same in both ---- */

static size_t CRT crt_mbstowcs(wide *to, const char *from, size_t count)
{
    size_t i = 0;
    for (; (!to || i < count) && from[i]; i++)
        if (to)
            to[i] = (unsigned char)from[i];
    if (to && i < count)
        to[i] = 0;
    return i;
}

/* -1: a character that has no narrow form. */
static size_t CRT crt_wcstombs(char *to, const wide *from, size_t count)
{
    size_t i = 0;
    for (; (!to || i < count) && from[i]; i++) {
        if (from[i] > 0xff)
            return (size_t)-1;
        if (to)
            to[i] = (char)from[i];
    }
    if (to && i < count)
        to[i] = '\0';
    return i;
}

/* ---- Sorting ---- */

typedef int(CRT_CALLBACK *crt_compare)(const void *a, const void *b);

/* From this process's convention to the driver's. */
static int compare(const void *a, const void *b, void *driver)
{
    return (*(crt_compare *)driver)(a, b);
}

static void CRT crt_qsort(void *base, size_t count, size_t size, crt_compare driver)
{
    qsort_r(base, count, size, compare, &driver);
}

/* ---- Random numbers: the generator whose series the documents give, one for all ---- */

static unsigned random_state = 1;

static int CRT crt_rand(void)
{
    unsigned state = __atomic_load_n(&random_state, __ATOMIC_RELAXED) * 214013 + 2531011;
    __atomic_store_n(&random_state, state, __ATOMIC_RELAXED);
    return (int)(state >> 16 & 0x7fff);
}

static void CRT crt_srand(unsigned seed)
{
    __atomic_store_n(&random_state, seed, __ATOMIC_RELAXED);
}

const struct vport_crt_function vport_crt_convert[] = {
    {"atoi", crt_atoi},         {"atol", crt_atoi},   {"_atoi64", crt_atoi64},
    {"_itoa", crt_itoa},        {"_itow", crt_itow},  {"mbstowcs", crt_mbstowcs},
    {"wcstombs", crt_wcstombs}, {"qsort", crt_qsort}, {"rand", crt_rand},
    {"srand", crt_srand},
};
const size_t vport_crt_convert_count = sizeof(vport_crt_convert) / sizeof(vport_crt_convert[0]);
