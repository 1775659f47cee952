/* SPDX-License-Identifier: MIT */
/*
 * The steady state of map and unmap takes no memory, no lock and makes no system call. The linker
 * sends every way there through this file (see meson.build), which counts.
 */
#include "dma_test.h"

#include <pthread.h>
#include <sys/mman.h>

enum { WARM_UP = 200, ROUNDS = 10000, PAGES = 16 };

static unsigned calls;

#define COUNTED(type, name, parameters, ...)                                                       \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        calls++;                                                                                   \
        return __real_##name(__VA_ARGS__);                                                         \
    }

COUNTED(void *, malloc, (size_t size), size)
COUNTED(void *, calloc, (size_t count, size_t size), count, size)
COUNTED(void *, realloc, (void *old, size_t size), old, size)
COUNTED(void *, aligned_alloc, (size_t alignment, size_t size), alignment, size)
COUNTED(void, free, (void *memory), memory)
COUNTED(void *, mmap, (void *at, size_t size, int protection, int flags, int file, off_t offset),
        at, size, protection, flags, file, offset)
COUNTED(int, munmap, (void *at, size_t size), at, size)
COUNTED(int, mprotect, (void *at, size_t size, int protection), at, size, protection)
COUNTED(int, madvise, (void *at, size_t size, int advice), at, size, advice)
COUNTED(int, pthread_mutex_lock, (pthread_mutex_t * mutex), mutex)

static struct toy *toy;
static struct vport_dma_adapter *adapter;
static struct vport_frame frames[PAGES];
static struct vport_pages pages;

static void make(uint64_t reach, bool scatter_gather)
{
    struct toy_config config = {.low = 100, .high = 100};
    struct vport_dma_constraints constraints = limits(reach, scatter_gather, PAGES);

    toy = toy_create(&config);
    adapter = toy_adapter(toy, &constraints, NULL);
    for (size_t i = 0; i < PAGES; i++)
        frames[i] = toy_frame(toy, i % 3 ? 50 + i : 199 - i);
    toy_pages(&pages, frames, 0, PAGES * 4096);
}

static int tear_down(void **state)
{
    vport_dma_adapter_destroy(adapter);
    toy_destroy(toy);
    return 0;
}

static void transfers(unsigned rounds, uint32_t length)
{
    struct op ops[8];

    for (unsigned round = 0; round < rounds; round++) {
        unsigned depth = length > 4096 ? 1 : 1 + round % 8;

        for (unsigned i = 0; i < depth; i++)
            if (begin(adapter, &ops[i], &pages, 0, length, i % 2) != VPORT_OK || ops[i].calls != 1)
                abort();
        for (unsigned i = 0; i < depth; i++)
            if (vport_dma_unmap(adapter, ops[i].list, i % 2) != VPORT_OK)
                abort();
    }
}

static void none_after_warming_up(uint32_t length)
{
    transfers(WARM_UP, length);
    calls = 0;
    transfers(ROUNDS, length);
    assert_int_equal(calls, 0);
}

static void the_counter_counts(void **state)
{
    calls = 0;
    make(UINT64_MAX, true);
    assert_true(calls > 5);
}

static void one_page_direct(void **state)
{
    make(UINT64_MAX, true);
    none_after_warming_up(4096);
}

static void sixteen_pages_direct(void **state)
{
    make(UINT64_MAX, true);
    none_after_warming_up(PAGES * 4096);
}

static void one_page_bounced(void **state)
{
    make(0xffffffff, true);
    none_after_warming_up(4096);
    assert_true(statistics(adapter).bounced_bytes[0] > 0);
}

static void sixteen_pages_bounced_into_one_element(void **state)
{
    make(0xffffffff, false);
    none_after_warming_up(PAGES * 4096);
    assert_true(statistics(adapter).bounced_bytes[0] + statistics(adapter).bounced_bytes[1] > 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_counter_counts),
        TEST(one_page_direct),
        TEST(sixteen_pages_direct),
        TEST(one_page_bounced),
        TEST(sixteen_pages_bounced_into_one_element),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
