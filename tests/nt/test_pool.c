/* SPDX-License-Identifier: MIT */
/* Pool and lookaside lists: what they give, and each way to misuse them. */
#include "fixture.h"

#define TAG  0x74736554u /* "Test" */
#define TAG2 0x32736554u /* "Tes2" */

static void test_pool_is_aligned_and_filled(void **state)
{
    static const SIZE_T sizes[] = {1, 15, 16, 100, 4095, 4096, 5000, 70000};
    unsigned char *block;

    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(sizes); i++) {
        block = ExAllocatePoolWithTag(NonPagedPool, sizes[i], TAG);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % (sizes[i] >= PAGE_SIZE ? PAGE_SIZE : 16), 0);
        for (SIZE_T j = 0; j < sizes[i]; j++)
            assert_int_equal(block[j], 0xCD);
        memset(block, 0, sizes[i]);
        ExFreePoolWithTag(block, TAG);
    }
    block = ExAllocatePoolWithTag(NonPagedPoolCacheAligned, 20, TAG);
    assert_int_equal((uintptr_t)block % SYSTEM_CACHE_ALIGNMENT_SIZE, 0);
    ExFreePool(block);
}

/* Where each block comes to lie is malloc's business: many of them, and of many sizes. */
static void test_small_blocks_cross_no_page(void **state)
{
    unsigned char *blocks[400];

    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(blocks); i++) {
        SIZE_T size = 1 + i * 997 % (PAGE_SIZE - 1);

        blocks[i] = ExAllocatePoolWithTag(NonPagedPool, size, TAG);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] / PAGE_SIZE,
                         ((uintptr_t)blocks[i] + size - 1) / PAGE_SIZE);
    }
    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(blocks); i++)
        ExFreePoolWithTag(blocks[i], TAG);
}

static void test_quotas_are_not_kept(void **state)
{
    PVOID block = ExAllocatePoolWithQuotaTag(PagedPool, 100, TAG);
    PVOID other = ExAllocatePoolWithQuotaTag(
        (POOL_TYPE)(NonPagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE), 100, TAG);
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    assert_non_null(block);
    assert_non_null(other);
    ExFreePoolWithTag(other, TAG); /* nonpaged: the flag is not part of the type */
    expect_reports(NULL, 0);
    assert_null(ExAllocatePoolWithQuotaTag(NonPagedPool, (SIZE_T)-1, TAG));
    KeLowerIrql(irql);
    ExFreePoolWithTag(block, TAG);
}

static void test_more_than_there_is_gives_null(void **state)
{
    assert_null(ExAllocatePoolWithTag(NonPagedPool, (SIZE_T)-1, TAG));
    assert_null(ExAllocatePoolWithTag(PagedPool, (SIZE_T)-1 / 2, TAG));
}

static void test_nothing_asked_for_is_reported(void **state)
{
    PVOID block = ExAllocatePool(PagedPool, 0);

    assert_non_null(block);
    expect_reports("POOL", 1);
    ExFreePool(block);
}

static void test_writing_beyond_the_end_is_reported(void **state)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 20, TAG);

    block[20] = 1;
    ExFreePoolWithTag(block, TAG);
    assert_non_null(strstr(report_text(0), "beyond its end"));
    assert_non_null(strstr(report_text(0), "'Test'"));
    expect_reports("POOL", 1);
}

static void test_writing_before_the_start_is_reported(void **state)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 20, TAG);

    block[-1] = 1;
    ExFreePoolWithTag(block, TAG);
    assert_non_null(strstr(report_text(0), "before its start, not its end"));
    expect_reports("POOL", 1);
}

static void test_freeing_twice_is_reported(void **state)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 20, TAG);

    ExFreePoolWithTag(block, TAG);
    ExFreePoolWithTag(block, TAG);
    assert_non_null(strstr(report_text(0), "freed before"));
    expect_reports("POOL", 1);
}

static void test_freeing_what_is_no_block_is_reported(void **state)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 20, TAG);
    int here;

    ExFreePool(block + 4);
    ExFreePool(&here);
    ExFreePool(NULL);
    ExFreePool((PVOID)(uintptr_t)0x12345);
    assert_non_null(strstr(report_text(0), "never was one"));
    expect_reports("POOL", 4);
    ExFreePool(block);
}

static void test_a_wrong_tag_is_reported_and_the_block_freed(void **state)
{
    char *block = ExAllocatePoolWithTag(NonPagedPool, 20, TAG);

    ExFreePoolWithTag(block, TAG2);
    assert_non_null(strstr(report_text(0), "'Test'"));
    assert_non_null(strstr(report_text(0), "'Tes2'"));
    expect_reports("POOL", 1);
}

static void test_paged_pool_at_dispatch_is_reported(void **state)
{
    PVOID paged = ExAllocatePoolWithTag(PagedPool, 20, TAG);
    KIRQL old = KeRaiseIrqlToDpcLevel();
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, 20, TAG);

    ExFreePoolWithTag(block, TAG);
    expect_reports(NULL, 0);
    block = ExAllocatePoolWithTag(PagedPool, 20, TAG);
    expect_reports("IRQL", 1);
    ExFreePoolWithTag(paged, TAG);
    expect_reports("IRQL", 1);
    KeLowerIrql(old);
    ExFreePoolWithTag(block, TAG);
}

static void test_pool_above_dispatch_is_reported(void **state)
{
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, 20, TAG);
    PVOID other;
    KIRQL old;

    KeRaiseIrql(DISPATCH_LEVEL + 1, &old);
    other = ExAllocatePoolWithTag(NonPagedPool, 20, TAG);
    ExFreePoolWithTag(block, TAG);
    expect_reports("IRQL", 2);
    KeLowerIrql(old);
    ExFreePoolWithTag(block, TAG); /* it was not freed then */
    ExFreePoolWithTag(other, TAG);
}

static void test_leaks_are_reported_by_tag(void **state)
{
    ExAllocatePoolWithTag(NonPagedPool, 20, TAG);
    ExAllocatePoolWithTag(NonPagedPool, 30, TAG);
    ExAllocatePoolWithTag(PagedPool, 7, TAG2);
    end_kernel();
    assert_true(strstr(report_text(0), "2 pool block(s) with the tag 'Test', 50 bytes") ||
                strstr(report_text(1), "2 pool block(s) with the tag 'Test', 50 bytes"));
    expect_reports("LEAK", 2);
}

/* A model of 200 live blocks, taken and given in a seeded order, against the kernel's table. */
static void test_many_blocks_of_all_sizes(void **state)
{
    const char *given = getenv("VPORT_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 1;
    struct {
        unsigned char *data;
        SIZE_T size;
    } blocks[200] = {{0}};

    print_message("VPORT_SEED=%llu\n", (unsigned long long)seed);
    srandom((unsigned)seed);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned n = (unsigned)random() % 200;
        POOL_TYPE type;
        SIZE_T rest;

        if (blocks[n].data) {
            SIZE_T inside = (SIZE_T)random() % blocks[n].size;

            if (i % 64 == 0) {
                assert_true(vport_nt_pool_find(test.nt, blocks[n].data + inside, &type, &rest));
                assert_int_equal(rest, blocks[n].size - inside);
                assert_int_equal(type, n % 2);
            }
            assert_int_equal(blocks[n].data[inside], n);
            ExFreePool(blocks[n].data);
            blocks[n].data = NULL;
        } else {
            blocks[n].size = (SIZE_T)random() % 3000 + 1;
            blocks[n].data =
                ExAllocatePoolWithTag(n % 2 ? PagedPool : NonPagedPool, blocks[n].size, TAG);
            memset(blocks[n].data, (int)n, blocks[n].size);
        }
    }
    for (unsigned n = 0; n < 200; n++)
        if (blocks[n].data)
            ExFreePool(blocks[n].data);
}

/* ---- Lookaside lists ---- */

static NPAGED_LOOKASIDE_LIST list;

static void test_lookaside_entries_come_and_go(void **state)
{
    PVOID entries[100];

    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 40, TAG, 0);
    assert_int_equal(list.L.Size, 40);
    assert_int_equal(list.L.Tag, TAG);
    for (unsigned i = 0; i < 100; i++) {
        entries[i] = ExAllocateFromNPagedLookasideList(&list);
        assert_non_null(entries[i]);
        assert_int_equal((uintptr_t)entries[i] % 16, 0);
        memset(entries[i], (int)i, 40);
    }
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(*(unsigned char *)entries[i], i);
        ExFreeToNPagedLookasideList(&list, entries[i]);
    }
    assert_ptr_equal(ExAllocateFromNPagedLookasideList(&list), entries[99]); /* the warmest */
    ExFreeToNPagedLookasideList(&list, entries[99]);
    ExDeleteNPagedLookasideList(&list);
}

static unsigned allocated, freed;

static PVOID NTAPI own_allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    allocated++;
    return ExAllocatePoolWithTag(type, bytes, tag);
}

static VOID NTAPI own_free(PVOID entry)
{
    freed++;
    ExFreePool(entry);
}

static void test_a_lookaside_list_with_routines_of_its_own(void **state)
{
    PVOID entry;

    ExInitializeNPagedLookasideList(&list, own_allocate, own_free, 0, 40, TAG, 0);
    entry = ExAllocateFromNPagedLookasideList(&list);
    assert_int_equal(allocated, 1);
    ExFreeToNPagedLookasideList(&list, entry);
    assert_int_equal(freed, 1);
    ExDeleteNPagedLookasideList(&list);
}

static void test_large_lookaside_entries(void **state)
{
    PVOID entry;

    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 100000, TAG, 0);
    entry = ExAllocateFromNPagedLookasideList(&list);
    memset(entry, 1, 100000);
    ExFreeToNPagedLookasideList(&list, entry);
    ExDeleteNPagedLookasideList(&list);
}

static void test_lookaside_misuse_is_reported(void **state)
{
    PVOID entry;
    int here;

    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 40, TAG, 0);
    entry = ExAllocateFromNPagedLookasideList(&list);
    ExFreeToNPagedLookasideList(&list, &here);
    ExFreeToNPagedLookasideList(&list, entry);
    ExFreeToNPagedLookasideList(&list, entry);
    expect_reports("LOOKASIDE", 2);
    entry = ExAllocateFromNPagedLookasideList(&list);
    ExDeleteNPagedLookasideList(&list);
    expect_reports("LEAK", 1);
    assert_null(ExAllocateFromNPagedLookasideList(&list));
    ExFreeToNPagedLookasideList(&list, entry);
    ExDeleteNPagedLookasideList(&list);
    expect_reports("LOOKASIDE", 3);
}

static void test_a_lookaside_list_never_deleted_is_reported(void **state)
{
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 40, TAG, 0);
    end_kernel();
    expect_reports("LEAK", 1);
}

static void test_paged_lookaside_lists(void **state)
{
    PAGED_LOOKASIDE_LIST paged;

    ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 40, TAG, 0);
    assert_int_equal(paged.L.Type, PagedPool);
    assert_non_null(paged.L.Allocate);
    ExDeletePagedLookasideList(&paged);
    ExDeletePagedLookasideList(&paged);
    expect_reports("LOOKASIDE", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_pool_is_aligned_and_filled),
        nt_test(test_small_blocks_cross_no_page),
        nt_test(test_quotas_are_not_kept),
        nt_test(test_more_than_there_is_gives_null),
        nt_test(test_nothing_asked_for_is_reported),
        nt_test(test_writing_beyond_the_end_is_reported),
        nt_test(test_writing_before_the_start_is_reported),
        nt_test(test_freeing_twice_is_reported),
        nt_test(test_freeing_what_is_no_block_is_reported),
        nt_test(test_a_wrong_tag_is_reported_and_the_block_freed),
        nt_test(test_paged_pool_at_dispatch_is_reported),
        nt_test(test_pool_above_dispatch_is_reported),
        nt_test(test_leaks_are_reported_by_tag),
        nt_test(test_many_blocks_of_all_sizes),
        nt_test(test_lookaside_entries_come_and_go),
        nt_test(test_a_lookaside_list_with_routines_of_its_own),
        nt_test(test_large_lookaside_entries),
        nt_test(test_lookaside_misuse_is_reported),
        nt_test(test_a_lookaside_list_never_deleted_is_reported),
        nt_test(test_paged_lookaside_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
