/* SPDX-License-Identifier: MIT */
/* qtest's lines: see qtest_line.h. */
#include "bus/qemu/qtest_line.h"

#include <string.h>

/* If `word` comes first, followed by a blank or the end, skips both. */
static bool skip_word(const char **text, size_t *length, const char *word)
{
    size_t word_length = strlen(word);
    size_t skipped = word_length;

    if (*length < word_length || memcmp(*text, word, word_length) != 0)
        return false;
    if (*length > word_length) {
        if ((*text)[word_length] != ' ')
            return false;
        skipped++;
    }
    *text += skipped;
    *length -= skipped;
    return true;
}

static bool parse_decimal(const char *text, size_t length, uint32_t *value)
{
    uint32_t number = 0;

    if (length == 0 || length > 6)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = 10 * number + (uint32_t)(text[i] - '0');
    }
    *value = number;
    return true;
}

static bool parse_irq(const char *text, size_t length, struct vport_qtest_line *line)
{
    if (skip_word(&text, &length, "raise"))
        line->level = true;
    else if (!skip_word(&text, &length, "lower"))
        return false;
    return parse_decimal(text, length, &line->irq);
}

struct vport_qtest_line vport_qtest_parse_line(const char *text, size_t length)
{
    struct vport_qtest_line line = {.kind = VPORT_QTEST_UNKNOWN, .value = text};

    if (length > 0 && text[length - 1] == '\r')
        length--;
    line.value_length = length;
    if (skip_word(&text, &length, "OK")) {
        line = (struct vport_qtest_line){
            .kind = VPORT_QTEST_OK, .value = text, .value_length = length};
    } else if (skip_word(&text, &length, "FAIL") || skip_word(&text, &length, "ERR")) {
        line.kind = VPORT_QTEST_FAIL;
    } else if (skip_word(&text, &length, "IRQ") && parse_irq(text, length, &line)) {
        line.kind = VPORT_QTEST_IRQ;
    }
    return line;
}

static int hexadecimal_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool vport_qtest_parse_number(const char *text, size_t length, uint64_t *value)
{
    uint64_t number = 0;

    if (length < 3 || length > 18 || text[0] != '0' || text[1] != 'x')
        return false;
    for (size_t i = 2; i < length; i++) {
        int digit = hexadecimal_value(text[i]);

        if (digit < 0)
            return false;
        number = number << 4 | (uint64_t)digit;
    }
    *value = number;
    return true;
}
