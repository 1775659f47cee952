/* SPDX-License-Identifier: MIT */
/*
 * What the processor can do, and its floating-point state around a driver's use of it.
 *
 * Sources: wdm/nf-wdm-exisprocessorfeaturepresent, wdm/nf-wdm-kesavefloatingpointstate,
 * wdm/nf-wdm-kerestorefloatingpointstate.
 */
#include "nt/kernel.h"

#if defined(VPORT_X64) || defined(VPORT_X86)
#include <cpuid.h>

/* Bits of CPUID: leaf 1 and leaf 0x80000001. */
enum {
    CX8 = 1 << 8,
    TSC = 1 << 4,
    PAE = 1 << 6,
    MMX = 1 << 23,
    SSE = 1 << 25,
    SSE2 = 1 << 26,
    SSE3 = 1 << 0,
    CX16 = 1 << 13,
    NX = 1 << 20,
};

enum { LEAF_EDX, LEAF_ECX, EXTENDED_EDX };

static bool has(int where, unsigned bit)
{
    unsigned eax, ebx, ecx, edx;

    if (!__get_cpuid(where == EXTENDED_EDX ? 0x80000001 : 1, &eax, &ebx, &ecx, &edx))
        return false;
    return (where == LEAF_ECX ? ecx : edx) & bit;
}

/* Any IRQL. What a feature's number does not name is not there. */
BOOLEAN NTAPI ExIsProcessorFeaturePresent(ULONG ProcessorFeature)
{
    switch (ProcessorFeature) {
    case PF_COMPARE_EXCHANGE_DOUBLE:
        return has(LEAF_EDX, CX8);
    case PF_MMX_INSTRUCTIONS_AVAILABLE:
        return has(LEAF_EDX, MMX);
    case PF_XMMI_INSTRUCTIONS_AVAILABLE:
        return has(LEAF_EDX, SSE);
    case PF_3DNOW_INSTRUCTIONS_AVAILABLE:
        return has(EXTENDED_EDX, 1u << 31);
    case PF_RDTSC_INSTRUCTION_AVAILABLE:
        return has(LEAF_EDX, TSC);
    case PF_PAE_ENABLED:
        return has(LEAF_EDX, PAE);
    case PF_XMMI64_INSTRUCTIONS_AVAILABLE:
        return has(LEAF_EDX, SSE2);
    case PF_NX_ENABLED:
        return has(EXTENDED_EDX, NX);
    case PF_SSE3_INSTRUCTIONS_AVAILABLE:
        return has(LEAF_ECX, SSE3);
    case PF_COMPARE_EXCHANGE128:
        return has(LEAF_ECX, CX16);
    default:
        return FALSE;
    }
}

/* What of the state survives a function call by convention: the control words. */
struct controls {
    uint16_t x87;
    uint32_t mxcsr;
};

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

#define DEFAULT_CONTROLS ((struct controls){0x37f, 0x1f80})

#else

BOOLEAN NTAPI ExIsProcessorFeaturePresent(ULONG ProcessorFeature)
{
    return FALSE;
}

struct controls {
    uint16_t x87;
    uint32_t mxcsr;
};

static void read_controls(struct controls *controls)
{
    *controls = (struct controls){0, 0};
}

static void write_controls(const struct controls *controls)
{
}

#define DEFAULT_CONTROLS ((struct controls){0, 0})

#endif

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
    struct controls controls;

    vport_nt_irql_at_most("KeSaveFloatingPointState", DISPATCH_LEVEL, VPORT_SITE);
    memset(FloatSave, 0, sizeof(*FloatSave));
    read_controls(&controls);
    *keeper(FloatSave) = controls.x87 | controls.mxcsr << 16;
    write_controls(&DEFAULT_CONTROLS);
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
