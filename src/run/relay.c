/* SPDX-License-Identifier: MIT */
/* Watching calls. See relay.h. A driver's arguments may be anything: strings are read as far as
 * they can be. */
#include "run/relay.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ldr/thunk.h"
#include "nt/nt.h"
#include "run/life.h"
#include "run/line.h"

enum { TEXT = 1024, SHOWN = 120 };

struct text {
    char bytes[TEXT];
    size_t length;
};

static uintptr_t image_base;
static size_t image_size;

void vport_relay_set_image(const void *base, size_t size)
{
    image_base = (uintptr_t)base;
    image_size = size;
}

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
    size_t left = sizeof(text->bytes) - text->length;
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = vsnprintf(text->bytes + text->length, left, format, arguments);
    va_end(arguments);
    text->length += count < 0 ? 0 : (size_t)count < left ? (size_t)count : left - 1;
}

/* Characters of `width` bytes at an address that may be none. */
static void add_string(struct text *text, uintptr_t address, unsigned width)
{
    add(text, width == 2 ? "L\"" : "\"");
    for (unsigned i = 0; i < SHOWN; i++, address += width) {
        unsigned c;

        if (!MmIsAddressValid((PVOID)address)) {
            add(text, "<unreadable>");
            break;
        }
        c = width == 2 ? *(const uint16_t *)address : *(const uint8_t *)address;
        if (!c)
            break;
        add(text, c == '\n' ? "\\n" : "%c", c >= 0x20 && c < 0x7f ? (int)c : '?');
    }
    add(text, "\"");
}

static void add_value(struct text *text, char letter, uint64_t value)
{
    switch (letter) {
    case 'v':
        return;
    case 'b':
        add(text, "%u", (unsigned)(uint8_t)value);
        return;
    case 'h':
        add(text, "%#x", (unsigned)(uint16_t)value);
        return;
    case 'i':
        add(text, (uint32_t)value < 0x10000 ? "%" PRIu32 : "%#" PRIx32, (uint32_t)value);
        return;
    case 'x':
        add(text, "0x%08" PRIx32, (uint32_t)value);
        return;
    case 's':
    case 'w':
        if (value) {
            add_string(text, (uintptr_t)value, letter == 'w' ? 2 : 1);
            return;
        }
        add(text, "NULL");
        return;
    default:
        add(text, "%#" PRIx64, value);
    }
}

/* Takes the next of "A,B,C". */
static void add_name(struct text *text, const char **names)
{
    size_t length = strcspn(*names, ",");

    add(text, "%.*s%s", (int)length, *names, length ? "=" : "");
    *names += length + ((*names)[length] == ',');
}

static void add_arguments(struct text *text, const struct vport_call *call)
{
    const char *letters = call->callee->signature ? call->callee->signature + 1 : "";
    const char *names = call->callee->parameters ? call->callee->parameters : "";
    unsigned word = 0;

    for (; *letters; letters++) {
        uint64_t value;

        if (word)
            add(text, ", ");
        if (*letters == '.') {
            add(text, "...");
            break;
        }
        value = vport_call_argument(call, word++);
        if (*letters == 'q' && sizeof(void *) == 4)
            value |= (uint64_t)vport_call_argument(call, word++) << 32;
        add_name(text, &names);
        add_value(text, *letters, value);
    }
}

static void on_enter(void *context, const struct vport_call *call)
{
    struct text text = {.length = 0};
    struct vport_line line;

    add(&text, "%s(", call->callee->name);
    add_arguments(&text, call);
    add(&text, ")");
    vport_event_begin(&line, "call");
    vport_line_number(&line, call->depth);
    vport_line_text(&line, call->callee->into_driver ? "in" : "out");
    vport_line_text(&line, text.bytes);
    vport_line_number(
        &line, (uintptr_t)call->caller - image_base < image_size ? (uintptr_t)call->caller : 0);
    vport_event_send(&line);
}

static void on_leave(void *context, const struct vport_call *call)
{
    struct text text = {.length = 0};
    struct vport_line line;

    add_value(&text, call->callee->signature ? call->callee->signature[0] : 'p', call->result);
    vport_event_begin(&line, "return");
    vport_line_number(&line, call->depth);
    vport_line_text(&line, call->callee->name);
    vport_line_text(&line, text.bytes);
    vport_event_send(&line);
}

/* What recurs in a running machine would drown the rest. */
static bool recurs(const char *name)
{
    return !strcmp(name, "HwInterrupt") || !strcmp(name, "HwTimer") || !strcmp(name, "HwStartIO");
}

static void on_callback_leave(void *context, const struct vport_call *call)
{
    struct vport_line line;
    uint64_t result =
        call->callee->signature[0] == 'b' ? (uint8_t)call->result : (uint32_t)call->result;

    if (!call->callee->into_driver || recurs(call->callee->name))
        return;
    vport_event_begin(&line, "callback");
    vport_line_text(&line, call->callee->name);
    vport_line_number(&line, call->callee->signature[0] == 'v' ? 0 : result);
    vport_event_send(&line);
}

void vport_relay_start(bool all)
{
    static const struct vport_call_observer every = {on_enter, on_leave, NULL};
    static const struct vport_call_observer callbacks = {NULL, on_callback_leave, NULL};

    vport_thunks_observe(all ? &every : &callbacks);
}
