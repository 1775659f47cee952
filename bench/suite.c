/* SPDX-License-Identifier: MIT */
/* What groups build their cases with: memory, machines, the list of cases. Measures nothing. */
#include "suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Something to be undone; the last comes first. */
struct vport_bench_taken {
    struct vport_bench_taken *before;
    uint64_t (*undo)(struct vport_bench_taken *taken);
    void (*deferred)(void *);
    void *memory;
    size_t size;
    struct vport_bench_port port;
};

bool vport_bench_fail(struct vport_bench_suite *suite, const char *format, ...)
{
    va_list args;

    if (suite->failed)
        return false;
    va_start(args, format);
    vsnprintf(suite->error, sizeof(suite->error), format, args);
    va_end(args);
    suite->failed = true;
    return false;
}

static struct vport_bench_taken *note(struct vport_bench_suite *suite,
                                      uint64_t (*undo)(struct vport_bench_taken *taken))
{
    struct vport_bench_taken *taken = suite->failed ? NULL : calloc(1, sizeof(*taken));

    if (!taken) {
        vport_bench_fail(suite, "out of memory");
        return NULL;
    }
    taken->undo = undo;
    taken->before = suite->taken;
    suite->taken = taken;
    return taken;
}

static uint64_t undo_take(struct vport_bench_taken *taken)
{
    free(taken->memory);
    return 0;
}

void *vport_bench_take(struct vport_bench_suite *suite, size_t size)
{
    struct vport_bench_taken *taken = note(suite, undo_take);
    size_t rounded = (size + VPORT_BENCH_LINE - 1) / VPORT_BENCH_LINE * VPORT_BENCH_LINE;

    if (!taken)
        return NULL;
    taken->memory = aligned_alloc(VPORT_BENCH_LINE, rounded);
    if (taken->memory)
        memset(taken->memory, 0, rounded);
    else
        vport_bench_fail(suite, "out of memory");
    return taken->memory;
}

static uint64_t undo_memory(struct vport_bench_taken *taken)
{
    if (taken->memory)
        munmap(taken->memory, taken->size);
    return 0;
}

void *vport_bench_take_memory(struct vport_bench_suite *suite, size_t size)
{
    struct vport_bench_taken *taken = note(suite, undo_memory);
    void *memory;

    if (!taken)
        return NULL;
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        vport_bench_fail(suite, "no memory for %s", vport_bench_size(size));
        return NULL;
    }
    memset(memory, 1, size);
    taken->memory = memory;
    taken->size = size;
    return memory;
}

static uint64_t undo_port(struct vport_bench_taken *taken)
{
    return vport_bench_port_close(&taken->port);
}

struct vport_bench_port *vport_bench_take_port(struct vport_bench_suite *suite,
                                               const struct vport_bench_port_config *config)
{
    struct vport_bench_taken *taken = note(suite, undo_port);

    if (!taken)
        return NULL;
    if (vport_bench_port_open(&taken->port, config))
        return &taken->port;
    vport_bench_fail(suite, "%s", taken->port.error);
    return NULL;
}

static uint64_t undo_deferred(struct vport_bench_taken *taken)
{
    taken->deferred(taken->memory);
    return 0;
}

bool vport_bench_defer(struct vport_bench_suite *suite, void (*undo)(void *), void *context)
{
    struct vport_bench_taken *taken = note(suite, undo_deferred);

    if (!taken)
        return false;
    taken->deferred = undo;
    taken->memory = context;
    return true;
}

bool vport_bench_add(struct vport_bench_suite *suite, const struct vport_bench_case *model,
                     const char *format, ...)
{
    struct vport_bench_case *grown;
    va_list args;

    if (suite->failed)
        return false;
    if (suite->count == suite->room) {
        suite->room = suite->room ? 2 * suite->room : 32;
        grown = realloc(suite->cases, suite->room * sizeof(*grown));
        if (!grown)
            return vport_bench_fail(suite, "out of memory");
        suite->cases = grown;
    }
    suite->cases[suite->count] = *model;
    va_start(args, format);
    vsnprintf(suite->cases[suite->count].name, VPORT_BENCH_NAME, format, args);
    va_end(args);
    suite->count++;
    return true;
}

void vport_bench_missing(struct vport_bench_suite *suite, const char *what, const char *package,
                         const char *why)
{
    struct vport_bench_missing *missing = &suite->missing[suite->missing_count];

    if (suite->missing_count == VPORT_BENCH_MOST_MISSING)
        return;
    snprintf(missing->what, sizeof(missing->what), "%s", what);
    snprintf(missing->package, sizeof(missing->package), "%s", package);
    snprintf(missing->why, sizeof(missing->why), "%s", why);
    suite->missing_count++;
}

const char *vport_bench_size(uint64_t bytes)
{
    static char texts[8][16];
    static unsigned next;
    char *text = texts[next++ % 8];

    if (bytes >= 1 << 30)
        snprintf(text, sizeof(texts[0]), "%u GiB", (unsigned)(bytes >> 30));
    else if (bytes >= 1 << 20)
        snprintf(text, sizeof(texts[0]), "%u MiB", (unsigned)(bytes >> 20));
    else
        snprintf(text, sizeof(texts[0]), "%u KiB", (unsigned)(bytes >> 10));
    return text;
}

uint64_t vport_bench_suite_end(struct vport_bench_suite *suite)
{
    uint64_t reports = 0;

    while (suite->taken) {
        struct vport_bench_taken *taken = suite->taken;

        suite->taken = taken->before;
        reports += taken->undo(taken);
        free(taken);
    }
    return reports;
}
