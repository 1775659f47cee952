/* SPDX-License-Identifier: MIT */
/* Base64: see base64.h. */
#include "bus/qemu/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(uint32_t group, char *text)
{
    text[0] = digits[group >> 18];
    text[1] = digits[group >> 12 & 63];
    text[2] = digits[group >> 6 & 63];
    text[3] = digits[group & 63];
}

void vport_base64_encode(const void *data, size_t length, char *text)
{
    const uint8_t *byte = data;

    for (; length >= 3; length -= 3, byte += 3, text += 4)
        encode_group((uint32_t)byte[0] << 16 | (uint32_t)byte[1] << 8 | byte[2], text);
    if (length > 0) {
        encode_group((uint32_t)byte[0] << 16 | (length == 2 ? (uint32_t)byte[1] << 8 : 0), text);
        memset(text + 1 + length, '=', 3 - length);
    }
}

/* 0..63, or -1. */
static int digit_value(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

/* Four digits to 24 bits, or -1. */
static int32_t decode_group(const char *text)
{
    int32_t group = 0;

    for (int i = 0; i < 4; i++) {
        int value = digit_value(text[i]);

        if (value < 0)
            return -1;
        group = group << 6 | value;
    }
    return group;
}

bool vport_base64_decode(const char *text, size_t text_length, void *data, size_t length)
{
    uint8_t *byte = data;
    char last[4];
    int32_t group;

    if (text_length != vport_base64_length(length))
        return false;
    for (; length >= 3; length -= 3, byte += 3, text += 4) {
        group = decode_group(text);
        if (group < 0)
            return false;
        byte[0] = (uint8_t)(group >> 16);
        byte[1] = (uint8_t)(group >> 8);
        byte[2] = (uint8_t)group;
    }
    if (length == 0)
        return true;
    memcpy(last, text, 4);
    if (last[3] != '=' || (length == 1 && last[2] != '='))
        return false;
    memset(last + 1 + length, 'A', 3 - length);
    group = decode_group(last);
    if (group < 0 || (group & (length == 2 ? 0xff : 0xffff)) != 0)
        return false;
    byte[0] = (uint8_t)(group >> 16);
    if (length == 2)
        byte[1] = (uint8_t)(group >> 8);
    return true;
}
