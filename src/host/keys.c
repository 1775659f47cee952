/* SPDX-License-Identifier: MIT */
/* key=value,...: the parser. See keys.h. Must not know any adapter. */
#include "host/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/arith.h"

enum { KEYS_WORD = 64 }; /* longest key or value that can be right, and its NUL */

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit number_units[] = {{"", 1}, {NULL, 0}};
static const struct unit size_units[] = {
    {"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
static const struct unit time_units[] = {{"ns", 1},         {"us", 1000}, {"ms", 1000000},
                                         {"s", 1000000000}, {"", 1},      {NULL, 0}};

static const struct unit *units_of(enum vport_key_kind kind)
{
    return kind == VPORT_KEY_SIZE ? size_units : kind == VPORT_KEY_TIME ? time_units : number_units;
}

/* Edit distance, for "did you mean"; words of at most KEYS_WORD - 1 characters. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[KEYS_WORD];
    size_t length = strlen(b);

    for (size_t j = 0; j <= length; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; a[i - 1]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= length; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            unsigned shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < shift ? change : shift;
        }
    }
    return row[length];
}

/* Appends to a NUL-terminated text of VPORT_ERROR_TEXT bytes, cutting what does not fit. */
static void append(char *error, const char *prefix, const char *word)
{
    size_t used = strlen(error);

    snprintf(error + used, VPORT_ERROR_TEXT - used, "%s%s", prefix, word);
}

static enum vport_status unknown_key(const struct vport_adapter_key *keys, const char *name,
                                     char *error)
{
    const struct vport_adapter_key *nearest = NULL;
    unsigned least = 3; /* farther than two typing mistakes is no suggestion */

    for (const struct vport_adapter_key *key = keys; key->name; key++) {
        unsigned far = distance(name, key->name);
        if (far < least) {
            least = far;
            nearest = key;
        }
    }
    snprintf(error, VPORT_ERROR_TEXT, "there is no key '%s'; ", name);
    if (nearest) {
        append(error, "did you mean '", nearest->name);
        append(error, "'? ", "");
    }
    for (const struct vport_adapter_key *key = keys; key->name; key++)
        append(error, key == keys ? "the keys are " : ", ", key->name);
    return VPORT_E_INVALID;
}

static enum vport_status bad_value(const struct vport_adapter_key *key, const char *value,
                                   const char *why, char *error)
{
    snprintf(error, VPORT_ERROR_TEXT, "%s=%s: %s; it takes %s (default %s)", key->name, value, why,
             key->values, key->standard);
    return VPORT_E_INVALID;
}

/* `words` is "a|b|c". */
static bool choice_value(const char *words, const char *text, uint64_t *value)
{
    size_t length = strlen(text);

    for (*value = 0; *words; ++*value) {
        size_t word = strcspn(words, "|");
        if (word == length && memcmp(words, text, word) == 0)
            return true;
        words += word + (words[word] == '|');
    }
    return false;
}

/* Digits and a unit. Too large a number reads as UINT64_MAX, which no range allows. */
static bool scaled_value(const struct unit *units, const char *text, uint64_t *value)
{
    size_t digits = strspn(text, "0123456789");
    bool fits = true;

    *value = 0;
    for (size_t i = 0; i < digits; i++)
        fits = fits && vport_mul_u64(*value, 10, value) &&
               vport_add_u64(*value, (uint64_t)(text[i] - '0'), value);
    while (units->name && strcmp(units->name, text + digits) != 0)
        units++;
    if (digits == 0 || !units->name)
        return false;
    if (!fits || !vport_mul_u64(*value, units->factor, value))
        *value = UINT64_MAX;
    return true;
}

static enum vport_status value_parse(const struct vport_adapter_key *key,
                                     const struct vport_key_rule *rule, const char *text,
                                     uint64_t *value, char *error)
{
    if (rule->kind == VPORT_KEY_CHOICE)
        return choice_value(key->values, text, value)
                   ? VPORT_OK
                   : bad_value(key, text, "not one of its values", error);
    if (rule->zero && strcmp(text, rule->zero) == 0) {
        *value = 0;
        return VPORT_OK;
    }
    if (!scaled_value(units_of(rule->kind), text, value))
        return bad_value(key, text, "not a number it understands", error);
    if (*value < rule->least)
        return bad_value(key, text, "too small", error);
    if (*value > rule->most)
        return bad_value(key, text, "too large", error);
    if (rule->power_of_two && (*value & (*value - 1)) != 0)
        return bad_value(key, text, "not a power of two", error);
    return VPORT_OK;
}

/* Reads one "key=value"; `given` has a bit for every key already seen. */
static enum vport_status pair_parse(char *pair, const struct vport_adapter_key *keys,
                                    const struct vport_key_rule *rules, uint64_t *values,
                                    uint64_t *given, char *error)
{
    char *value = strchr(pair, '=');
    size_t i = 0;

    if (value)
        *value++ = '\0';
    while (keys[i].name && strcmp(keys[i].name, pair) != 0)
        i++;
    if (!keys[i].name)
        return unknown_key(keys, pair, error);
    if (!value) {
        snprintf(error, VPORT_ERROR_TEXT, "'%s' needs a value: %s=%s", pair, pair, keys[i].values);
        return VPORT_E_INVALID;
    }
    if (*given & (uint64_t)1 << i) {
        snprintf(error, VPORT_ERROR_TEXT, "'%s' is given twice", pair);
        return VPORT_E_INVALID;
    }
    *given |= (uint64_t)1 << i;
    return value_parse(&keys[i], &rules[i], value, &values[i], error);
}

/* "edu,..." for "device=edu,...". */
static bool bare_parse(const char *word, const struct vport_adapter_key *keys,
                       const struct vport_key_rule *rules, uint64_t *values, uint64_t *given)
{
    uint64_t value;

    if (*given || !rules[0].bare || !choice_value(keys[0].values, word, &value))
        return false;
    values[0] = value;
    *given = 1;
    return true;
}

enum vport_status vport_keys_parse(const char *text, const struct vport_adapter_key *keys,
                                   const struct vport_key_rule *rules, uint64_t *values,
                                   uint64_t *given, char *error)
{
    enum vport_status status = VPORT_OK;
    char pair[KEYS_WORD];

    *given = 0;
    for (size_t i = 0; keys[i].name && status == VPORT_OK; i++)
        status = value_parse(&keys[i], &rules[i], keys[i].standard, &values[i], error);
    while (status == VPORT_OK && text && *text) {
        size_t length = strcspn(text, ",");
        if (length >= KEYS_WORD) {
            snprintf(error, VPORT_ERROR_TEXT, "'%.40s...' is too long to be key=value", text);
            return VPORT_E_INVALID;
        }
        memcpy(pair, text, length);
        pair[length] = '\0';
        text += length + (text[length] == ',');
        if (!bare_parse(pair, keys, rules, values, given))
            status = pair_parse(pair, keys, rules, values, given, error);
    }
    return status;
}
