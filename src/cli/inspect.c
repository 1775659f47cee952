/* SPDX-License-Identifier: MIT */
/* `videoport inspect`: what a driver's file says, without running anything of it. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/file.h"
#include "cli/message.h"
#include "ldr/exports.h"
#include "ldr/pe.h"

enum { DRIVER_MAX = 256 << 20, PAGE = 4096 };

struct inspect {
    const char *path;
    bool as_json;
    struct vport_pe pe;
    uint8_t *image; /* laid out */
    json_t *object; /* everything; text is printed from it */
    json_t *imports;
    unsigned missing;
    char error[VPORT_PE_ERROR];
};

static json_t *hexadecimal(uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%#" PRIx64, number);
    return json_string(text);
}

/* Names come from the file: what is no printable ASCII is shown as a question mark. */
static json_t *name_of(const char *text)
{
    char name[VPORT_PE_NAME];
    size_t i = 0;

    for (; text[i] && i < sizeof(name) - 1; i++)
        name[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
    name[i] = '\0';
    return json_string(name);
}

/* ---- The parts ---- */

static json_t *sections(const struct vport_pe *pe)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < pe->sections; i++) {
        const struct vport_pe_section *section = &pe->section[i];
        uint32_t flags = section->characteristics;
        char access[4] = {flags & VPORT_PE_SECTION_READ ? 'r' : '-',
                          flags & (uint32_t)VPORT_PE_SECTION_WRITE ? 'w' : '-',
                          flags & VPORT_PE_SECTION_EXECUTE ? 'x' : '-', '\0'};

        json_array_append_new(
            array, json_pack("{s:o, s:I, s:I, s:I, s:s}", "name", name_of(section->name), "rva",
                             (json_int_t)section->rva, "size", (json_int_t)section->size,
                             "file_size", (json_int_t)section->file_size, "access", access));
    }
    return array;
}

static enum vport_status visit_import(void *context, const struct vport_pe_import *import)
{
    struct inspect *inspect = context;
    bool found = import->name && vport_import_known(import->library, import->name,
                                                    inspect->pe.machine == VPORT_PE_I386);
    json_t *entry = json_object();

    json_object_set_new(entry, "library", name_of(import->library));
    if (import->name)
        json_object_set_new(entry, "name", name_of(import->name));
    else
        json_object_set_new(entry, "ordinal", json_integer(import->ordinal));
    json_object_set_new(entry, "satisfied", json_boolean(found));
    json_array_append_new(inspect->imports, entry);
    inspect->missing += !found;
    return VPORT_OK;
}

static bool any_section(const struct vport_pe *pe, uint32_t flags)
{
    for (unsigned i = 0; i < pe->sections; i++)
        if ((pe->section[i].characteristics & flags) == flags)
            return true;
    return false;
}

static json_t *notes(const struct inspect *inspect)
{
    const struct vport_pe *pe = &inspect->pe;
    json_t *array = json_array();
    const struct {
        bool applies;
        const char *text;
    } all[] = {
        {pe->relocations_stripped, "relocations are stripped: it runs at its own base only"},
        {pe->section_alignment < PAGE,
         "sections share pages: all of it is mapped writable and executable"},
        {pe->directory[VPORT_PE_TLS].rva != 0,
         "thread-local storage is ignored, as the kernel's loader does"},
        {pe->section_alignment >= PAGE &&
             any_section(pe, (uint32_t)VPORT_PE_SECTION_WRITE | VPORT_PE_SECTION_EXECUTE),
         "a section asks to be writable and executable: it is mapped executable only"},
        {!pe->entry, "there is no entry point: it cannot be run as a driver"},
        {pe->subsystem != 1, "its subsystem is not native: perhaps no driver"},
        {vport_pe_cookie(pe, inspect->image) != 0, "it has a stack cookie, which the loader seeds"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].applies)
            json_array_append_new(array, json_string(all[i].text));
    return array;
}

static enum vport_status collect(struct inspect *inspect)
{
    const struct vport_pe *pe = &inspect->pe;
    enum vport_status status;

    inspect->imports = json_array();
    status = vport_pe_imports(pe, inspect->image, visit_import, inspect, inspect->error);
    inspect->object = json_pack(
        "{s:s, s:b, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:o}", "machine",
        pe->machine == VPORT_PE_AMD64 ? "x86-64" : "i386", "wide", pe->wide, "image_base",
        hexadecimal(pe->image_base), "image_size", (json_int_t)pe->image_size, "entry",
        (json_int_t)pe->entry, "section_alignment", (json_int_t)pe->section_alignment, "timestamp",
        (json_int_t)pe->timestamp, "sections", sections(pe), "imports", inspect->imports,
        "missing_imports", (json_int_t)inspect->missing, "notes", notes(inspect));
    return status;
}

/* ---- Telling ---- */

static void print_imports(const json_t *imports)
{
    const char *library = "";
    json_t *entry;
    size_t i;

    json_array_foreach(imports, i, entry)
    {
        const char *from = json_string_value(json_object_get(entry, "library"));
        const char *name = json_string_value(json_object_get(entry, "name"));
        bool satisfied = json_is_true(json_object_get(entry, "satisfied"));

        if (strcmp(from, library) != 0)
            printf("imports from %s\n", from);
        library = from;
        if (name)
            printf("  %s %s\n", satisfied ? "  " : "- ", name);
        else
            printf("  %s #%d\n", satisfied ? "  " : "- ",
                   (int)json_integer_value(json_object_get(entry, "ordinal")));
    }
}

static void print(const struct inspect *inspect)
{
    const struct vport_pe *pe = &inspect->pe;
    json_t *entry;
    size_t i;

    printf("machine    %s%s\n", pe->machine == VPORT_PE_AMD64 ? "x86-64" : "i386",
           pe->wide ? " (PE32+)" : " (PE32)");
    printf("image      %" PRIu32 " bytes, base %#" PRIx64 ", entry +%#" PRIx32 "\n", pe->image_size,
           pe->image_base, pe->entry);
    json_array_foreach(json_object_get(inspect->object, "sections"), i, entry)
        printf("section    %-8s +%#-8" PRIx64 " %8" PRIu64 " bytes  %s\n",
               json_string_value(json_object_get(entry, "name")),
               (uint64_t)json_integer_value(json_object_get(entry, "rva")),
               (uint64_t)json_integer_value(json_object_get(entry, "size")),
               json_string_value(json_object_get(entry, "access")));
    print_imports(inspect->imports);
    json_array_foreach(json_object_get(inspect->object, "notes"), i, entry)
        printf("note       %s\n", json_string_value(entry));
    if (inspect->missing)
        printf("missing    %u of %zu imports (marked -); a call to one stops the driver\n",
               inspect->missing, json_array_size(inspect->imports));
    else
        printf("missing    nothing: all %zu imports are there\n",
               json_array_size(inspect->imports));
}

static int inspect_image(struct inspect *inspect)
{
    int code = VPORT_EXIT_OK;

    inspect->image = calloc(1, inspect->pe.image_size);
    if (!inspect->image) {
        vport_message("%s: no memory for an image of %" PRIu32 " bytes", inspect->path,
                      inspect->pe.image_size);
        return VPORT_EXIT_FAILED;
    }
    vport_pe_lay_out(&inspect->pe, inspect->image);
    if (collect(inspect) != VPORT_OK) {
        vport_message("%s: %s", inspect->path, inspect->error);
        code = VPORT_EXIT_FAILED;
    } else if (inspect->as_json) {
        json_dumpf(inspect->object, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print(inspect);
    }
    json_decref(inspect->object);
    free(inspect->image);
    return code;
}

static int inspect_file(struct inspect *inspect)
{
    size_t size;
    void *file = vport_file_read(inspect->path, DRIVER_MAX, &size);
    int code = VPORT_EXIT_FAILED;

    if (!file)
        vport_message("%s: %s", inspect->path, strerror(errno));
    else if (vport_pe_parse(file, size, &inspect->pe, inspect->error) != VPORT_OK)
        vport_message("%s: %s", inspect->path, inspect->error);
    else
        code = inspect_image(inspect);
    free(file);
    return code;
}

/* ---- The command line ---- */

enum { OPTION_JSON = 0x100 };

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object instead of lines", 0}, {0}};

static const char doc[] = "Tell what a Windows driver's file (.sys) is made of and which of its "
                          "imports videoport provides, "
                          "without running any of it."
                          "\vExit status: 0 it could be read, whatever is missing; 1 it is damaged "
                          "or no driver; 2 wrong usage.";

static error_t inspect_option(int key, char *argument, struct argp_state *state)
{
    struct inspect *inspect = state->input;

    switch (key) {
    case OPTION_JSON:
        inspect->as_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (inspect->path)
            argp_error(state, "one driver at a time: '%s' is too much", argument);
        inspect->path = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which driver?");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int inspect_main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options, .parser = inspect_option, .args_doc = "DRIVER.sys", .doc = doc};
    struct inspect inspect = {0};

    if (argp_parse(&argp, argc, argv, 0, NULL, &inspect) != 0)
        return VPORT_EXIT_USAGE;
    return inspect_file(&inspect);
}

const struct vport_command vport_command_inspect = {
    .name = "inspect",
    .summary = "tell what a driver's file wants, without running it",
    .run = inspect_main};
