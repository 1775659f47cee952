/* SPDX-License-Identifier: MIT */
/* Writing and reading lines of fields. See line.h. */
#include "run/line.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool room(struct vport_line *line, size_t more)
{
    size_t size = line->size ? line->size : 256;
    char *text;

    while (size - line->length < more + 2)
        size *= 2;
    if (size > VPORT_LINE_MAX)
        return false;
    if (size == line->size)
        return true;
    text = realloc(line->text, size);
    if (!text)
        return false;
    line->text = text;
    line->size = size;
    return true;
}

static void append(struct vport_line *line, const char *text, size_t length)
{
    if (!room(line, length))
        return;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void append_escaped(struct vport_line *line, const char *text)
{
    char escape[8];

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = c >= 0x20 && c < 0x7f && c != '\\';

        snprintf(escape, sizeof(escape), "\\x%02x", c);
        append(line, plain ? text : escape, plain ? 1 : 4);
    }
}

void vport_line_begin(struct vport_line *line, const char *kind)
{
    *line = (struct vport_line){0};
    append(line, kind, strlen(kind));
}

void vport_line_text(struct vport_line *line, const char *text)
{
    append(line, "\t", 1);
    append_escaped(line, text ? text : "");
}

void vport_line_number(struct vport_line *line, uint64_t number)
{
    char text[24];

    append(line, text, (size_t)snprintf(text, sizeof(text), "\t%" PRIu64, number));
}

void vport_line_bytes(struct vport_line *line, const void *bytes, size_t length)
{
    const uint8_t *byte = bytes;
    char digits[4];

    append(line, "\t", 1);
    for (size_t i = 0; i < length; i++) {
        snprintf(digits, sizeof(digits), "%02x", byte[i]);
        append(line, digits, 2);
    }
}

/* Ends the line; its text, with the newline, is the caller's to free. NULL: there was no memory. */
static char *take(struct vport_line *line)
{
    if (line->text) {
        line->text[line->length++] = '\n'; /* room() keeps two bytes */
        line->text[line->length] = '\0';
    }
    return line->text;
}

bool vport_line_send(struct vport_line *line, int descriptor)
{
    static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
    char *text = take(line);
    size_t done = 0;
    bool sent;

    pthread_mutex_lock(&one);
    while (text && done < line->length) {
        ssize_t count = write(descriptor, text + done, line->length - done);

        if (count < 0 && errno != EINTR)
            break; /* nobody listens any more */
        done += count > 0 ? (size_t)count : 0;
    }
    pthread_mutex_unlock(&one);
    sent = text && done == line->length;
    free(text);
    return sent;
}

/* ---- Reading ---- */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int two_digits(const char *text)
{
    int high = digit(text[0]);
    int low = high < 0 ? -1 : digit(text[1]);

    return low < 0 ? -1 : high * 16 + low;
}

/* A zero byte would end the field early: it becomes a question mark. */
static void unescape(char *field)
{
    char *to = field;

    for (const char *from = field; *from; from++) {
        int value = from[0] == '\\' && from[1] == 'x' ? two_digits(from + 2) : -1;

        *to++ = value < 0 ? *from : value == 0 ? '?' : (char)value;
        if (value >= 0)
            from += 3;
    }
    *to = '\0';
}

unsigned vport_line_split(char *line, char *field[VPORT_LINE_FIELDS])
{
    unsigned count = 0;
    char *next = line;

    while (next && count < VPORT_LINE_FIELDS) {
        char *tab = strchr(next, '\t');

        if (tab)
            *tab++ = '\0';
        unescape(next);
        field[count++] = next;
        next = tab;
    }
    return count;
}

uint64_t vport_line_to_number(const char *field)
{
    return field && field[0] >= '0' && field[0] <= '9' ? strtoull(field, NULL, 10) : 0;
}

size_t vport_line_to_bytes(char *field)
{
    size_t count = 0;
    int value;

    while (field[2 * count] && (value = two_digits(field + 2 * count)) >= 0)
        field[count++] = (char)value;
    return count;
}
