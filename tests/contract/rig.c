/* SPDX-License-Identifier: MIT */
/*
 * The rig's machine room: the table of buses, machines by need, reports, checks, skips. The only
 * file of the suite that names a bus's keys.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <videoport/device.h>
#include "device.h"
#include "rig.h"

/* ---- Buses ---- */

struct bus {
    const char *name;
    const char *defaults;      /* a key, unless the caller sets it otherwise; NULL: none */
    const char *engine;        /* driver.c's */
    bool plug;                 /* the device is the model of device.c */
    const char *layout[4];     /* by enum rig_layout; NULL: cannot */
    const char *map_registers; /* with %u */
    const char *noncoherent, *queued, *threaded, *deterministic, *small_memory;
    bool identity, vanishing_memory, address_bits, beyond_4g;
    const char *const
        *skips; /* the tests that it is known not to show; ends with NULL; NULL: not known */
};

static const char *const none[] = {NULL};

static const char *const edu_skips[] = {
    "sd_04_what_the_cpu_wrote_is_there_for_the_device_in_the_callback",
    "sd_19_callback_exactly_once_when_queued",
    "sd_28_logical_addresses_respect_the_platform",
    "sd_13_length_is_final_when_the_call_returns",
    "sd_14_dpc_reads_length_before_the_call_returns",
    "sd_a1_length_is_the_same_in_a_late_callback",
    "sd_a2_forced_queue_calls_back_later",
    "sd_a10_start_from_within_a_queued_callback",
    "sd_a10_start_from_a_dpc_before_the_outer_call_has_returned",
    "sd_a11_complete_within_a_queued_callback",
    "ex_11_interrupts_come_while_the_callback_runs",
    "ex_11_interrupts_come_while_a_queued_callback_runs",
    "ex_12_thread_of_the_callback_is_arbitrary",
    "cd_02_bytes_arrive_without_cache_coherence_too",
    "cd_11_may_run_in_a_dpc_before_start_dma_has_returned",
    "ga_10_scatter_gather_on_pci_means_32_bits",
    "ga_11_64_bits_override_32",
    "cb_04_cache_enabled_is_a_hint",
    "cb_13_no_start_or_complete_around_its_use",
    "sg_a1_no_element_crosses_4_gib",
    "mr_05_aliases_memory_beyond_the_address_lines",
    "mr_06_addresses_above_4_gib_are_bounced_not_truncated",
    "mr_15_flush_makes_the_cpus_bytes_visible",
    NULL,
};

static const struct bus buses[] = {
    {
        .name = "sim",
        .engine = "rig",
        .plug = true,
        .layout = {"", "frames=contiguous", "frames=scattered", "frames=mixed"},
        .map_registers = "map-registers=%u",
        .noncoherent = "coherent=off",
        .queued = "queue=on",
        .threaded = "mode=threaded",
        .deterministic = "mode=deterministic",
        .small_memory = "memory=64M",
        .identity = true,
        .vanishing_memory = true,
        .address_bits = true,
        .beyond_4g = true,
        .skips = none,
    },
    {
        /*
         * QEMU's edu, 28 address lines: with all memory within their reach, transfers may go past
         * the map registers. QEMU is a process of its own: always threads, never twice the same.
         */
        .name = "qemu",
        .engine = "edu",
        .defaults = "memory=256M",
        .layout = {"", "frames=contiguous", "frames=scattered", "frames=mixed"},
        .map_registers = "map-registers=%u",
        .threaded = "",
        .small_memory = "memory=64M",
        .identity = true,
        .vanishing_memory = true,
        .skips = edu_skips,
    },
};

static const struct bus *chosen_bus;
static const char *chosen_spec;
static uint64_t chosen_seed;

bool rig_select(const char *adapter_spec, uint64_t seed)
{
    size_t length = strcspn(adapter_spec, ":");

    chosen_spec = adapter_spec;
    chosen_seed = seed;
    chosen_bus = NULL;
    for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
        if (strlen(buses[i].name) == length && !strncmp(buses[i].name, adapter_spec, length))
            chosen_bus = &buses[i];
    }
    return chosen_bus != NULL;
}

/* ---- Specs: what the caller asked for, with the keys that a test needs in place of the same keys
 * ---- */

struct spec {
    char keys[8][64];
    unsigned count;
};

/* The place of this key, whatever its value; spec->count: it is not there. */
static unsigned spec_find(const struct spec *spec, const char *key)
{
    size_t name = strcspn(key, "=") + 1;
    unsigned i;

    for (i = 0; i < spec->count && strncmp(spec->keys[i], key, name); i++)
        ;
    return i;
}

static void spec_set(struct spec *spec, const char *key)
{
    unsigned i = spec_find(spec, key);

    if (!*key || i == sizeof(spec->keys) / sizeof(spec->keys[0]))
        return;
    snprintf(spec->keys[i], sizeof(spec->keys[i]), "%s", key);
    if (i == spec->count)
        spec->count++;
}

static void spec_set_caller(struct spec *spec)
{
    char copy[256], *rest = copy, *key;
    const char *colon = strchr(chosen_spec, ':');

    if (!colon)
        return;
    snprintf(copy, sizeof(copy), "%s", colon + 1);
    while ((key = strsep(&rest, ",")))
        spec_set(spec, key);
}

/* One need; true if the bus has a key for it (or it is not needed). */
static bool spec_need(struct spec *spec, bool needed, const char *key)
{
    if (!needed)
        return true;
    if (!key)
        return false;
    spec_set(spec, key);
    return true;
}

/* NULL if the bus can show all that is needed, else what it cannot. */
static const char *spec_make(const struct rig_needs *needs, struct spec *spec)
{
    char registers[64] = "";

    spec_set_caller(spec);
    if (chosen_bus->defaults && spec_find(spec, chosen_bus->defaults) == spec->count)
        spec_set(spec, chosen_bus->defaults);
    if (chosen_bus->map_registers)
        snprintf(registers, sizeof(registers), chosen_bus->map_registers, needs->map_registers);
    if (!spec_need(spec, needs->layout, chosen_bus->layout[needs->layout]))
        return "the layout of page frames cannot be chosen";
    if (!spec_need(spec, needs->map_registers, *registers ? registers : NULL))
        return "the number of map registers cannot be chosen";
    if (!spec_need(spec, needs->noncoherent, chosen_bus->noncoherent))
        return "memory is always coherent";
    if (!spec_need(spec, needs->queued, chosen_bus->queued))
        return "the queue cannot be forced";
    if (!spec_need(spec, needs->threaded, chosen_bus->threaded))
        return "no threads";
    if (!spec_need(spec, needs->deterministic, chosen_bus->deterministic))
        return "not deterministic";
    if (!spec_need(spec, needs->small_memory, chosen_bus->small_memory))
        return "the amount of memory cannot be chosen";
    if (needs->identity && !chosen_bus->identity)
        return "logical addresses are not physical ones";
    if (needs->vanishing_memory && !chosen_bus->vanishing_memory)
        return "memory cannot be taken away from under a lock";
    if (needs->address_bits && !chosen_bus->address_bits)
        return "the address lines cannot be chosen";
    if (needs->beyond_4g && !chosen_bus->beyond_4g)
        return "there is no memory above 4 GiB";
    return NULL;
}

static void spec_print(const struct spec *spec, char *text, size_t size)
{
    int length = snprintf(text, size, "%s", chosen_bus->name);

    for (unsigned i = 0; i < spec->count; i++)
        length +=
            snprintf(text + length, size - (size_t)length, "%c%s", i ? ',' : ':', spec->keys[i]);
}

/* ---- Skips ---- */

static struct {
    const char *test, *reason;
} skips[256];
static unsigned skipped;

bool rig_skips_expected(void)
{
    unsigned known = 0, i, k;

    for (i = 0; i < skipped; i++)
        printf("skipped on %s: %s: %s\n", chosen_bus->name, skips[i].test, skips[i].reason);
    if (!chosen_bus->skips)
        return true;
    for (i = 0; i < skipped; i++) {
        for (k = 0; chosen_bus->skips[k]; k++)
            known += !strcmp(chosen_bus->skips[k], skips[i].test);
    }
    for (k = 0; chosen_bus->skips[k]; k++)
        ;
    return known == k && skipped == k;
}

/* ---- Checks ---- */

static struct rig *current;

enum { SPOKEN = 20 }; /* failures of one test that are printed */

/* Counts it; false: there have been enough, say no more. */
static bool failed(const char *file, int line)
{
    const char *name = strrchr(file, '/');

    if (__atomic_add_fetch(&current->failures, 1, __ATOMIC_RELAXED) > SPOKEN)
        return false;
    fprintf(stderr, "%s:%d: %s: ", name ? name + 1 : file, line, current->test);
    return true;
}

bool rig_check(bool ok, const char *what, const char *file, int line)
{
    if (!ok && failed(file, line))
        fprintf(stderr, "not true: %s\n", what);
    return ok;
}

bool rig_check_equal(uint64_t actual, uint64_t expected, const char *what, const char *file,
                     int line)
{
    if (actual != expected && failed(file, line))
        fprintf(stderr, "%s is %#llx (%llu), should be %#llx (%llu)\n", what,
                (unsigned long long)actual, (unsigned long long)actual,
                (unsigned long long)expected, (unsigned long long)expected);
    return actual == expected;
}

/* ---- Reports ---- */

struct rig_reports {
    pthread_mutex_t lock;
    unsigned count, expected;
    struct {
        char rule[24], text[VPORT_REPORT_TEXT];
    } kept[64];
};

static void report_sink(void *context, const struct vport_report *report)
{
    struct rig_reports *reports = context;

    pthread_mutex_lock(&reports->lock);
    if (reports->count < 64) {
        snprintf(reports->kept[reports->count].rule, sizeof(reports->kept[0].rule), "%s",
                 report->rule);
        snprintf(reports->kept[reports->count].text, sizeof(reports->kept[0].text), "%s",
                 report->text);
    }
    reports->count++;
    pthread_mutex_unlock(&reports->lock);
}

/* true if `rule` is one of `rules`, which a | separates. */
static bool names(const char *rules, const char *rule)
{
    size_t length = strlen(rule);

    for (const char *place = rules; place; place = strchr(place, '|')) {
        place += *place == '|';
        if (!strncmp(place, rule, length) && (place[length] == '|' || !place[length]))
            return true;
    }
    return false;
}

bool rig_check_reported(struct rig *rig, const char *rule, unsigned count, const char *file,
                        int line)
{
    struct rig_reports *reports = rig->reports;
    bool ok;

    pthread_mutex_lock(&reports->lock);
    ok = reports->count - reports->expected == count;
    for (unsigned i = reports->expected; i < reports->count && i < 64; i++)
        ok = ok && rule && names(rule, reports->kept[i].rule) && reports->kept[i].text[0];
    if (!ok && failed(file, line)) {
        fprintf(stderr, "%u reports of %s should have been made; these were:%s\n", count,
                rule ? rule : "any rule", reports->count == reports->expected ? " none" : "");
        for (unsigned i = reports->expected; i < reports->count && i < 64; i++)
            fprintf(stderr, "    %s: %s\n", reports->kept[i].rule, reports->kept[i].text);
    }
    reports->expected = reports->count;
    pthread_mutex_unlock(&reports->lock);
    return ok;
}

/* ---- Machines ---- */

static uint64_t seed_of(const char *test)
{
    uint64_t seed = chosen_seed;

    while (*test)
        seed = (seed ^ (uint8_t)*test++) * 0x100000001b3u;
    return seed;
}

static bool rig_open(struct rig *rig, const struct spec *spec)
{
    struct vport_device_plug plug;
    char text[512], error[VPORT_ERROR_TEXT] = "";
    struct vport_machine_config config = {
        .adapter = text, .seed = rig->seed, .report = report_sink, .report_context = rig->reports};

    spec_print(spec, text, sizeof(text));
    if (chosen_bus->plug) {
        if (!CHECK(rig_device_plug(&plug, rig->needs->address_bits)))
            return false;
        config.device = &plug;
    }
    if (!CHECK_EQUAL(vport_machine_create(&config, &rig->machine, error), VPORT_OK)) {
        fprintf(stderr, "    %s: %s\n", text, error);
        return false;
    }
    return true;
}

void rig_start(struct rig *rig)
{
    char error[VPORT_ERROR_TEXT] = "";

    driver_plan(&rig->hooks, chosen_bus->engine);
    if (CHECK_EQUAL(
            vport_machine_start(rig->machine, (vport_driver)(void (*)(void))driver_entry, error),
            VPORT_OK))
        rig->extension = vport_machine_extension(rig->machine);
    else
        fprintf(stderr, "    %s\n", error);
}

void rig_stop(struct rig *rig)
{
    vport_machine_stop(rig->machine);
    rig->extension = NULL;
}

struct call {
    struct rig *rig;
    void (*body)(struct rig *rig);
};

static void call_body(void *context)
{
    struct call *call = context;

    call->body(call->rig);
}

void rig_call(struct rig *rig, void (*body)(struct rig *rig))
{
    vport_machine_call(rig->machine, call_body, &(struct call){rig, body});
}

static void (*requested)(struct rig *rig);

static void request_body(void *context)
{
    requested(context);
}

uint32_t rig_request(struct rig *rig, void (*body)(struct rig *rig))
{
    requested = body;
    rig->hooks.request = request_body;
    return vport_machine_control(rig->machine, IOCTL_CONTRACT_RUN, NULL, 0, NULL, 0, NULL);
}

void rig_idle(struct rig *rig, uint64_t nanoseconds)
{
    vport_machine_run(rig->machine, nanoseconds);
}

static void rig_close(struct rig *rig)
{
    vport_machine_destroy(rig->machine);
    CHECK_NOTHING_REPORTED();
}

static void run(const char *test, const struct rig_needs *needs, void (*body)(struct rig *rig),
                bool started)
{
    struct rig_reports reports = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct rig rig = {.needs = needs, .test = test, .seed = seed_of(test), .reports = &reports};
    struct spec spec = {0};
    const char *missing = spec_make(needs, &spec);

    if (missing) {
        skips[skipped].test = test;
        skips[skipped++].reason = missing;
        skip();
    }
    current = &rig;
    rig.hooks.context = &rig;
    if (rig_open(&rig, &spec)) {
        if (started)
            rig_start(&rig);
        if (!started)
            body(&rig);
        else if (rig.extension)
            rig_call(&rig, body);
        rig_close(&rig);
    }
    if (rig.failures)
        fail_msg("%u checks failed (seed %llu)", rig.failures, (unsigned long long)chosen_seed);
}

void rig_run(const char *test, const struct rig_needs *needs, void (*body)(struct rig *rig))
{
    run(test, needs, body, true);
}

void rig_run_outside(const char *test, const struct rig_needs *needs, void (*body)(struct rig *rig))
{
    run(test, needs, body, false);
}

/* ---- The device, memory, time ---- */

bool rig_device_read(struct rig *rig, uint64_t address, uint32_t length, void *into)
{
    return driver_device_move(rig->extension, address, into, length, TRUE);
}

bool rig_device_write(struct rig *rig, uint64_t address, uint32_t length, const void *from)
{
    return driver_device_move(rig->extension, address, (void *)(uintptr_t)from, length, FALSE);
}

void rig_device_interrupt(struct rig *rig, uint32_t delay)
{
    driver_device_interrupt(rig->extension, delay);
}

bool rig_wait(struct rig *rig, const uint32_t *counter, uint32_t target)
{
    for (unsigned i = 0; i < 200000; i++) {
        if (__atomic_load_n(counter, __ATOMIC_ACQUIRE) >= target)
            return true;
        VideoPortStallExecution(10);
    }
    return false;
}

void *rig_memory(struct rig *rig, size_t length)
{
    void *memory = NULL;

    return CHECK_EQUAL(vport_machine_alloc(rig->machine, length, &memory), VPORT_OK) ? memory
                                                                                     : NULL;
}

void rig_memory_free(struct rig *rig, void *memory)
{
    CHECK_EQUAL(vport_machine_free(rig->machine, memory), VPORT_OK);
}

/* ---- Misuse ---- */

void rig_bad_pointers(void *near, struct rig_bad_pointer bad[RIG_BAD_POINTERS])
{
    static char data[4096] __attribute__((aligned(64)));
    static char *heap, *hole;

    if (!hole) {
        heap = calloc(1, 4096);
        hole = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(hole + 4096, (1 << 20) - 4096);
    }
    bad[0] = (struct rig_bad_pointer){"NULL", NULL};
    bad[1] = (struct rig_bad_pointer){"on the stack", __builtin_frame_address(0)};
    bad[2] = (struct rig_bad_pointer){"on the heap", heap + 64};
    bad[3] = (struct rig_bad_pointer){"in static data", data + 64};
    bad[4] = (struct rig_bad_pointer){"not mapped", hole + 8192};
    bad[5] = (struct rig_bad_pointer){"just before a hole", hole + 4096 - 16};
    bad[6] = (struct rig_bad_pointer){"in the first page", (void *)8};
    bad[7] = (struct rig_bad_pointer){"at the end of everything", (void *)~(uintptr_t)63};
    bad[8] = (struct rig_bad_pointer){"not canonical", (void *)(UINTPTR_MAX / 2 + 64)};
    bad[9] = (struct rig_bad_pointer){"a byte into the right thing",
                                      near ? (char *)near + 1 : (void *)1};
}
