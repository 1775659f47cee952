/* SPDX-License-Identifier: MIT */
/* From events to an account. See account.h. Fields come from a process that a driver may have taken
 * over: each is checked, and nothing reaches a terminal but printable characters. */
#include "run/account_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/events.h"
#include "run/symbols.h"

/* So many lines of one run are kept for JSON; a relay of a long run is for people. */
enum { LINES_MAX = 200000, BYTES_MAX = 256 << 20 };

static const struct event {
    const char *kind, *key;
    int one;
    const char *letters, *names;
} events[] = {
#define EVENT(kind, key, one, letters, names) {kind, key, one, letters, names},
    VPORT_RUN_EVENTS(EVENT)
#undef EVENT
};

static const struct event *event_find(const char *kind)
{
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (!strcmp(events[i].kind, kind))
            return &events[i];
    return NULL;
}

/* Control characters, and bytes that are no UTF-8, become question marks, in place. A driver's
 * lines end with a newline that ours have already. */
static void make_printable(char *text)
{
    size_t length = strlen(text);
    json_t *utf8;

    if (length && text[length - 1] == '\n')
        text[length - 1] = '\0';
    utf8 = json_string(text);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
            *text = '?';
    }
    json_decref(utf8);
}

struct vport_account *vport_account_begin(const char *name, const void *driver, size_t size,
                                          bool json)
{
    struct vport_account *account = calloc(1, sizeof(*account));

    if (!account)
        return NULL;
    account->name = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    account->as_json = json;
    account->object = json_object();
    if (vport_symbols_possible(driver, size)) {
        account->elf = driver;
        account->elf_size = size;
    } else if (vport_pe_parse(driver, size, &account->pe, NULL) == VPORT_OK) {
        account->laid_out = calloc(1, account->pe.image_size);
    }
    if (account->laid_out)
        vport_pe_lay_out(&account->pe, account->laid_out);
    json_object_set_new(account->object, "driver", json_string(name));
    return account;
}

/* "(in the function Name)"; nothing for what has no name. A name is the file's: what is no
 * printable ASCII becomes a question mark. */
static void say_symbol(const struct vport_account *account, uint64_t offset, char *text,
                       size_t size)
{
    const char *name = vport_symbols_find(account->elf, account->elf_size, offset);
    int used = name ? snprintf(text, size, " (in the function %.100s)", name) : 0;

    for (int i = 0; i < used; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            text[i] = '?';
}

void vport_account_place(const struct vport_account *account, uint64_t address,
                         char text[VPORT_ACCOUNT_PLACE])
{
    uint32_t rva = (uint32_t)(address - account->base), begin, end;
    const char *section;
    int used;

    text[0] = '\0';
    if (!account->base || address < account->base || address - account->base >= account->size)
        return;
    used = snprintf(text, VPORT_ACCOUNT_PLACE, "%.100s+%#" PRIx32, account->name, rva);
    if (account->elf) {
        say_symbol(account, rva, text + used, VPORT_ACCOUNT_PLACE - (size_t)used);
        return;
    }
    section = account->laid_out ? vport_pe_section_name(&account->pe, rva) : NULL;
    used +=
        snprintf(text + used, VPORT_ACCOUNT_PLACE - (size_t)used, " (%s", section ? section : "?");
    if (account->laid_out && vport_pe_function(&account->pe, account->laid_out, rva, &begin, &end))
        used += snprintf(text + used, VPORT_ACCOUNT_PLACE - (size_t)used,
                         ", in the function at +%#" PRIx32, begin);
    snprintf(text + used, VPORT_ACCOUNT_PLACE - (size_t)used, ")");
}

/* ---- JSON ---- */

static json_t *json_field(char letter, const char *field)
{
    uint64_t number = vport_line_to_number(field);
    json_t *text_or_mark;
    char text[24];

    switch (letter) {
    case 's':
        text_or_mark = json_string(field);
        return text_or_mark ? text_or_mark : json_string("?");
    case 'b':
        return json_boolean(number);
    case 'h':
        snprintf(text, sizeof(text), "%#" PRIx64, number);
        return json_string(text);
    default:
        return json_integer((json_int_t)number);
    }
}

static json_t *json_event(const struct event *event, char *field[])
{
    json_t *object = json_object();
    const char *names = event->names;

    for (unsigned i = 0; event->letters[i]; i++) {
        size_t length = strcspn(names, ",");
        char name[32];

        snprintf(name, sizeof(name), "%.*s", (int)length, names);
        json_object_set_new(object, name, json_field(event->letters[i], field[i + 1]));
        names += length + (names[length] == ',');
    }
    return object;
}

static void keep(struct vport_account *account, const struct event *event, char *field[])
{
    json_t *array = json_object_get(account->object, event->key);

    for (unsigned i = 0; event->letters[i]; i++)
        account->bytes += strlen(field[i + 1]);
    if (account->lines++ >= LINES_MAX || account->bytes >= BYTES_MAX) {
        json_object_set_new(account->object, "truncated", json_true());
        return;
    }
    if (event->one) {
        json_object_set_new(account->object, event->key, json_event(event, field));
        return;
    }
    if (!array) {
        array = json_array();
        json_object_set_new(account->object, event->key, array);
    }
    json_array_append_new(array, json_event(event, field));
}

/* ---- For people ---- */

#define NUMBER(i) vport_line_to_number(field[i])

static void say_mode(char *field[])
{
    printf("mode       %c %3" PRIu64 "  %" PRIu64 " x %" PRIu64 " x %" PRIu64 ", stride %" PRIu64
           "\n",
           NUMBER(7) ? '*' : ' ', NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4), NUMBER(5));
}

static void say_claim(char *field[])
{
    uint64_t start = NUMBER(2), length = NUMBER(3);

    printf("claimed    %s %#" PRIx64 "..%#" PRIx64 " (%" PRIu64 " bytes)%s\n", field[1], start,
           start + (length ? length - 1 : 0), length, NUMBER(4) ? ", legacy" : "");
}

static void say_child(char *field[])
{
    static const char *const types[] = {"child", "monitor", "nonprimary chip", "VGA chip", "child"};
    uint64_t type = NUMBER(1);

    printf("child      %s %#" PRIx64 "%s%s\n", types[type < 5 ? type : 0], NUMBER(2),
           field[3][0] ? " " : "", field[3]);
}

static void say_step(char *field[])
{
    printf("%-10s %s%s%s\n", !strcmp(field[2], "ok") ? "done" : field[2], field[1],
           field[3][0] ? ": " : "", field[3]);
}

static void say_placed(const struct vport_account *account, const char *label, const char *text,
                       uint64_t address)
{
    char place[VPORT_ACCOUNT_PLACE];

    vport_account_place(account, address, place);
    printf("%-10s %s%s%s%s\n", label, text, place[0] ? " [" : "", place, place[0] ? "]" : "");
}

static void say_ioctl(char *field[])
{
    printf("request    %#" PRIx64 ": VP_STATUS %" PRIu64 ", %" PRIu64 " bytes returned\n",
           NUMBER(1), NUMBER(2), NUMBER(3));
}

static void say_image(const struct vport_account *account, char *field[])
{
    printf("image      %s: %" PRIu64 " bytes at %#" PRIx64 "%s%s%s%s\n", account->name, NUMBER(2),
           NUMBER(1), NUMBER(3) ? ", sections share pages: writable and executable" : "",
           NUMBER(4) ? ", a section that asked to be writable and executable is executable only"
                     : "",
           NUMBER(5) ? ", stack cookie seeded" : "",
           NUMBER(6) ? ", thread-local storage ignored" : "");
}

/* A call that returns before anything else happens is one line with its result. */
static void flush_call(struct vport_account *account)
{
    if (account->pending)
        printf("%s\n", account->pending);
    free(account->pending);
    account->pending = NULL;
}

static void say_call(struct vport_account *account, char *field[])
{
    char place[VPORT_ACCOUNT_PLACE];
    int depth = (int)(NUMBER(1) < 40 ? NUMBER(1) : 40);

    flush_call(account);
    vport_account_place(account, NUMBER(4), place);
    if (asprintf(&account->pending, "call       %*s%s %s%s%s", depth * 2, "",
                 !strcmp(field[2], "in") ? ">" : "<", field[3], place[0] ? " from " : "",
                 place) < 0)
        account->pending = NULL;
}

static void say_return(struct vport_account *account, char *field[])
{
    int depth = (int)(NUMBER(1) < 40 ? NUMBER(1) : 40);

    if (account->pending)
        printf("%s = %s\n", account->pending, field[3]);
    else
        printf("           %*s%s = %s\n", depth * 2, "", field[2], field[3]);
    free(account->pending);
    account->pending = NULL;
}

static void say(struct vport_account *account, const char *kind, char *field[])
{
    if (!strcmp(kind, "call")) {
        say_call(account, field);
        return;
    }
    if (!strcmp(kind, "return")) {
        say_return(account, field);
        return;
    }
    flush_call(account);
    if (!strcmp(kind, "adapter"))
        printf("adapter    %s\n", field[1]);
    else if (!strcmp(kind, "image"))
        say_image(account, field);
    else if (!strcmp(kind, "missing"))
        printf("missing    %s: %s (a call to it stops the driver)\n", field[1], field[2]);
    else if (!strcmp(kind, "step"))
        say_step(field);
    else if (!strcmp(kind, "callback"))
        printf("callback   %s = %#" PRIx64 "\n", field[1], NUMBER(2));
    else if (!strcmp(kind, "claim"))
        say_claim(field);
    else if (!strcmp(kind, "interrupt"))
        printf("claimed    interrupt, vector %" PRIu64 "\n", NUMBER(1));
    else if (!strcmp(kind, "child"))
        say_child(field);
    else if (!strcmp(kind, "mode"))
        say_mode(field);
    else if (!strcmp(kind, "memory"))
        printf("memory     %" PRIu64 " bytes at %#" PRIx64 ", frame buffer %" PRIu64
               " bytes at %#" PRIx64 "\n",
               NUMBER(2), NUMBER(1), NUMBER(4), NUMBER(3));
    else if (!strcmp(kind, "ioctl"))
        say_ioctl(field);
    else if (!strcmp(kind, "dma_adapter"))
        printf("dma        adapter: %" PRIu64 " map registers, longest transfer %" PRIu64
               ", %" PRIu64 " common buffers\n",
               NUMBER(1), NUMBER(2), NUMBER(3));
    else if (!strcmp(kind, "dma"))
        printf("dma        %s: %" PRIu64 " operations, %" PRIu64 " elements, %" PRIu64
               " bytes, %" PRIu64 " bounced\n",
               field[1], NUMBER(2), NUMBER(3), NUMBER(4), NUMBER(5));
    else if (!strcmp(kind, "blit"))
        printf("blit       shown: %s; read back: %s\n", field[1], field[2]);
    else if (!strcmp(kind, "screen"))
        printf("screen     %" PRIu64 " x %" PRIu64 "\n", NUMBER(1), NUMBER(2));
    else if (!strcmp(kind, "trapped"))
        say_placed(account, "emulated", field[1], NUMBER(3));
    else if (!strcmp(kind, "report"))
        say_placed(account, field[1], field[2], NUMBER(3));
    else if (!strcmp(kind, "debug"))
        printf("debug      %s\n", field[3]);
}

/* ---- Lines ---- */

static void keep_output(struct vport_account *account, char *hexadecimal)
{
    char *copy = strdup(hexadecimal);

    if (!copy || account->outputs == VPORT_JOB_IOCTLS) {
        free(copy);
        return;
    }
    account->output[account->outputs].length = vport_line_to_bytes(copy);
    account->output[account->outputs++].bytes = (uint8_t *)copy;
}

static void take_note(struct vport_account *account, const char *kind, char *field[])
{
    if (!strcmp(kind, "image") || !strcmp(kind, "object")) {
        account->base = NUMBER(1);
        account->size = NUMBER(2);
    } else if (!strcmp(kind, "step")) {
        account->failed += !strcmp(field[2], "failed");
    } else if (!strcmp(kind, "blit")) {
        account->failed += !strcmp(field[1], "different") || !strcmp(field[2], "different");
    } else if (!strcmp(kind, "screen")) {
        account->width = (uint32_t)NUMBER(1);
        account->height = (uint32_t)NUMBER(2);
    } else if (!strcmp(kind, "ioctl")) {
        keep_output(account, field[4]);
    }
}

void vport_account_line(void *context, char *field[], unsigned count)
{
    struct vport_account *account = context;
    const struct event *event = event_find(field[0]);

    for (unsigned i = 0; i < count; i++)
        make_printable(field[i]);
    if (!strcmp(field[0], "fatal") && count >= 3) {
        account->fatal = NUMBER(1) >= 1 && NUMBER(1) <= 3 ? (int)NUMBER(1) : 1;
        json_object_set_new(account->object, "error", json_field('s', field[2]));
        if (!account->as_json)
            printf("failed     %s\n", field[2]);
        return;
    }
    account->ended |= !strcmp(field[0], "end");
    if (!event || count < strlen(event->letters) + 1)
        return;
    take_note(account, event->kind, field);
    if (account->as_json)
        keep(account, event, field);
    else
        say(account, event->kind, field);
}

bool vport_account_screen(const struct vport_account *account, uint32_t *width, uint32_t *height)
{
    *width = account->width;
    *height = account->height;
    return account->width && account->height;
}

const uint8_t *vport_account_output(const struct vport_account *account, unsigned index,
                                    size_t *length)
{
    *length = index < account->outputs ? account->output[index].length : 0;
    return index < account->outputs ? account->output[index].bytes : NULL;
}

static int exit_code(const struct vport_account *account,
                     const struct vport_supervisor_result *result)
{
    if (account->fatal)
        return account->fatal;
    if (result->crash.kind != VPORT_CRASH_NONE || result->killed || !account->ended)
        return 4;
    return account->failed || result->status ? 1 : 0;
}

int vport_account_end(struct vport_account *account, const struct vport_supervisor_result *result)
{
    int code = exit_code(account, result);

    flush_call(account);
    if (code == 4)
        vport_account_crash(account, result);
    if (account->as_json) {
        json_object_set_new(account->object, "exit_code", json_integer(code));
        json_dumpf(account->object, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(account->object);
    for (unsigned i = 0; i < account->outputs; i++)
        free(account->output[i].bytes);
    free(account->laid_out);
    free(account);
    return code;
}
