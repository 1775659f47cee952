/* SPDX-License-Identifier: MIT */
/* `videoport adapters`: the adapters of this build, whether they can run here, and their keys. */
#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <videoport/host.h>

#include "cli/command.h"
#include "cli/message.h"

enum { OPTION_JSON = 0x100 };

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "Print a JSON array instead of text", 0}, {0}};

static const char doc[] = "List the adapters of this build: whether each can run on this computer, "
                          "and what it can be told."
                          "\vExamples:\n"
                          "  videoport adapters\n"
                          "  videoport blit photo.png -a sim:sg=off,reach=32,memory=16G";

static void print_keys(const struct vport_adapter_key *key)
{
    for (; key->name; key++)
        printf("    %s=%s\n        %s (default %s)\n", key->name, key->values, key->help,
               key->standard);
}

static void print_text(void)
{
    bool colour = vport_colour_allowed(STDOUT_FILENO);
    char why[VPORT_ERROR_TEXT];

    for (const struct vport_adapter_kind *const *kind = vport_adapters(); *kind; kind++) {
        enum vport_status status = vport_adapter_check((*kind)->name, why);

        printf("%s%s%s: %s\n", colour ? "\033[1m" : "", (*kind)->name, colour ? "\033[0m" : "",
               (*kind)->help);
        if (status == VPORT_OK)
            printf("    can run here\n");
        else
            printf("    cannot run here: %s\n", why);
        print_keys((*kind)->keys);
    }
}

static json_t *keys_json(const struct vport_adapter_key *key)
{
    json_t *array = json_array();

    for (; key->name; key++)
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:s}", "name", key->name, "values",
                                        key->values, "default", key->standard, "help", key->help));
    return array;
}

static int print_json(void)
{
    json_t *array = json_array();
    char why[VPORT_ERROR_TEXT];
    int failed;

    for (const struct vport_adapter_kind *const *kind = vport_adapters(); *kind; kind++) {
        enum vport_status status = vport_adapter_check((*kind)->name, why);
        json_t *object =
            json_pack("{s:s, s:s, s:b, s:o}", "name", (*kind)->name, "help", (*kind)->help,
                      "available", status == VPORT_OK, "keys", keys_json((*kind)->keys));

        if (status != VPORT_OK)
            json_object_set_new(object, "missing", json_string(why));
        json_array_append_new(array, object);
    }
    failed = json_dumpf(array, stdout, JSON_INDENT(2));
    json_decref(array);
    putchar('\n');
    return failed ? VPORT_EXIT_FAILED : VPORT_EXIT_OK;
}

static error_t adapters_option(int key, char *argument, struct argp_state *state)
{
    bool *json = state->input;

    switch (key) {
    case OPTION_JSON:
        *json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is too much: this command takes no arguments", argument);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int adapters_main(int argc, char **argv)
{
    static const struct argp argp = {.options = options, .parser = adapters_option, .doc = doc};
    bool json = false;

    if (argp_parse(&argp, argc, argv, 0, NULL, &json) != 0)
        return VPORT_EXIT_USAGE;
    if (json)
        return print_json();
    print_text();
    return VPORT_EXIT_OK;
}

const struct vport_command vport_command_adapters = {
    .name = "adapters", .summary = "list the adapters and their keys", .run = adapters_main};
