/* SPDX-License-Identifier: MIT */
/*
 * Map and unmap on random platforms, adapters and buffers, several operations in the air at once:
 * every byte arrives where it belongs, every other byte stays, every list keeps to the device's
 * limits, and no page is lent twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"
#include "toy.h"

enum {
    MACHINES = 400,
    STEPS = 300,
    BUFFERS = 6,
    PAGES = 12,
    BOUNCE = 40,
    FRAMES = BOUNCE + BUFFERS * PAGES
};

/* A buffer, what it should hold, and the operation on it. */
struct buffer {
    struct vport_pages pages;
    struct vport_frame frames[PAGES];
    char expected[PAGES * 4096]; /* whole frames: what lies around the buffer is watched too */
    struct vport_dma_list *list;
    bool started, moved;
    uint32_t offset, length;
    bool to_device;
};

static struct random source;
static struct toy *toy;
static struct vport_dma_adapter *adapter;
static struct vport_dma_constraints limits;
static struct vport_reports *reports;
static struct buffer buffers[BUFFERS];
static unsigned ready_calls, started_operations;

/* ---- Making a machine ---- */

static struct vport_frame shuffled[FRAMES + BOUNCE];

/* Frames of both zones in random order, with some runs left whole. */
static void shuffle(void)
{
    size_t count = toy->frames;

    for (size_t i = 0; i < count; i++)
        shuffled[i] = toy_frame(toy, i);
    for (size_t i = 0; i < count; i++) {
        size_t other = random_below(&source, count);
        struct vport_frame kept = shuffled[i];

        if (random_chance(&source, 50))
            continue;
        shuffled[i] = shuffled[other];
        shuffled[other] = kept;
    }
}

static void fill_bytes(char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i += 8) {
        uint64_t value = random_next(&source);

        memcpy(bytes + i, &value, length - i < 8 ? length - i : 8);
    }
}

/* Frames that the adapter's bounce pages have not taken. */
static void make_buffers(void)
{
    size_t next = 0;

    shuffle();
    memset(buffers, 0, sizeof(buffers));
    for (size_t i = 0; i < BUFFERS; i++) {
        struct buffer *buffer = &buffers[i];
        size_t pages = 1 + random_below(&source, PAGES);
        uint32_t offset = random_chance(&source, 40) ? 0 : (uint32_t)random_below(&source, 4096);

        for (size_t page = 0; page < PAGES; page++) {
            while (toy->used[toy_index(toy, shuffled[next])])
                next++;
            buffer->frames[page] = shuffled[next++];
            fill_bytes(buffer->expected + page * 4096, 4096);
            memcpy(toy_bytes(toy, buffer->frames[page]), buffer->expected + page * 4096, 4096);
        }
        toy_pages(&buffer->pages, buffer->frames, offset,
                  1 + random_below(&source, pages * 4096 - offset));
    }
}

static void make_machine(void)
{
    struct toy_config config = {.low = BOUNCE + random_below(&source, FRAMES - BOUNCE),
                                .low_first = 0xff0 + random_below(&source, 16),
                                .incoherent = random_chance(&source, 30),
                                .iommu = random_chance(&source, 20),
                                .bounce_registers = 1 + (uint32_t)random_below(&source, BOUNCE / 2),
                                .direct_registers = 1 + (uint32_t)random_below(&source, 2 * PAGES)};

    config.high = FRAMES + BOUNCE - config.low;
    toy = toy_create(&config);
    toy->iommu_next = 0x1000 + random_below(&source, 64);
    toy->platform.outside = random_chance(&source, 20);
    if (toy->platform.outside)
        toy->platform.highest = 0xffffffff;
    reports = vport_reports_create(NULL, NULL);
    limits = (struct vport_dma_constraints){
        .reach = random_chance(&source, 50)   ? UINT64_MAX
                 : random_chance(&source, 50) ? 0xffffffff
                                              : 0xfffffff,
        .boundary = random_chance(&source, 30)   ? 0
                    : random_chance(&source, 50) ? 1ull << 32
                                                 : 8192ull << random_below(&source, 6),
        .registers = 1 + (uint32_t)random_below(&source, 2 * PAGES),
        .scatter_gather = random_chance(&source, 60)};
    adapter = toy_adapter(toy, &limits, reports);
    limits = *vport_dma_adapter_constraints(adapter);
    make_buffers();
    ready_calls = started_operations = 0;
}

/* ---- What must hold ---- */

static uint64_t device_page(uint64_t page)
{
    for (struct toy_mapping *mapping = toy->mappings; mapping; mapping = mapping->next)
        if (page - mapping->first < mapping->count)
            return mapping->frames[page - mapping->first].number;
    return page;
}

static bool own_frame(const struct buffer *buffer, uint64_t number)
{
    for (size_t i = 0; i < PAGES; i++)
        if (buffer->frames[i].number == number)
            return true;
    return false;
}

/* A page in the list is the buffer's own or a bounce page; and no other operation's list has it. */
static void check_page(const struct buffer *buffer, uint64_t page)
{
    uint64_t number = device_page(page);

    for (size_t i = 0; i < BUFFERS; i++) {
        const struct buffer *other = &buffers[i];

        if (other == buffer || !other->list)
            continue;
        assert_false(own_frame(other, number));
        for (uint32_t j = 0; j < other->list->count; j++) {
            const struct vport_dma_element *element = &other->list->elements[j];

            for (uint64_t at = element->address >> 12;
                 at <= (element->address + element->length - 1) >> 12; at++)
                assert_int_not_equal(device_page(at), number);
        }
    }
}

static void check_list(const struct buffer *buffer)
{
    const struct vport_dma_list *list = buffer->list;
    uint64_t bytes = 0;

    assert_true(list->count >= 1);
    assert_true(limits.scatter_gather || list->count == 1);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct vport_dma_element *element = &list->elements[i];
        uint64_t last = element->address + element->length - 1;

        assert_true(element->length > 0);
        assert_true(last <= limits.reach);
        if (limits.boundary)
            assert_int_equal(element->address / limits.boundary, last / limits.boundary);
        for (uint64_t page = element->address >> 12; page <= last >> 12; page++)
            check_page(buffer, page);
        bytes += element->length;
    }
    assert_int_equal(bytes, buffer->length);
    assert_int_equal(list->elements[0].address % 4096,
                     (buffer->pages.offset + buffer->offset) % 4096);
}

static void check_bytes(const struct buffer *buffer)
{
    for (size_t i = 0; i < PAGES; i++)
        assert_memory_equal(toy_bytes(toy, buffer->frames[i]), buffer->expected + i * 4096, 4096);
}

/* ---- What happens ---- */

static void VPORT_DRIVER_CALL ready(const uintptr_t *user, struct vport_dma_list *list)
{
    struct buffer *buffer = (struct buffer *)user[0];

    assert_null(buffer->list);
    buffer->list = list;
    ready_calls++;
    check_list(buffer);
}

static void start(struct buffer *buffer)
{
    struct vport_dma_request request = {
        .pages = &buffer->pages, .ready = ready, .user = {(uintptr_t)buffer}};
    uint64_t pages;
    enum vport_status status;

    buffer->offset = (uint32_t)random_below(&source, buffer->pages.length);
    buffer->length = 1 + (uint32_t)random_below(&source, buffer->pages.length - buffer->offset);
    buffer->to_device = random_chance(&source, 50);
    buffer->moved = false;
    request.offset = buffer->offset;
    request.length = buffer->length;
    request.to_device = buffer->to_device;
    pages = vport_pages_spanned(buffer->pages.offset + buffer->offset, buffer->length);
    toy_flush(toy, &buffer->pages);
    buffer->started = true; /* before the callback can look */
    status = vport_dma_map(adapter, &request);
    buffer->started = status == VPORT_OK;
    started_operations += status == VPORT_OK;
    assert_int_equal(status, pages > limits.registers ? VPORT_E_NO_REGISTERS : VPORT_OK);
}

/* The device moves all of it, or, from the device, only its first part. */
static void move(struct buffer *buffer)
{
    static char bytes[PAGES * 4096];
    char *expected = buffer->expected + buffer->pages.offset + buffer->offset;
    size_t done = 0,
           most = buffer->to_device ? buffer->length : 1 + random_below(&source, buffer->length);

    if (!buffer->to_device)
        fill_bytes(expected, most);
    for (uint32_t i = 0; i < buffer->list->count && done < most; i++) {
        const struct vport_dma_element *element = &buffer->list->elements[i];
        size_t length = element->length < most - done ? element->length : most - done;

        if (buffer->to_device)
            assert_true(toy_device_read(toy, element->address, bytes + done, length));
        else
            assert_true(toy_device_write(toy, element->address, expected + done, length));
        done += length;
    }
    if (buffer->to_device)
        assert_memory_equal(bytes, expected, most);
    buffer->moved = true;
}

static void end(struct buffer *buffer)
{
    struct vport_dma_list *list = buffer->list;

    buffer->list = NULL;
    buffer->started = false;
    assert_int_equal(vport_dma_unmap(adapter, list, buffer->to_device), VPORT_OK);
    if (!buffer->to_device || random_chance(&source, 10))
        check_bytes(buffer);
}

static void step(void)
{
    struct buffer *buffer = &buffers[random_below(&source, BUFFERS)];

    if (!buffer->started)
        start(buffer);
    else if (buffer->list && !buffer->moved)
        move(buffer);
    else if (buffer->list)
        end(buffer);
}

static bool anything_started(void)
{
    for (size_t i = 0; i < BUFFERS; i++)
        if (buffers[i].started)
            return true;
    return false;
}

static void finish_machine(void)
{
    struct vport_dma_statistics values;

    while (anything_started()) {
        struct buffer *buffer = &buffers[random_below(&source, BUFFERS)];

        if (buffer->started)
            step();
    }
    for (size_t i = 0; i < BUFFERS; i++) {
        check_bytes(&buffers[i]);
        assert_int_equal(vport_pages_users(&buffers[i].pages), 0);
    }
    vport_dma_adapter_statistics(adapter, &values);
    assert_int_equal(ready_calls, started_operations);
    assert_int_equal(values.operations[0] + values.operations[1], started_operations);
    assert_int_equal(values.outstanding + values.waiting, 0);
    assert_true(values.high_water <= limits.registers);
    assert_int_equal(vport_reports_count(reports, NULL), 0);
    assert_null(toy->mappings);
    vport_dma_adapter_destroy(adapter);
    assert_int_equal(toy->frames_in_use, 0);
    vport_reports_destroy(reports);
    toy_destroy(toy);
}

static void every_byte_arrives_and_no_other_moves(void **state)
{
    uint64_t all = 0;

    for (int machine = 0; machine < MACHINES; machine++) {
        make_machine();
        for (int i = 0; i < STEPS; i++)
            step();
        all += started_operations;
        finish_machine();
    }
    assert_true(all > MACHINES * STEPS / 10); /* it was not all refusals */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_byte_arrives_and_no_other_moves)};

    source = random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
