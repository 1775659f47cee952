/* SPDX-License-Identifier: MIT */
/*
 * Formatting for DbgPrint and relatives.
 *
 * Some drivers pass garbage (an argument too few, va_start of the wrong variable): whatever a
 * pointer argument is, it is read only where it can be read. Source: the C run-time's "Format
 * specification syntax" page and wdm/nf-wdm-dbgprint.
 */
#include "nt/format.h"

#include <stdio.h>

enum size {
    SIZE_DEFAULT,
    SIZE_SHORT, /* h: narrow characters, too */
    SIZE_LONG,  /* l, w: wide characters; numbers of 32 bits */
    SIZE_64,    /* ll, I64 */
    SIZE_POINTER,
};

struct output {
    char *text;
    size_t size;
    size_t length; /* of the whole, also what did not fit */
};

struct spec {
    bool left, zero, alternate;
    char sign; /* what a positive number shows: 0, '+' or ' ' */
    unsigned width;
    int precision; /* -1: none given */
    enum size size;
    char conversion;
};

/*
 * Longest text that one argument gives; what a hostile width or precision asks beyond it is not
 * done.
 */
#define MOST 1024u

/* ---- Output ---- */

static void put(struct output *output, char c)
{
    if (output->length + 1 < output->size)
        output->text[output->length] = c;
    output->length++;
}

static void put_many(struct output *output, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(output, c);
}

/* One UTF-16 unit as UTF-8; halves of surrogate pairs as three bytes each. */
static size_t encode(WCHAR c, char bytes[3])
{
    if (c < 0x80) {
        bytes[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        bytes[0] = (char)(0xc0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    bytes[0] = (char)(0xe0 | c >> 12);
    bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
    bytes[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

static void put_character(struct output *output, WCHAR c, bool wide)
{
    char bytes[3];
    size_t count = encode(c, bytes);

    if (!wide) {
        put(output, (char)c);
        return;
    }
    for (size_t i = 0; i < count; i++)
        put(output, bytes[i]);
}

/* ---- Strings ---- */

/* Characters of a string argument, read as far as they can be. */
struct source {
    const char *at;
    size_t left; /* characters, at most */
    bool wide;
    bool counted;      /* ends after `left`, not at a zero */
    uintptr_t checked; /* can be read up to here */
};

/* Asks once a page. */
static bool can_read(struct source *source, size_t width)
{
    uintptr_t end = (uintptr_t)source->at + width;

    if (end <= source->checked)
        return true;
    if (!vport_nt_readable(source->at, width))
        return false;
    source->checked = (uintptr_t)vport_align_up(end, VPORT_PAGE_SIZE);
    return true;
}

/* The next character; false at the end. */
static bool next_character(struct source *source, WCHAR *c)
{
    size_t width = source->wide ? sizeof(WCHAR) : 1;

    *c = 0;
    if (source->left == 0 || !can_read(source, width))
        return false;
    vport_nt_peek(c, source->at, width);
    source->left--;
    source->at += width;
    return *c || source->counted;
}

static size_t count_characters(struct source source)
{
    size_t count = 0;
    WCHAR c;

    while (next_character(&source, &c))
        count++;
    return count;
}

static void put_source(struct output *output, const struct spec *spec, struct source source)
{
    size_t length;
    WCHAR c;

    if (spec->precision >= 0 && (size_t)spec->precision < source.left)
        source.left = (size_t)spec->precision;
    length = count_characters(source);
    if (!spec->left && spec->width > length)
        put_many(output, spec->zero ? '0' : ' ', spec->width - length);
    while (next_character(&source, &c))
        put_character(output, c, source.wide);
    if (spec->left && spec->width > length)
        put_many(output, ' ', spec->width - length);
}

static void put_text(struct output *output, const struct spec *spec, const char *text)
{
    put_source(output, spec, (struct source){.at = text, .left = strlen(text), .counted = true});
}

static bool is_wide(const struct spec *spec)
{
    bool wide = spec->conversion == 'S' || spec->conversion == 'C';

    if (spec->size == SIZE_SHORT)
        return false;
    return wide || spec->size == SIZE_LONG;
}

static void put_string(struct output *output, const struct spec *spec, const void *text)
{
    if (!text)
        put_text(output, spec, "(null)");
    else if (!vport_nt_readable(text, 1))
        put_text(output, spec, "(not readable)");
    else
        put_source(output, spec, (struct source){.at = text, .left = MOST, .wide = is_wide(spec)});
}

/* %Z and %wZ: an ANSI_STRING or UNICODE_STRING, which have one layout. */
static void put_counted(struct output *output, const struct spec *spec, const void *argument)
{
    bool wide = spec->size == SIZE_LONG;
    UNICODE_STRING string;

    if (!argument)
        put_text(output, spec, "(null)");
    else if (vport_nt_read(&string, argument, sizeof(string)) != sizeof(string))
        put_text(output, spec, "(not readable)");
    else if (!string.Buffer)
        put_text(output, spec, "(null)");
    else
        put_source(output, spec,
                   (struct source){.at = (const char *)string.Buffer,
                                   .left = string.Length / (wide ? 2u : 1u),
                                   .wide = wide,
                                   .counted = true});
}

/* ---- Numbers ---- */

static void put_number(struct output *output, const struct spec *spec, uint64_t value,
                       unsigned base, char sign, const char *prefix)
{
    const char *digits = spec->conversion == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
    size_t around = (sign != 0) + strlen(prefix);
    char reversed[64];
    size_t count = 0;
    size_t zeros = 0;

    while (value) {
        reversed[count++] = digits[value % base];
        value /= base;
    }
    if (spec->precision >= 0)
        zeros = (size_t)spec->precision > count ? (size_t)spec->precision - count : 0;
    else if (spec->zero && !spec->left && spec->width > count + around)
        zeros = spec->width - count - around;
    else if (count == 0)
        zeros = 1;
    if (!spec->left && spec->width > count + zeros + around)
        put_many(output, ' ', spec->width - count - zeros - around);
    if (sign)
        put(output, sign);
    for (; *prefix; prefix++)
        put(output, *prefix);
    put_many(output, '0', zeros);
    for (size_t i = count; i-- > 0;)
        put(output, reversed[i]);
    if (spec->left && spec->width > count + zeros + around)
        put_many(output, ' ', spec->width - count - zeros - around);
}

static void put_signed(struct output *output, const struct spec *spec, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    put_number(output, spec, magnitude, 10, value < 0 ? '-' : spec->sign, "");
}

static void put_unsigned(struct output *output, const struct spec *spec, uint64_t value)
{
    switch (spec->conversion) {
    case 'x':
        put_number(output, spec, value, 16, 0, spec->alternate && value ? "0x" : "");
        break;
    case 'X':
        put_number(output, spec, value, 16, 0, spec->alternate && value ? "0X" : "");
        break;
    case 'o':
        put_number(output, spec, value, 8, 0, spec->alternate && value ? "0" : "");
        break;
    default:
        put_number(output, spec, value, 10, 0, "");
        break;
    }
}

static void put_pointer(struct output *output, const struct spec *spec, uintptr_t value)
{
    struct spec all = *spec;

    all.precision = 2 * sizeof(value);
    put_number(output, &all, value, 16, 0, spec->alternate ? "0X" : "");
}

/* Drivers have no business with floating point; they print it all the same. */
static void put_double(struct output *output, const struct spec *spec, double value)
{
    char text[512]; /* the largest double has 309 digits before the point */
    char format[] = "%.*f";

    format[3] = spec->conversion;
    snprintf(text, sizeof(text), format,
             spec->precision < 0     ? 6
             : spec->precision < 100 ? spec->precision
                                     : 100,
             value);
    put_source(output, &(struct spec){.left = spec->left, .width = spec->width, .precision = -1},
               (struct source){.at = text, .left = strlen(text), .counted = true});
}

/* ---- The format ---- */

/*
 * Drivers pass fewer arguments than their formats name. What is read then is the caller's stack,
 * which is there; the sanitizer must not take it for a mistake of ours.
 */
#define TAKES_ARGUMENTS __attribute__((no_sanitize_address))

static const char *parse_flags(const char *at, struct spec *spec)
{
    for (;; at++) {
        if (*at == '-')
            spec->left = true;
        else if (*at == '0')
            spec->zero = true;
        else if (*at == '#')
            spec->alternate = true;
        else if (*at == '+' || (*at == ' ' && !spec->sign))
            spec->sign = *at;
        else
            return at;
    }
}

static const char *parse_number(const char *at, unsigned *number)
{
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (*number <= MOST)
            *number = *number * 10 + (unsigned)(*at - '0');
    if (*number > MOST)
        *number = MOST;
    return at;
}

static const char *parse_size(const char *at, struct spec *spec)
{
    static const struct {
        const char *text;
        enum size size;
    } sizes[] = {
        {"I64", SIZE_64},    {"I32", SIZE_DEFAULT}, {"I", SIZE_POINTER}, {"z", SIZE_POINTER},
        {"t", SIZE_POINTER}, {"ll", SIZE_64},       {"l", SIZE_LONG},    {"w", SIZE_LONG},
        {"hh", SIZE_SHORT},  {"h", SIZE_SHORT},     {"L", SIZE_64},      {"j", SIZE_64},
    };

    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(sizes); i++) {
        if (strncmp(at, sizes[i].text, strlen(sizes[i].text)) == 0) {
            spec->size = sizes[i].size;
            return at + strlen(sizes[i].text);
        }
    }
    return at;
}

/*
 * In a structure of its own: an argument list of the other convention cannot be passed on by
 * address in every compiler.
 */
struct arguments {
    VPORT_VA_LIST list;
};

/* A width or precision that may be an argument. */
TAKES_ARGUMENTS static const char *parse_amount(const char *at, struct arguments *arguments,
                                                int *amount)
{
    unsigned number;

    if (*at == '*') {
        *amount = __builtin_va_arg(arguments->list, int);
        if (*amount > (int)MOST)
            *amount = MOST;
        return at + 1;
    }
    at = parse_number(at, &number);
    *amount = (int)number;
    return at;
}

/* From behind the percent sign to behind the conversion. */
static const char *parse(const char *at, struct arguments *arguments, struct spec *spec)
{
    int width;

    *spec = (struct spec){.precision = -1};
    at = parse_flags(at, spec);
    at = parse_amount(at, arguments, &width);
    if (width < 0)
        spec->left = true;
    spec->width = width < 0 ? (width < -(int)MOST ? MOST : (unsigned)-width) : (unsigned)width;
    if (*at == '.') {
        at = parse_amount(at + 1, arguments, &spec->precision);
        if (spec->precision < 0)
            spec->precision = -1;
    }
    at = parse_size(at, spec);
    spec->conversion = *at;
    return *at ? at + 1 : at;
}

TAKES_ARGUMENTS static int64_t take_signed(struct arguments *arguments, enum size size)
{
    if (size == SIZE_64)
        return __builtin_va_arg(arguments->list, long long);
    if (size == SIZE_POINTER)
        return __builtin_va_arg(arguments->list, LONG_PTR);
    if (size == SIZE_SHORT)
        return (short)__builtin_va_arg(arguments->list, int);
    return __builtin_va_arg(arguments->list, int);
}

TAKES_ARGUMENTS static uint64_t take_unsigned(struct arguments *arguments, enum size size)
{
    if (size == SIZE_64)
        return __builtin_va_arg(arguments->list, unsigned long long);
    if (size == SIZE_POINTER)
        return __builtin_va_arg(arguments->list, ULONG_PTR);
    if (size == SIZE_SHORT)
        return (unsigned short)__builtin_va_arg(arguments->list, int);
    return __builtin_va_arg(arguments->list, unsigned);
}

static void put_one_character(struct output *output, const struct spec *spec, WCHAR c)
{
    put_source(
        output, spec,
        (struct source){.at = (const char *)&c, .left = 1, .wide = is_wide(spec), .counted = true});
}

TAKES_ARGUMENTS static void convert(struct output *output, const struct spec *spec,
                                    struct arguments *arguments)
{
    switch (spec->conversion) {
    case 'd':
    case 'i':
        put_signed(output, spec, take_signed(arguments, spec->size));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(output, spec, take_unsigned(arguments, spec->size));
        break;
    case 'p':
        put_pointer(output, spec, (uintptr_t) __builtin_va_arg(arguments->list, void *));
        break;
    case 'c':
    case 'C':
        put_one_character(output, spec, (WCHAR) __builtin_va_arg(arguments->list, int));
        break;
    case 's':
    case 'S':
        put_string(output, spec, __builtin_va_arg(arguments->list, void *));
        break;
    case 'Z':
        put_counted(output, spec, __builtin_va_arg(arguments->list, void *));
        break;
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
        put_double(output, spec, __builtin_va_arg(arguments->list, double));
        break;
    case 'n': /* writing to memory is not what debug output is for */
        (void)__builtin_va_arg(arguments->list, void *);
        break;
    case '\0':
        break;
    default: /* also the percent sign itself */
        put(output, spec->conversion);
        break;
    }
}

size_t vport_nt_format(char *text, size_t size, const char *format, VPORT_VA_LIST list)
{
    struct output output = {text, size, 0};
    struct arguments arguments = {list};
    struct spec spec;

    while (*format) {
        if (*format != '%') {
            put(&output, *format++);
            continue;
        }
        format = parse(format + 1, &arguments, &spec);
        convert(&output, &spec, &arguments);
    }
    if (size)
        text[output.length < size ? output.length : size - 1] = '\0';
    return output.length;
}
