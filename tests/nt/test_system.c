/* SPDX-License-Identifier: MIT */
/* What older drivers ask of the system: 64-bit arithmetic, numbers and lists under a lock, what the
 * processor can do, memory by odd names. */
#include "fixture.h"

#define LARGE(value) ((LARGE_INTEGER){.QuadPart = (value)})

/* ---- 64-bit arithmetic ---- */

static void test_sums_and_shifts(void **state)
{
    assert_true(RtlConvertLongToLargeInteger(-5).QuadPart == -5);
    assert_true(RtlConvertUlongToLargeInteger(0xFFFFFFFB).QuadPart == 0xFFFFFFFB);
    assert_true(RtlLargeIntegerAdd(LARGE(MAXLONGLONG), LARGE(1)).QuadPart == INT64_MIN);
    assert_true(RtlLargeIntegerSubtract(LARGE(INT64_MIN), LARGE(1)).QuadPart == MAXLONGLONG);
    assert_true(RtlLargeIntegerNegate(LARGE(-7)).QuadPart == 7);
    assert_true(RtlLargeIntegerNegate(LARGE(INT64_MIN)).QuadPart == INT64_MIN);
    assert_true(RtlLargeIntegerShiftLeft(LARGE(3), 62).QuadPart == (LONGLONG)(3ull << 62));
    assert_true(RtlLargeIntegerShiftRight(LARGE(-1), 60).QuadPart == 15);
    assert_true(RtlLargeIntegerArithmeticShift(LARGE(-16), 2).QuadPart == -4);
    assert_true(RtlLargeIntegerArithmeticShift(LARGE(-16), 64).QuadPart == -16); /* modulo 64 */
}

static void test_products(void **state)
{
    assert_true(RtlEnlargedIntegerMultiply(-0x40000000, 4).QuadPart == -0x100000000);
    assert_true(RtlEnlargedUnsignedMultiply(0xFFFFFFFF, 0xFFFFFFFF).QuadPart ==
                (LONGLONG)0xFFFFFFFE00000001);
    assert_true(RtlExtendedIntegerMultiply(LARGE(-5000000000), 3).QuadPart == -15000000000);
}

static void test_quotients(void **state)
{
    LARGE_INTEGER rest = LARGE(0);
    ULONG small_rest = 0;

    assert_true(RtlLargeIntegerDivide(LARGE(-15000000001), LARGE(5000000000), &rest).QuadPart ==
                -3);
    assert_true(rest.QuadPart == -1);
    assert_true(RtlLargeIntegerDivide(LARGE(7), LARGE(2), NULL).QuadPart == 3);
    assert_true(RtlLargeIntegerDivide(LARGE(INT64_MIN), LARGE(-1), &rest).QuadPart == INT64_MIN);
    assert_true(rest.QuadPart == 0);
    assert_int_equal(
        RtlEnlargedUnsignedDivide((ULARGE_INTEGER){.QuadPart = 10000000001}, 5, &small_rest),
        2000000000);
    assert_int_equal(small_rest, 1);
    assert_int_equal(RtlEnlargedUnsignedDivide((ULARGE_INTEGER){.QuadPart = 9}, 2, NULL), 4);
    assert_true(
        RtlExtendedLargeIntegerDivide(LARGE(100000000000007), 10000000, &small_rest).QuadPart ==
        10000000);
    assert_int_equal(small_rest, 7);
    assert_true(RtlExtendedLargeIntegerDivide(LARGE(8), 3, NULL).QuadPart == 2);
}

/* By 10000, as drivers turn 100 ns into milliseconds: the constants of the DDK's example. */
static void test_division_by_a_constant(void **state)
{
    const LARGE_INTEGER magic = LARGE((LONGLONG)0xD1B71758E219652C);
    const LONGLONG values[] = {0, 9999, 10000, 10001, 123456789012345, MAXLONGLONG, -10000, -9999};

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(values); i++)
        assert_true(RtlExtendedMagicDivide(LARGE(values[i]), magic, 13).QuadPart ==
                    values[i] / 10000);
}

/* ---- Under a lock ---- */

static void test_numbers_under_a_spin_lock(void **state)
{
    LARGE_INTEGER large = LARGE(0xFFFFFFFF);
    ULONG number = 0xFFFFFFFF;
    KSPIN_LOCK lock;

    KeInitializeSpinLock(&lock);
    assert_int_equal(ExInterlockedAddUlong(&number, 2, &lock), 0xFFFFFFFF);
    assert_int_equal(ExfInterlockedAddUlong(&number, 5, &lock), 1);
    assert_int_equal(number, 6);
    assert_true(ExInterlockedAddLargeInteger(&large, LARGE(1), &lock).QuadPart == 0xFFFFFFFF);
    assert_true(large.QuadPart == 0x100000000);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(test.cpu.spin_locks, 0);
}

static void test_lists_by_their_i386_names(void **state)
{
    LIST_ENTRY list, first, second;
    KSPIN_LOCK lock;

    InitializeListHead(&list);
    KeInitializeSpinLock(&lock);
    assert_null(ExfInterlockedRemoveHeadList(&list, &lock));
    assert_null(ExfInterlockedInsertTailList(&list, &second, &lock));
    assert_ptr_equal(ExfInterlockedInsertHeadList(&list, &first, &lock), &second);
    assert_ptr_equal(ExfInterlockedRemoveHeadList(&list, &lock), &first);
    assert_ptr_equal(ExfInterlockedInsertTailList(&list, &first, &lock), &second);
    assert_ptr_equal(list.Blink, &first);
}

/* ---- The processor ---- */

static void test_features_of_the_processor(void **state)
{
#if defined(VPORT_X64)
    const ULONG always[] = {PF_COMPARE_EXCHANGE_DOUBLE,
                            PF_MMX_INSTRUCTIONS_AVAILABLE,
                            PF_XMMI_INSTRUCTIONS_AVAILABLE,
                            PF_RDTSC_INSTRUCTION_AVAILABLE,
                            PF_PAE_ENABLED,
                            PF_XMMI64_INSTRUCTIONS_AVAILABLE};

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(always); i++)
        assert_int_equal(ExIsProcessorFeaturePresent(always[i]), TRUE);
    assert_int_equal(ExIsProcessorFeaturePresent(PF_SSE3_INSTRUCTIONS_AVAILABLE),
                     __builtin_cpu_supports("sse3") != 0);
#endif
    assert_int_equal(ExIsProcessorFeaturePresent(PF_FLOATING_POINT_PRECISION_ERRATA), FALSE);
    assert_int_equal(ExIsProcessorFeaturePresent(PF_FLOATING_POINT_EMULATED), FALSE);
    assert_int_equal(ExIsProcessorFeaturePresent(12345), FALSE);
}

#if defined(VPORT_X64)
static ULONG mxcsr(void)
{
    ULONG value;

    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static USHORT x87_control(void)
{
    USHORT value;

    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}
#endif

static void test_floating_point_around_a_driver(void **state)
{
#if defined(VPORT_X64)
    ULONG before = mxcsr(), other = before | 0x6000;
    USHORT x87 = x87_control(), tags[14];
    KFLOATING_SAVE save;

    __asm__ volatile("ldmxcsr %0" : : "m"(other)); /* rounds toward zero, for whatever reason */
    assert_int_equal(KeSaveFloatingPointState(&save), STATUS_SUCCESS);
    assert_int_equal(mxcsr(), 0x1F80);                 /* the driver finds what is usual */
    __asm__ volatile("fldpi\n\tfldpi" : : : "memory"); /* as MMX without an emms leaves it */
    assert_int_equal(KeRestoreFloatingPointState(&save), STATUS_SUCCESS);
    assert_int_equal(mxcsr(), other);
    assert_int_equal(x87_control(), x87);
    __asm__ volatile("fnstenv %0\n\tfldenv %0" : "+m"(tags));
    assert_int_equal(tags[4], 0xFFFF); /* all registers empty */
    __asm__ volatile("ldmxcsr %0" : : "m"(before));
#endif
    (void)KfRaiseIrql(HIGH_LEVEL);
    KeSaveFloatingPointState(&(KFLOATING_SAVE){0});
    KfLowerIrql(PASSIVE_LEVEL);
    expect_reports("IRQL", 1);
}

/* ---- Memory ---- */

static void test_noncached_memory_is_whole_pages(void **state)
{
    char *memory = MmAllocateNonCachedMemory(5000);

    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % PAGE_SIZE, 0);
    memset(memory, 0x5A, 8192);
    MmFreeNonCachedMemory(memory, 5000);
    expect_reports(NULL, 0);
    memory = MmAllocateNonCachedMemory(4096);
    MmFreeNonCachedMemory(memory, 8192); /* freed all the same */
    expect_reports("MEMORY", 1);
    MmFreeNonCachedMemory(memory, 4096);
    expect_reports("POOL", 1);
    assert_null(MmAllocateNonCachedMemory(0));
    assert_null(MmAllocateNonCachedMemory((SIZE_T)-1));
}

static uint64_t twelve_pages(void *context)
{
    return 12 * 4096;
}

static void test_physical_memory_is_one_range(void **state)
{
    const struct vport_nt_memory_ops ops = {.memory_size = twelve_pages};
    PPHYSICAL_MEMORY_RANGE ranges = MmGetPhysicalMemoryRanges();

    assert_non_null(ranges);
    assert_true(ranges[0].NumberOfBytes.QuadPart == 0); /* nobody knows: just the end */
    ExFreePool(ranges);
    vport_nt_set_memory_ops(test.nt, &ops, NULL);
    ranges = MmGetPhysicalMemoryRanges();
    assert_true(ranges[0].BaseAddress.QuadPart == 0);
    assert_true(ranges[0].NumberOfBytes.QuadPart == 12 * 4096);
    assert_true(ranges[1].NumberOfBytes.QuadPart == 0);
    ExFreePool(ranges);
    assert_false(MmIsThisAnNtAsSystem());
}

static void test_sections_are_always_in_memory(void **state)
{
    PVOID handle = MmLockPagableDataSection((PVOID)(uintptr_t)test_products);
    KIRQL irql;

    assert_non_null(handle);
    MmLockPagableSectionByHandle(handle);
    MmUnlockPagableImageSection(handle);
    MmUnlockPagableImageSection(handle);
    expect_reports(NULL, 0);
    irql = KeRaiseIrqlToDpcLevel();
    MmLockPagableSectionByHandle(handle);
    MmUnlockPagableImageSection(handle);
    KeLowerIrql(irql);
    expect_reports("IRQL", 2);
}

static void test_wdm_of_windows_xp(void **state)
{
    assert_true(IoIsWdmVersionAvailable(1, 0));
    assert_true(IoIsWdmVersionAvailable(1, 0x20));
    assert_false(IoIsWdmVersionAvailable(1, 0x30)); /* Windows Server 2003 */
    assert_false(IoIsWdmVersionAvailable(6, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_sums_and_shifts),
        nt_test(test_products),
        nt_test(test_quotients),
        nt_test(test_division_by_a_constant),
        nt_test(test_numbers_under_a_spin_lock),
        nt_test(test_lists_by_their_i386_names),
        nt_test(test_features_of_the_processor),
        nt_test(test_floating_point_around_a_driver),
        nt_test(test_noncached_memory_is_whole_pages),
        nt_test(test_physical_memory_is_one_range),
        nt_test(test_sections_are_always_in_memory),
        nt_test(test_wdm_of_windows_xp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
