/* SPDX-License-Identifier: MIT */
/* Map registers against a plain array that says which are free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dma/registers.h"
#include "random.h"

enum { MOST = 400, POOLS = 400, STEPS = 800, BASE = 777 };

static struct random source;
static struct vport_registers registers;
static bool taken[MOST];
static uint32_t size, taken_count, most_taken;

static bool model_has_run(uint32_t count)
{
    uint32_t run = 0;

    for (uint32_t i = 0; i < size; i++) {
        run = taken[i] ? 0 : run + 1;
        if (run == count)
            return true;
    }
    return false;
}

static void model_take(const struct vport_frame *frames, uint32_t count, bool contiguous)
{
    for (uint32_t i = 0; i < count; i++) {
        uintptr_t index = frames[i].number - BASE;

        assert_true(index < size);
        assert_false(taken[index]);
        taken[index] = true;
        if (contiguous)
            assert_int_equal(frames[i].number, frames[0].number + i);
    }
    taken_count += count;
    most_taken = taken_count > most_taken ? taken_count : most_taken;
}

static void try_to_take(void)
{
    struct vport_frame frames[MOST];
    uint32_t count =
        1 + (uint32_t)random_below(&source, random_chance(&source, 80) ? 1 + size / 8 : size + 3);
    bool contiguous = random_chance(&source, 50), has_run = model_has_run(count);

    if (vport_registers_take(&registers, count, contiguous, frames)) {
        model_take(frames, count, contiguous || has_run); /* a run is preferred if there is one */
        return;
    }
    if (contiguous)
        assert_false(has_run);
    else
        assert_true(size - taken_count < count);
}

/* A stretch of taken registers, wherever they came from. */
static void give_some(void)
{
    uint32_t first = (uint32_t)random_below(&source, size),
             most = 1 + (uint32_t)random_below(&source, size), count = 0;

    while (first < size && !taken[first])
        first++;
    while (first + count < size && taken[first + count] && count < most)
        taken[first + count++] = false;
    if (!count)
        return;
    vport_registers_give(&registers, (struct vport_frame){BASE + first}, count);
    taken_count -= count;
}

static void check(void)
{
    uint32_t mark = atomic_load(&registers.high_water);

    assert_int_equal(vport_registers_free(&registers), size - taken_count);
    assert_true(mark <= most_taken);
    if (size <= 64)
        assert_int_equal(mark, most_taken);
}

static void registers_do_what_the_array_says(void **state)
{
    for (int pool = 0; pool < POOLS; pool++) {
        size = 1 + (uint32_t)random_below(&source, random_chance(&source, 50) ? 64 : MOST);
        memset(taken, 0, sizeof(taken));
        taken_count = most_taken = 0;
        assert_int_equal(vport_registers_init(&registers, (struct vport_frame){BASE}, size),
                         VPORT_OK);
        for (int step = 0; step < STEPS; step++) {
            if (random_chance(&source, 55))
                try_to_take();
            else
                give_some();
            check();
        }
        vport_registers_finish(&registers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(registers_do_what_the_array_says)};

    source = random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
