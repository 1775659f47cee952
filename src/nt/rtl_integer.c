/* SPDX-License-Identifier: MIT */
/*
 * 64-bit arithmetic as functions, from when compilers for i386 had none. Overflow wraps. Any IRQL.
 *
 * Sources: the RtlLargeInteger..., RtlExtended... and RtlEnlarged... pages of the Windows 2000 DDK
 * (ntddk/nf-ntddk-rtllargeintegerdivide, wdm/nf-wdm-rtlextendedlargeintegerdivide, ...).
 */
#include "nt/kernel.h"

static LARGE_INTEGER large(uint64_t value)
{
    return (LARGE_INTEGER){.QuadPart = (LONGLONG)value};
}

LARGE_INTEGER NTAPI RtlConvertLongToLargeInteger(LONG SignedInteger)
{
    return large((uint64_t)(int64_t)SignedInteger);
}

LARGE_INTEGER NTAPI RtlConvertUlongToLargeInteger(ULONG UnsignedInteger)
{
    return large(UnsignedInteger);
}

LARGE_INTEGER NTAPI RtlLargeIntegerAdd(LARGE_INTEGER Addend1, LARGE_INTEGER Addend2)
{
    return large((uint64_t)Addend1.QuadPart + (uint64_t)Addend2.QuadPart);
}

LARGE_INTEGER NTAPI RtlLargeIntegerSubtract(LARGE_INTEGER Minuend, LARGE_INTEGER Subtrahend)
{
    return large((uint64_t)Minuend.QuadPart - (uint64_t)Subtrahend.QuadPart);
}

LARGE_INTEGER NTAPI RtlLargeIntegerNegate(LARGE_INTEGER Subtrahend)
{
    return large(0 - (uint64_t)Subtrahend.QuadPart);
}

/* ---- Shifts: the count is taken modulo 64 ---- */

LARGE_INTEGER NTAPI RtlLargeIntegerShiftLeft(LARGE_INTEGER LargeInteger, CCHAR ShiftCount)
{
    return large((uint64_t)LargeInteger.QuadPart << (ShiftCount & 63));
}

LARGE_INTEGER NTAPI RtlLargeIntegerShiftRight(LARGE_INTEGER LargeInteger, CCHAR ShiftCount)
{
    return large((uint64_t)LargeInteger.QuadPart >> (ShiftCount & 63));
}

LARGE_INTEGER NTAPI RtlLargeIntegerArithmeticShift(LARGE_INTEGER LargeInteger, CCHAR ShiftCount)
{
    return large((uint64_t)(LargeInteger.QuadPart >> (ShiftCount & 63)));
}

/* ---- Products ---- */

LARGE_INTEGER NTAPI RtlEnlargedIntegerMultiply(LONG Multiplicand, LONG Multiplier)
{
    return large((uint64_t)((int64_t)Multiplicand * Multiplier));
}

LARGE_INTEGER NTAPI RtlEnlargedUnsignedMultiply(ULONG Multiplicand, ULONG Multiplier)
{
    return large((uint64_t)Multiplicand * Multiplier);
}

LARGE_INTEGER NTAPI RtlExtendedIntegerMultiply(LARGE_INTEGER Multiplicand, LONG Multiplier)
{
    return large((uint64_t)Multiplicand.QuadPart * (uint64_t)(int64_t)Multiplier);
}

/* ---- Quotients. Division by zero is a processor's exception, there as here ---- */

/* -2^63 / -1 wraps; the processor would trap. */
static int64_t quotient(int64_t dividend, int64_t divisor)
{
    return divisor == -1 ? (int64_t)(0 - (uint64_t)dividend) : dividend / divisor;
}

LARGE_INTEGER NTAPI RtlLargeIntegerDivide(LARGE_INTEGER Dividend, LARGE_INTEGER Divisor,
                                          PLARGE_INTEGER Remainder)
{
    int64_t result = quotient(Dividend.QuadPart, Divisor.QuadPart);

    if (Remainder)
        *Remainder =
            large((uint64_t)Dividend.QuadPart - (uint64_t)result * (uint64_t)Divisor.QuadPart);
    return large((uint64_t)result);
}

ULONG NTAPI RtlEnlargedUnsignedDivide(ULARGE_INTEGER Dividend, ULONG Divisor, PULONG Remainder)
{
    if (Remainder)
        *Remainder = (ULONG)(Dividend.QuadPart % Divisor);
    return (ULONG)(Dividend.QuadPart / Divisor);
}

LARGE_INTEGER NTAPI RtlExtendedLargeIntegerDivide(LARGE_INTEGER Dividend, ULONG Divisor,
                                                  PULONG Remainder)
{
    if (Remainder)
        *Remainder = (ULONG)((uint64_t)Dividend.QuadPart % Divisor);
    return large((uint64_t)Dividend.QuadPart / Divisor);
}

/* The high 64 bits of a product of 128. */
static uint64_t high_product(uint64_t a, uint64_t b)
{
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
    uint64_t other = a_low * b_high + (uint32_t)middle;

    return a_high * b_high + (middle >> 32) + (other >> 32);
}

LARGE_INTEGER NTAPI RtlExtendedMagicDivide(LARGE_INTEGER Dividend, LARGE_INTEGER MagicDivisor,
                                           CCHAR ShiftCount)
{
    bool negative = Dividend.QuadPart < 0;
    uint64_t size = negative ? 0 - (uint64_t)Dividend.QuadPart : (uint64_t)Dividend.QuadPart;
    uint64_t result = high_product(size, (uint64_t)MagicDivisor.QuadPart) >> (ShiftCount & 63);

    return large(negative ? 0 - result : result);
}
