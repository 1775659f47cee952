/* SPDX-License-Identifier: MIT */
/* The account of a driver's bad end: what, where, and what it did last. */
#include "run/account_private.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/jail.h"

enum { WHAT = 512 };

static void say_fault(const struct vport_crash *crash, char *what)
{
    static const char *const accesses[] = {"touched", "read from", "wrote to", "jumped to"};
    const char *access = accesses[crash->access < 4 ? crash->access : 0];
    bool null = crash->address < 0x1000;

    if (crash->access == 0 && crash->number == SIGSEGV)
        snprintf(what, WHAT,
                 "executed an instruction that only a kernel may, or used an address that no "
                 "pointer can have");
    else
        snprintf(what, WHAT, "%s address %#" PRIx64 "%s", access, crash->address,
                 null ? ", a NULL pointer" : ", where it has nothing");
}

static void say_signal(const struct vport_crash *crash, char *what)
{
    uint64_t sp = crash->registers[4];

    switch (crash->number) {
    case SIGSEGV:
    case SIGBUS:
        if (crash->number == SIGBUS && crash->detail == BUS_ADRALN)
            snprintf(what, WHAT,
                     "asked for alignment checks (EFLAGS.AC) and used an address that is "
                     "not aligned");
        else if (crash->access && crash->address - (sp - 65536) < 2 * 65536)
            snprintf(what, WHAT, "ran out of stack, or left it (address %#" PRIx64 ")",
                     crash->address);
        else
            say_fault(crash, what);
        break;
    case SIGILL:
        snprintf(what, WHAT, "executed an instruction that does not exist here");
        break;
    case SIGFPE:
        snprintf(what, WHAT, "divided by zero, or the quotient did not fit");
        break;
    case SIGTRAP:
        snprintf(what, WHAT, "stopped at a breakpoint instruction");
        break;
    case SIGXFSZ:
        snprintf(what, WHAT, "wrote more into a file than any screenshot has");
        break;
    case SIGABRT:
        snprintf(what, WHAT, "destroyed memory that is not its own: the machine gave up");
        break;
    default:
        snprintf(what, WHAT, "was ended by signal %" PRIu32, crash->number);
    }
}

static void say_call(const struct vport_crash *crash, char *what)
{
    char *name = vport_jail_call_name(crash->detail, crash->number);

    snprintf(what, WHAT, "made the system call %s, which drivers have no business with",
             name ? name : "of an unknown number");
    free(name);
}

static void say_what(const struct vport_supervisor_result *result, char *what)
{
    const struct vport_crash *crash = &result->crash;

    switch (crash->kind) {
    case VPORT_CRASH_SIGNAL:
        say_signal(crash, what);
        break;
    case VPORT_CRASH_CALL:
        say_call(crash, what);
        break;
    case VPORT_CRASH_BUGCHECK:
        snprintf(what, WHAT, "ended in %.255s", crash->reason);
        return;
    case VPORT_CRASH_IMPORT:
        snprintf(what, WHAT, "called %.255s, which nothing here provides", crash->reason);
        return;
    case VPORT_CRASH_TIMEOUT:
        snprintf(what, WHAT, "did not come back in time");
        return;
    default:
        if (!result->in_time) {
            snprintf(what, WHAT, "did not come back in time, nor did it say where it is");
            return;
        }
        if (!result->killed) {
            snprintf(what, WHAT, "ended its process, as no driver can");
            return;
        }
        snprintf(what, WHAT, "was killed by signal %d (%s) without a word", result->signal,
                 strsignal(result->signal));
        return;
    }
    if (crash->reason[0])
        snprintf(what + strlen(what), WHAT - strlen(what), ": %.255s", crash->reason);
}

/* What comes from the other process: ended, and printable. */
static void clean(char *text, size_t size)
{
    text[size - 1] = '\0';
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
            *text = '?';
}

static void clean_crash(struct vport_crash *crash)
{
    clean(crash->inside, sizeof(crash->inside));
    clean(crash->step, sizeof(crash->step));
    clean(crash->reason, sizeof(crash->reason));
    crash->calls = crash->calls < VPORT_CRASH_CALLS ? crash->calls : VPORT_CRASH_CALLS;
    crash->frames = crash->frames < VPORT_CRASH_FRAMES ? crash->frames : VPORT_CRASH_FRAMES;
    for (unsigned i = 0; i < crash->calls; i++)
        clean(crash->call[i].name, sizeof(crash->call[i].name));
}

static void print_registers(const struct vport_crash *crash)
{
    const char *const *names = vport_crash_register_names[crash->wide ? 1 : 0];

    for (unsigned i = 0; i < VPORT_CRASH_REGISTERS && names[i]; i++)
        printf("%s%-6s %0*" PRIx64,
               i % 4 ? "  "
               : i   ? "\n  "
                     : "  ",
               names[i], crash->wide ? 16 : 8, crash->registers[i]);
    printf("\n");
}

static void print_frames(const struct vport_account *account, const struct vport_crash *crash)
{
    char place[VPORT_ACCOUNT_PLACE];

    if (crash->frames)
        printf("On the stack, newest first (places that may be return addresses):\n");
    for (unsigned i = 0; i < crash->frames; i++) {
        vport_account_place(account, crash->frame[i], place);
        printf("  %s\n", place);
    }
}

static void print_calls(const struct vport_account *account, const struct vport_crash *crash)
{
    char place[VPORT_ACCOUNT_PLACE];

    if (crash->calls)
        printf("Last calls, newest first (at most four words of their arguments):\n");
    for (unsigned i = 0; i < crash->calls; i++) {
        vport_account_place(account, crash->call[i].caller, place);
        printf("  %s(", crash->call[i].name);
        for (unsigned k = 0; k < crash->call[i].words && k < 4; k++)
            printf("%s%#" PRIx64, k ? ", " : "", crash->call[i].argument[k]);
        printf(")%s%s\n", place[0] ? " from " : "", place);
    }
}

static void print(const struct vport_account *account, const struct vport_crash *crash,
                  const char *what, const char *place)
{
    printf("\n*** The driver %s.\n", what);
    if (place[0])
        printf("    At %s%s%s.\n", place, crash->inside[0] ? ", in " : "", crash->inside);
    else if (crash->kind != VPORT_CRASH_NONE)
        printf("    Outside of its image (program counter %#" PRIx64 ")%s%s.\n", crash->pc,
               crash->inside[0] ? ", in " : "", crash->inside);
    if (crash->step[0])
        printf("    While %s.\n", crash->step);
    if (crash->kind == VPORT_CRASH_SIGNAL || crash->kind == VPORT_CRASH_CALL ||
        crash->kind == VPORT_CRASH_TIMEOUT)
        print_registers(crash);
    print_calls(account, crash);
    print_frames(account, crash);
}

static json_t *json_calls(const struct vport_account *account, const struct vport_crash *crash)
{
    json_t *array = json_array();
    char place[VPORT_ACCOUNT_PLACE];

    for (unsigned i = 0; i < crash->calls; i++) {
        vport_account_place(account, crash->call[i].caller, place);
        json_array_append_new(array,
                              json_pack("{s:s, s:s}", "name", crash->call[i].name, "from", place));
    }
    return array;
}

void vport_account_crash(struct vport_account *account,
                         const struct vport_supervisor_result *result)
{
    struct vport_crash crash = result->crash;
    struct vport_supervisor_result told = *result;
    char what[WHAT], place[VPORT_ACCOUNT_PLACE];

    clean_crash(&crash);
    told.crash = crash;
    say_what(&told, what);
    vport_account_place(account, crash.pc, place);
    if (account->as_json)
        json_object_set_new(account->object, "crash",
                            json_pack("{s:s, s:s, s:s, s:s, s:o}", "what", what, "place", place,
                                      "inside", crash.inside, "step", crash.step, "last_calls",
                                      json_calls(account, &crash)));
    else
        print(account, &crash, what, place);
}
