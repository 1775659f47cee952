/* SPDX-License-Identifier: MIT */
/* Shared by the two halves of the PE parser: little-endian loads from any alignment, and how a
 * failure is worded. */
#ifndef VPORT_LDR_PE_PRIVATE_H
#define VPORT_LDR_PE_PRIVATE_H

#include <stdint.h>

#include <videoport/status.h>

static inline uint16_t vport_pe_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t vport_pe_u32(const uint8_t *p)
{
    return (uint32_t)vport_pe_u16(p) | (uint32_t)vport_pe_u16(p + 2) << 16;
}

static inline uint64_t vport_pe_u64(const uint8_t *p)
{
    return (uint64_t)vport_pe_u32(p) | (uint64_t)vport_pe_u32(p + 4) << 32;
}

/* Writes the sentence (if `error` is not NULL) and returns `status`. */
enum vport_status vport_pe_fail(char *error, enum vport_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
