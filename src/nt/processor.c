/* SPDX-License-Identifier: MIT */
/*
 * What the processor can do, and its floating-point state around a driver's use of it.
 *
 * Sources: wdm/nf-wdm-exisprocessorfeaturepresent, wdm/nf-wdm-kesavefloatingpointstate,
 * wdm/nf-wdm-kerestorefloatingpointstate.
 */
#include "nt/kernel.h"

/* What of the floating-point state a call keeps by convention: the control words. */
struct controls {
    uint16_t x87;
    uint32_t mxcsr;
};

#if defined(VPORT_X64) || defined(VPORT_X86)
#include <cpuid.h>

/* Where CPUID says it. */
static const struct feature {
    ULONG number; /* PF_XXX */
    unsigned leaf;
    bool ecx; /* else edx */
    unsigned bit;
} features[] = {
    {PF_COMPARE_EXCHANGE_DOUBLE, 1, false, 8},
    {PF_MMX_INSTRUCTIONS_AVAILABLE, 1, false, 23},
    {PF_XMMI_INSTRUCTIONS_AVAILABLE, 1, false, 25},
    {PF_3DNOW_INSTRUCTIONS_AVAILABLE, 0x80000001, false, 31},
    {PF_RDTSC_INSTRUCTION_AVAILABLE, 1, false, 4},
    {PF_PAE_ENABLED, 1, false, 6},
    {PF_XMMI64_INSTRUCTIONS_AVAILABLE, 1, false, 26},
    {PF_NX_ENABLED, 0x80000001, false, 20},
    {PF_SSE3_INSTRUCTIONS_AVAILABLE, 1, true, 0},
    {PF_COMPARE_EXCHANGE128, 1, true, 13},
};

static bool has(const struct feature *feature)
{
    unsigned eax, ebx, ecx, edx;

    if (!__get_cpuid(feature->leaf, &eax, &ebx, &ecx, &edx))
        return false;
    return (feature->ecx ? ecx : edx) >> feature->bit & 1;
}

static bool is_present(ULONG number)
{
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(features); i++)
        if (features[i].number == number)
            return has(&features[i]);
    return false;
}

static void read_controls(struct controls *controls)
{
    __asm__ volatile("fnstcw %0" : "=m"(controls->x87));
    __asm__ volatile("stmxcsr %0" : "=m"(controls->mxcsr));
}

/* Empties the x87 registers too, which MMX without an emms leaves full. */
static void write_controls(const struct controls *controls)
{
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(controls->x87));
    __asm__ volatile("ldmxcsr %0" : : "m"(controls->mxcsr));
}

#else

static bool is_present(ULONG number)
{
    return false;
}

static void read_controls(struct controls *controls)
{
    *controls = (struct controls){0, 0};
}

static void write_controls(const struct controls *controls)
{
}

#endif

/* Any IRQL. A number that is not in the table names nothing that this processor has. */
BOOLEAN NTAPI ExIsProcessorFeaturePresent(ULONG ProcessorFeature)
{
    return is_present(ProcessorFeature);
}

/* The driver's structure has one word on x86-64, more on i386. */
static ULONG *keeper(PKFLOATING_SAVE save)
{
#ifdef VPORT_X86
    return &save->ControlWord;
#else
    return &save->Dummy;
#endif
}

/*
 * IRQL <= DISPATCH_LEVEL. The driver's thread is this one, whose other registers its own calls
 * keep; saved are the control words (both have 16 bits in use), and the driver begins with the
 * usual ones.
 */
NTSTATUS NTAPI KeSaveFloatingPointState(PKFLOATING_SAVE FloatSave)
{
    const struct controls usual = {0x37f, 0x1f80};
    struct controls controls;

    vport_nt_irql_at_most("KeSaveFloatingPointState", DISPATCH_LEVEL, VPORT_SITE);
    memset(FloatSave, 0, sizeof(*FloatSave));
    read_controls(&controls);
    *keeper(FloatSave) = controls.x87 | controls.mxcsr << 16;
    write_controls(&usual);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI KeRestoreFloatingPointState(PKFLOATING_SAVE FloatSave)
{
    ULONG kept = *keeper(FloatSave);
    struct controls controls = {(uint16_t)kept, kept >> 16};

    vport_nt_irql_at_most("KeRestoreFloatingPointState", DISPATCH_LEVEL, VPORT_SITE);
    write_controls(&controls);
    return STATUS_SUCCESS;
}
