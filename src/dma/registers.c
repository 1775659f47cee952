/* SPDX-License-Identifier: MIT */
/*
 * The bitmap of map registers: taking by compare-and-swap on one word at a time, giving back by one
 * atomic or.
 *
 * A run within one word is found by halving: x & x >> 1 marks where two free registers begin, and
 * so on. A run over several words is looked for only when no word has one, and claimed word by
 * word; a claim that somebody else spoilt is undone.
 */
#include "dma/registers.h"

#include <stdlib.h>

#include "base/arith.h"

enum { WORD = 64, ATTEMPTS = 8 };

/* `count` set bits from `first` on; first + count <= 64, count > 0. */
static inline uint64_t bits(unsigned first, unsigned count)
{
    return (UINT64_MAX >> (WORD - count)) << first;
}

enum vport_status vport_registers_init(struct vport_registers *registers, struct vport_frame base,
                                       uint32_t count)
{
    uint32_t words = (uint32_t)vport_align_up(count, WORD) / WORD;

    *registers = (struct vport_registers){.base = base, .count = count, .words = words};
    if (!count)
        return VPORT_OK;
    registers->word = aligned_alloc(VPORT_CACHE_LINE, words * sizeof(registers->word[0]));
    if (!registers->word)
        return VPORT_E_NO_MEMORY;
    for (uint32_t i = 0; i < words; i++) {
        uint64_t all = bits(0, (unsigned)vport_min_u64(count - i * WORD, WORD));

        atomic_init(&registers->word[i].free, all);
        atomic_init(&registers->word[i].peak, 0);
        atomic_init(&registers->word[i].counted, all);
    }
    return VPORT_OK;
}

void vport_registers_finish(struct vport_registers *registers)
{
    free(registers->word);
    *registers = (struct vport_registers){.count = 0};
}

static inline uint64_t word_free(const struct vport_registers *registers, uint32_t word)
{
    return atomic_load_explicit(&registers->word[word].free, memory_order_relaxed);
}

uint32_t vport_registers_free(struct vport_registers *registers)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < registers->words; i++)
        count += (uint32_t)__builtin_popcountll(word_free(registers, i));
    return count;
}

/* ---- The high-water mark ---- */

static void raise_mark(_Atomic uint32_t *mark, uint32_t value)
{
    uint32_t seen = atomic_load_explicit(mark, memory_order_relaxed);

    while (seen < value && !atomic_compare_exchange_weak_explicit(
                               mark, &seen, value, memory_order_relaxed, memory_order_relaxed))
        ;
}

/*
 * Counts all words only when one of those just touched is fuller than ever, so that threads that
 * work in words of their own do not look at each other's. And a word that looks as it did the last
 * time, as it does while operations come one by one, is not counted at all.
 */
static bool word_fuller(struct vport_registers *registers, uint32_t word)
{
    uint64_t bits_free = word_free(registers, word);
    vport_counter *counted = &registers->word[word].counted;
    uint32_t size, taken;

    if (atomic_load_explicit(counted, memory_order_relaxed) == bits_free)
        return false;
    atomic_store_explicit(counted, bits_free, memory_order_relaxed);
    size = (uint32_t)vport_min_u64(registers->count - word * WORD, WORD);
    taken = size - (uint32_t)__builtin_popcountll(bits_free);
    if (taken <= atomic_load_explicit(&registers->word[word].peak, memory_order_relaxed))
        return false;
    raise_mark(&registers->word[word].peak, taken);
    return true;
}

static void note_taken(struct vport_registers *registers, uint32_t first_word, uint32_t words)
{
    bool fuller = false;

    for (uint32_t i = 0; i < words; i++)
        fuller |= word_fuller(registers, (first_word + i) % registers->words);
    if (fuller)
        raise_mark(&registers->high_water, registers->count - vport_registers_free(registers));
}

/* ---- Runs ---- */

static inline bool claim(struct vport_registers *registers, uint32_t word, uint64_t mask)
{
    vport_counter *word_bits = &registers->word[word].free;
    uint64_t seen = atomic_load_explicit(word_bits, memory_order_relaxed);

    do {
        if ((seen & mask) != mask)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(word_bits, &seen, seen & ~mask,
                                                    memory_order_acquire, memory_order_relaxed));
    return true;
}

/* Where `count` <= 64 set bits in a row begin: the mask of all such places. */
static inline uint64_t run_starts(uint64_t word, unsigned count)
{
    unsigned have = 1;

    while (have < count) {
        unsigned step = (unsigned)vport_min_u64(have, count - have);

        word &= word >> step;
        have += step;
    }
    return word;
}

/* Takes a run within one word. Returns its first register, or -1. */
static int64_t take_in_word(struct vport_registers *registers, uint32_t word, unsigned count)
{
    for (;;) {
        uint64_t starts = run_starts(word_free(registers, word), count);
        unsigned first;

        if (!starts)
            return -1;
        first = (unsigned)__builtin_ctzll(starts);
        if (claim(registers, word, bits(first, count)))
            return (int64_t)word * WORD + first;
    }
}

/* Claims a run word by word. Returns how many of its registers it got before somebody else's. */
static uint32_t claim_run(struct vport_registers *registers, uint32_t first, uint32_t count)
{
    uint32_t done = 0;

    while (done < count) {
        uint32_t at = first + done;
        unsigned part = (unsigned)vport_min_u64(count - done, WORD - at % WORD);

        if (!claim(registers, at / WORD, bits(at % WORD, part)))
            break;
        done += part;
    }
    return done;
}

static void release_run(struct vport_registers *registers, uint32_t first, uint32_t count)
{
    for (uint32_t done = 0; done < count;) {
        uint32_t at = first + done;
        unsigned part = (unsigned)vport_min_u64(count - done, WORD - at % WORD);

        atomic_fetch_or_explicit(&registers->word[at / WORD].free, bits(at % WORD, part),
                                 memory_order_release);
        done += part;
    }
}

/* The first place where `count` registers in a row look free, over all words; -1: none. */
static int64_t find_run(const struct vport_registers *registers, uint32_t count)
{
    uint32_t first = 0, length = 0, at = 0;

    while (at < registers->count && length < count) {
        uint64_t word = word_free(registers, at / WORD) >> at % WORD;
        unsigned room = WORD - at % WORD;
        unsigned set = ~word ? (unsigned)__builtin_ctzll(~word) : WORD;

        set = set < room ? set : room;
        length += set;
        at += set;
        if (length >= count || set == room)
            continue;
        word >>= set;
        at += word ? (unsigned)__builtin_ctzll(word) : room - set;
        first = at;
        length = 0;
    }
    return length >= count ? (int64_t)first : -1;
}

static int64_t take_over_words(struct vport_registers *registers, uint32_t count)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int64_t first = find_run(registers, count);
        uint32_t got;

        if (first < 0)
            return -1;
        got = claim_run(registers, (uint32_t)first, count);
        if (got == count)
            return first;
        release_run(registers, (uint32_t)first, got);
    }
    return -1;
}

static int64_t take_run(struct vport_registers *registers, uint32_t count, uint32_t own)
{
    for (uint32_t i = 0; i < registers->words && count <= WORD; i++) {
        int64_t first = take_in_word(registers, (own + i) % registers->words, count);

        if (first >= 0)
            return first;
    }
    return registers->words > 1 ? take_over_words(registers, count) : -1;
}

/* ---- Any registers ---- */

/* The lowest `count` of the set bits. */
static uint64_t lowest(uint64_t word, uint32_t count)
{
    uint64_t rest = word;

    while (rest && count--)
        rest &= rest - 1;
    return word ^ rest;
}

static uint64_t take_any_in_word(struct vport_registers *registers, uint32_t word, uint32_t count)
{
    uint64_t seen = word_free(registers, word), mask;

    do {
        mask = lowest(seen, count);
        if (!mask)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&registers->word[word].free, &seen,
                                                    seen & ~mask, memory_order_acquire,
                                                    memory_order_relaxed));
    return mask;
}

static bool take_any(struct vport_registers *registers, uint32_t count, uint32_t own,
                     struct vport_frame *frames)
{
    uint32_t got = 0;

    for (uint32_t i = 0; i < registers->words && got < count; i++) {
        uint32_t word = (own + i) % registers->words;
        uint64_t mask = take_any_in_word(registers, word, count - got);

        for (; mask; mask &= mask - 1)
            frames[got++].number =
                registers->base.number + word * WORD + (unsigned)__builtin_ctzll(mask);
    }
    if (got == count)
        return true;
    while (got--)
        vport_registers_give(registers, frames[got], 1);
    return false;
}

/* ---- The door ---- */

/* What most operations need: one register, of the thread's own word. */
static inline bool take_one(struct vport_registers *registers, uint32_t word,
                            struct vport_frame *frame)
{
    vport_counter *word_bits = &registers->word[word].free;
    uint64_t seen = atomic_load_explicit(word_bits, memory_order_relaxed);

    do {
        if (!seen)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(word_bits, &seen, seen & (seen - 1),
                                                    memory_order_acquire, memory_order_relaxed));
    frame->number = registers->base.number + word * WORD + (unsigned)__builtin_ctzll(seen);
    note_taken(registers, word, 1);
    return true;
}

static __attribute__((noinline)) bool take_some(struct vport_registers *registers, uint32_t count,
                                                bool contiguous, uint32_t own,
                                                struct vport_frame *frames)
{
    int64_t first;

    if (count > registers->count)
        return false;
    first = take_run(registers, count, own);
    if (first < 0) {
        if (contiguous || !take_any(registers, count, own, frames))
            return false;
        note_taken(registers, 0, registers->words);
        return true;
    }
    for (uint32_t i = 0; i < count; i++)
        frames[i].number = registers->base.number + (uint32_t)first + i;
    note_taken(registers, (uint32_t)first / WORD,
               ((uint32_t)first % WORD + count + WORD - 1) / WORD);
    return true;
}

bool vport_registers_take(struct vport_registers *registers, uint32_t count, bool contiguous,
                          struct vport_frame *frames)
{
    uint32_t own = vport_thread_slot();

    if (own >= registers->words)
        own = registers->words ? own % registers->words : 0;
    if (count == 1 && registers->words && take_one(registers, own, frames))
        return true;
    return take_some(registers, count, contiguous, own, frames);
}

void vport_registers_give(struct vport_registers *registers, struct vport_frame first,
                          uint32_t count)
{
    uint32_t at = (uint32_t)(first.number - registers->base.number);

    if (count == 1)
        atomic_fetch_or_explicit(&registers->word[at / WORD].free, UINT64_C(1) << at % WORD,
                                 memory_order_release);
    else
        release_run(registers, at, count);
}
