/* SPDX-License-Identifier: MIT */
/*
 * F: what one transfer costs, and how that grows with the number outstanding. Beside it: a copy of
 * one page, and what one of anything else costs.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "groups.h"
#include "transfer.h"

enum { PAGE = VPORT_BENCH_PAGE };

/* ---- Floors ----------------------------------------------------------------------------- */

static void run_memcpy(void *context, uint64_t repetitions)
{
    char *memory = context;

    for (uint64_t i = 0; i < repetitions; i++) {
        memcpy(memory + PAGE, memory, PAGE);
        __asm__ volatile("" ::"r"(memory) : "memory");
    }
}

static void nothing(void)
{
    __asm__ volatile("");
}

static void run_call(void *context, uint64_t repetitions)
{
    void (*volatile function)(void) = nothing;

    for (uint64_t i = 0; i < repetitions; i++)
        function();
}

static void run_spin(void *context, uint64_t repetitions)
{
    pthread_spinlock_t *lock = context;

    for (uint64_t i = 0; i < repetitions; i++) {
        pthread_spin_lock(lock);
        pthread_spin_unlock(lock);
    }
}

static void run_malloc(void *context, uint64_t repetitions)
{
    for (uint64_t i = 0; i < repetitions; i++) {
        void *memory = malloc(256);

        __asm__ volatile("" ::"r"(memory) : "memory");
        free(memory);
    }
}

static void run_clock(void *context, uint64_t repetitions)
{
    struct timespec time;

    for (uint64_t i = 0; i < repetitions; i++)
        clock_gettime(CLOCK_MONOTONIC, &time);
}

static void run_getpid(void *context, uint64_t repetitions)
{
    for (uint64_t i = 0; i < repetitions; i++)
        syscall(SYS_getpid);
}

static void add_floor(struct vport_bench_suite *suite, const char *name,
                      void (*run)(void *, uint64_t), void *context, const char *reference)
{
    struct vport_bench_case model = {.unit = "call", .units = 1, .run = run, .context = context};

    strcpy(model.reference, reference);
    vport_bench_add(suite, &model, "%s", name);
}

static void add_floors(struct vport_bench_suite *suite)
{
    char *pages = vport_bench_take(suite, 3 * PAGE);
    pthread_spinlock_t *lock = vport_bench_take(suite, sizeof(*lock));

    if (!pages || !lock)
        return;
    pthread_spin_init(lock, PTHREAD_PROCESS_PRIVATE);
    pages += PAGE - (uintptr_t)pages % PAGE;
    add_floor(suite, "memcpy 4 KiB, warm", run_memcpy, pages, "");
    add_floor(suite, "indirect call", run_call, NULL, "memcpy 4 KiB, warm");
    add_floor(suite, "spin lock + unlock", run_spin, (void *)lock, "memcpy 4 KiB, warm");
    add_floor(suite, "malloc + free 256 bytes", run_malloc, NULL, "memcpy 4 KiB, warm");
    add_floor(suite, "clock_gettime", run_clock, NULL, "memcpy 4 KiB, warm");
    add_floor(suite, "getpid", run_getpid, NULL, "memcpy 4 KiB, warm");
}

/* ---- Transfers -------------------------------------------------------------------------- */

static void add_transfer(struct vport_bench_suite *suite, const char *name,
                         const struct vport_bench_transfer *model)
{
    struct vport_bench_case which = {.reference = "memcpy 4 KiB, warm",
                                     .unit = "transfer",
                                     .units = 1,
                                     .run = vport_bench_transfer_run,
                                     .check = vport_bench_transfer_check,
                                     .context = vport_bench_transfer_take(suite, model)};

    if (model->length == PAGE && model->to_device && model->depth) {
        which.series = name[0] == 'b' ? NULL : "outstanding";
        which.x = model->depth;
    }
    vport_bench_add(suite, &which, "%s", name);
}

/* Pages lie where the device cannot reach them: the second region of frames=contiguous. */
static struct vport_bench_port *bouncing_port(struct vport_bench_suite *suite)
{
    return vport_bench_take_port(
        suite, &(struct vport_bench_port_config){.adapter = "sim:mode=threaded,frames=contiguous",
                                                 .max_length = 64 * PAGE,
                                                 .reach32 = true,
                                                 .memory = 64 * PAGE,
                                                 .skip_regions = 1});
}

static bool open_group(struct vport_bench_suite *suite)
{
    struct vport_bench_port *direct = vport_bench_take_port(
        suite, &(struct vport_bench_port_config){.adapter = "sim:mode=threaded,frames=scattered",
                                                 .max_length = 64 * PAGE,
                                                 .memory = 64 << 20});
    struct vport_bench_port *bouncing = bouncing_port(suite);
    struct vport_bench_transfer page = {
        .port = direct, .length = PAGE, .span = 64 << 20, .to_device = true, .depth = 1};
    struct vport_bench_transfer pages = page, in = page, out;

    add_floors(suite);
    add_transfer(suite, "1 page", &page);
    page.depth = 4;
    add_transfer(suite, "1 page, 4 outstanding", &page);
    page.depth = 16;
    add_transfer(suite, "1 page, 16 outstanding", &page);
    page.depth = 64;
    add_transfer(suite, "1 page, 64 outstanding", &page);
    page.depth = 256;
    add_transfer(suite, "1 page, 256 outstanding", &page);
    page.depth = 1024;
    add_transfer(suite, "1 page, 1024 outstanding", &page);
    pages.length = 16 * PAGE;
    add_transfer(suite, "16 scattered pages", &pages);
    in.port = bouncing;
    in.span = PAGE;
    add_transfer(suite, "bounce 1 page, to device", &in);
    out = in;
    out.to_device = false;
    add_transfer(suite, "bounce 1 page, from device", &out);
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_f = {
    .id = "F",
    .title = "fixed cost of a transfer (Start + Execute + Complete)",
    .open = open_group};
