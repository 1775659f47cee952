/* SPDX-License-Identifier: MIT */
/* Loads DPDK's environment abstraction layer, once a process and for good, and times its
 * translation of addresses. */
#include "dpdk.h"

#include <dlfcn.h>
#include <libgen.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "librte_eal.so.23"
#define PACKAGE "librte-eal23"

enum { PAGE = VPORT_BENCH_PAGE, IOVA_VA = 2 };

/* The few functions of it that are needed, as its public headers have them. */
struct dpdk {
    int (*init)(int argc, char **argv);
    int (*iova_mode)(void);
    const char *(*runtime_dir)(void);
    uint64_t (*translate)(const void *address);
};

/* ---- Loading ---------------------------------------------------------------------------- */

static bool find(struct dpdk *dpdk, char *why)
{
    void *library = dlopen(LIBRARY, RTLD_NOW);
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"rte_eal_init", &dpdk->init},
                   {"rte_eal_iova_mode", &dpdk->iova_mode},
                   {"rte_eal_get_runtime_dir", &dpdk->runtime_dir},
                   {"rte_mem_virt2iova", &dpdk->translate}};

    for (size_t i = 0; library && i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *symbol = dlsym(library, symbols[i].name);

        if (!symbol)
            break;
        memcpy(symbols[i].to, &symbol, sizeof(symbol));
    }
    if (dpdk->translate)
        return true;
    snprintf(why, VPORT_ERROR_TEXT, "%s", dlerror());
    return false;
}

/* It makes a directory for other processes of its own, of which there are none. */
static void tidy(const struct dpdk *dpdk)
{
    char path[512];

    if (snprintf(path, sizeof(path), "%s", dpdk->runtime_dir()) >= (int)sizeof(path))
        return;
    rmdir(path);
    rmdir(dirname(path));
}

/* Without huge pages, devices, files, and a word. It would keep this thread on one processor. */
static bool start(struct dpdk *dpdk, char *why)
{
    char processor[16];
    char *words[] = {"videoport-bench",
                     "--file-prefix=videoport-bench",
                     "--no-huge",
                     "--no-shconf",
                     "--no-pci",
                     "--no-telemetry",
                     "--iova-mode=va",
                     "--log-level=1",
                     "-m",
                     "16",
                     "-l",
                     processor,
                     NULL};
    cpu_set_t allowed;
    bool started;

    snprintf(processor, sizeof(processor), "%d", sched_getcpu());
    pthread_getaffinity_np(pthread_self(), sizeof(allowed), &allowed);
    started = dpdk->init(sizeof(words) / sizeof(words[0]) - 1, words) >= 0;
    pthread_setaffinity_np(pthread_self(), sizeof(allowed), &allowed);
    tidy(dpdk);
    if (started && dpdk->iova_mode() == IOVA_VA)
        return true;
    snprintf(why, VPORT_ERROR_TEXT, "rte_eal_init failed");
    return false;
}

/* NULL: `why` says what is wrong. */
static const struct dpdk *load(char *why)
{
    static struct dpdk dpdk;
    static char error[VPORT_ERROR_TEXT];
    static bool tried, usable;

    if (!tried)
        usable = find(&dpdk, error) && start(&dpdk, error);
    tried = true;
    memcpy(why, error, sizeof(error));
    return usable ? &dpdk : NULL;
}

/* ---- Cases ------------------------------------------------------------------------------ */

struct walk {
    const struct dpdk *dpdk;
    char *memory;
    uint64_t length, span, next;
    uint64_t *addresses; /* of one window's pages */
};

static void run_walk(void *context, uint64_t repetitions)
{
    struct walk *walk = context;

    for (uint64_t i = 0; i < repetitions; i++) {
        for (uint64_t page = 0; page < walk->length / PAGE; page++)
            walk->addresses[page] = walk->dpdk->translate(walk->memory + walk->next + page * PAGE);
        walk->next += walk->length;
        if (walk->next >= walk->span)
            walk->next = 0;
    }
}

static bool check_walk(void *context)
{
    struct walk *walk = context;
    uint64_t first = (uintptr_t)walk->memory + walk->next;

    run_walk(walk, 1);
    for (uint64_t page = 0; page < walk->length / PAGE; page++)
        if (walk->addresses[page] != first + page * PAGE)
            return false;
    return true;
}

static void add_walk(struct vport_bench_suite *suite, const struct dpdk *dpdk,
                     const struct vport_bench_dpdk_cases *cases, uint64_t length)
{
    struct walk *walk = vport_bench_take(suite, sizeof(*walk));
    struct vport_bench_case which = {.unit = "page",
                                     .units = (double)(length / PAGE),
                                     .x = (double)(length / PAGE),
                                     .series = "DPDK, translation alone",
                                     .run = run_walk,
                                     .check = check_walk,
                                     .context = walk};

    if (!walk)
        return;
    *walk =
        (struct walk){.dpdk = dpdk, .memory = cases->memory, .length = length, .span = cases->span};
    walk->addresses = vport_bench_take_memory(suite, length / PAGE * sizeof(uint64_t));
    snprintf(which.reference, sizeof(which.reference), "%s%s", cases->name(length), cases->beside);
    vport_bench_add(suite, &which, "%s, DPDK virt2iova", cases->name(length));
}

void vport_bench_add_dpdk(struct vport_bench_suite *suite,
                          const struct vport_bench_dpdk_cases *cases)
{
    char why[VPORT_ERROR_TEXT];
    const struct dpdk *dpdk = suite->failed ? NULL : load(why);

    if (suite->failed)
        return;
    if (!dpdk)
        vport_bench_missing(suite, "DPDK's address translation", PACKAGE, why);
    for (unsigned i = 0; dpdk && i < cases->count; i++)
        add_walk(suite, dpdk, cases, cases->lengths[i]);
}
