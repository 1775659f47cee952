/* SPDX-License-Identifier: MIT */
/*
 * Formatted output of the kernel's C runtime, over the kernel floor's own printf (nt/format), so
 * that formats are Microsoft's and no argument can make it fault. Results as Microsoft documents
 * them: the _sn forms return -1 when the text does not fit and then do not terminate it.
 */
#include "nt/format.h"

#include "ldr/crt_private.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define ARGUMENTS_START(list, last) __builtin_ms_va_start(list, last)
#define ARGUMENTS_END(list)         __builtin_ms_va_end(list)
#else
#define ARGUMENTS_START(list, last) va_start(list, last)
#define ARGUMENTS_END(list)         va_end(list)
#endif

/* Longer texts than this a driver does not print at once; they are cut. */
enum { TEXT = 4096 };

static int CRT crt_vsprintf(char *to, const char *format, VPORT_VA_LIST arguments)
{
    char text[TEXT];
    size_t length = vport_nt_format(text, sizeof(text), format, arguments);

    length = length < TEXT ? length : TEXT - 1;
    memcpy(to, text,
           length + 1); /* no more than the text: the driver's buffer has a size we cannot know */
    return (int)length;
}

static int CRT crt_vsnprintf(char *to, size_t size, const char *format, VPORT_VA_LIST arguments)
{
    char text[TEXT];
    size_t length = vport_nt_format(text, sizeof(text), format, arguments);

    length = length < TEXT ? length : TEXT - 1;
    memcpy(to, text, length < size ? length + 1 : size);
    return length > size ? -1 : (int)length;
}

static int CRT crt_sprintf(char *to, const char *format, ...)
{
    VPORT_VA_LIST arguments;
    int length;

    ARGUMENTS_START(arguments, format);
    length = crt_vsprintf(to, format, arguments);
    ARGUMENTS_END(arguments);
    return length;
}

static int CRT crt_snprintf(char *to, size_t size, const char *format, ...)
{
    VPORT_VA_LIST arguments;
    int length;

    ARGUMENTS_START(arguments, format);
    length = crt_vsnprintf(to, size, format, arguments);
    ARGUMENTS_END(arguments);
    return length;
}

/* Formats and strings in 16-bit characters: only their ASCII part is told apart. */
static int wide_print(wide *to, size_t size, const wide *format, VPORT_VA_LIST arguments)
{
    char narrow[TEXT], text[TEXT];
    size_t length = 0;

    for (; format[length] && length < TEXT - 1; length++)
        narrow[length] = format[length] < 0x80 ? (char)format[length] : '?';
    narrow[length] = '\0';
    length = vport_nt_format(text, sizeof(text), narrow, arguments);
    length = length < TEXT ? length : TEXT - 1;
    for (size_t i = 0; i < size && i <= length; i++)
        to[i] = (unsigned char)text[i];
    return length > size ? -1 : (int)length;
}

static int CRT crt_swprintf(wide *to, const wide *format, ...)
{
    VPORT_VA_LIST arguments;
    int length;

    ARGUMENTS_START(arguments, format);
    length = wide_print(to, SIZE_MAX, format, arguments);
    ARGUMENTS_END(arguments);
    return length;
}

static int CRT crt_vsnwprintf(wide *to, size_t size, const wide *format, VPORT_VA_LIST arguments)
{
    return wide_print(to, size, format, arguments);
}

static int CRT crt_snwprintf(wide *to, size_t size, const wide *format, ...)
{
    VPORT_VA_LIST arguments;
    int length;

    ARGUMENTS_START(arguments, format);
    length = wide_print(to, size, format, arguments);
    ARGUMENTS_END(arguments);
    return length;
}

const struct vport_crt_function vport_crt_print[] = {
    {"sprintf", crt_sprintf},        {"vsprintf", crt_vsprintf},    {"_snprintf", crt_snprintf},
    {"swprintf", crt_swprintf},      {"_vsnprintf", crt_vsnprintf}, {"_snwprintf", crt_snwprintf},
    {"_vsnwprintf", crt_vsnwprintf},
};
const size_t vport_crt_print_count = sizeof(vport_crt_print) / sizeof(vport_crt_print[0]);
