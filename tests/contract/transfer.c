/* SPDX-License-Identifier: MIT */
/* Buffers, adapters and transfers for the tests' driver code. Knows the video port's interface and
 * the rig, no bus. */
#include <stdlib.h>
#include <string.h>

#include <ntddk.h>
#include "transfer.h"

/* ---- Buffers ---- */

uint8_t pattern(size_t index, unsigned salt)
{
    /* No period that is a multiple of a page, so that a page in another's place shows. */
    return (uint8_t)(index * 7 + index / 251 * 13 + index / PAGE * 29 + salt * 101 + 1);
}

void pattern_fill(void *memory, size_t length, unsigned salt)
{
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)memory)[i] = pattern(i, salt);
}

bool pattern_holds(const void *memory, size_t first, size_t length, unsigned salt)
{
    for (size_t i = 0; i < length; i++) {
        if (((const uint8_t *)memory)[i] != pattern(first + i, salt))
            return false;
    }
    return true;
}

ULONG pages_of(ULONG page_offset, ULONG length)
{
    return (page_offset % PAGE + length + PAGE - 1) / PAGE;
}

bool buffer_make(struct rig *rig, struct buffer *buffer, ULONG page_offset, ULONG length)
{
    size_t pages = 2 + pages_of(page_offset, length);

    *buffer = (struct buffer){.length = length, .memory = rig_memory(rig, pages * PAGE)};
    if (!buffer->memory)
        return false;
    buffer->bytes = buffer->memory + PAGE + page_offset % PAGE;
    memset(buffer->memory, 0xa5, pages * PAGE);
    pattern_fill(buffer->bytes, length, 0);
    return true;
}

bool buffer_lock(struct rig *rig, struct buffer *buffer, VP_LOCK_OPERATION operation)
{
    buffer->mdl = VideoPortLockBuffer(rig->extension, buffer->bytes, buffer->length, operation);
    return CHECK(buffer->mdl != NULL);
}

bool buffer_make_locked(struct rig *rig, struct buffer *buffer, ULONG page_offset, ULONG length)
{
    return buffer_make(rig, buffer, page_offset, length) &&
           buffer_lock(rig, buffer, VpModifyAccess);
}

void buffer_unlock(struct rig *rig, struct buffer *buffer)
{
    VideoPortUnlockBuffer(rig->extension, buffer->mdl);
    buffer->mdl = NULL;
}

void buffer_drop(struct rig *rig, struct buffer *buffer)
{
    if (buffer->mdl)
        buffer_unlock(rig, buffer);
    rig_memory_free(rig, buffer->memory);
    buffer->memory = NULL;
}

bool buffer_guards_hold(const struct buffer *buffer)
{
    for (unsigned i = 1; i <= GUARD; i++) {
        if (buffer->bytes[-(ptrdiff_t)i] != 0xa5 || buffer->bytes[buffer->length + i - 1] != 0xa5)
            return false;
    }
    return true;
}

uint64_t buffer_physical(const struct buffer *buffer, ULONG index)
{
    ULONG place = MmGetMdlByteOffset((PMDL)buffer->mdl) + index;

    return (uint64_t)MmGetMdlPfnArray((PMDL)buffer->mdl)[place / PAGE] * PAGE + place % PAGE;
}

unsigned buffer_out_of_reach(const struct buffer *buffer, unsigned bits)
{
    unsigned count = 0;

    for (ULONG i = 0; i < pages_of(MmGetMdlByteOffset((PMDL)buffer->mdl), buffer->length); i++)
        count += (uint64_t)MmGetMdlPfnArray((PMDL)buffer->mdl)[i] * PAGE > REACH(bits);
    return count;
}

/* ---- Adapters ---- */

VP_DEVICE_DESCRIPTION adapter_description(enum adapter_kind kind, ULONG maximum_length)
{
    return (VP_DEVICE_DESCRIPTION){
        .ScatterGather = kind == SG64 || kind == SG32,
        .Dma32BitAddresses = kind == SG32 || kind == FLAT32,
        .Dma64BitAddresses = kind == SG64 || kind == FLAT64,
        .MaximumLength = maximum_length,
    };
}

unsigned adapter_bits(enum adapter_kind kind)
{
    return kind == SG64 || kind == FLAT64 ? 64 : kind == FLAT24 ? 24 : 32;
}

PVP_DMA_ADAPTER adapter_get(struct rig *rig, enum adapter_kind kind, ULONG maximum_length)
{
    VP_DEVICE_DESCRIPTION description = adapter_description(kind, maximum_length);
    PVP_DMA_ADAPTER adapter = VideoPortGetDmaAdapter(rig->extension, &description);

    CHECK(adapter != NULL);
    return adapter;
}

void adapter_put(struct rig *rig, PVP_DMA_ADAPTER adapter)
{
    VideoPortPutDmaAdapter(rig->extension, adapter);
}

/* ---- Transfers ---- */

static uint32_t turns;

static VOID NTAPI execute(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                          PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    struct transfer *transfer = Context;

    transfer->seen.irql = VideoPortGetCurrentIrql();
    transfer->seen.extension = HwDeviceExtension;
    transfer->seen.adapter = VpDmaAdapter;
    transfer->seen.list = SGList;
    transfer->seen.length = transfer->granted;
    transfer->seen.returned = __atomic_load_n(&transfer->returned, __ATOMIC_ACQUIRE);
    transfer->seen.turn = __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
    transfer->seen.count = SGList->NumberOfElements;
    for (ULONG i = 0; i < SGList->NumberOfElements && i < SEEN_ELEMENTS; i++)
        transfer->seen.elements[i] = SGList->Elements[i];
    if (transfer->hook) {
        __atomic_add_fetch(&transfer->calls, 1, __ATOMIC_RELEASE);
        transfer->hook(transfer->rig, transfer);
        __atomic_add_fetch(&transfer->ended, 1, __ATOMIC_RELEASE);
    } else {
        __atomic_add_fetch(&transfer->calls, 1, __ATOMIC_RELEASE);
    }
}

struct transfer transfer_of(PVP_DMA_ADAPTER adapter, const struct buffer *buffer, ULONG offset,
                            ULONG length, BOOLEAN to_device)
{
    return (struct transfer){.adapter = adapter,
                             .mdl = buffer->mdl,
                             .offset = offset,
                             .length = length,
                             .to_device = to_device};
}

VP_STATUS transfer_start(struct rig *rig, struct transfer *transfer)
{
    VP_STATUS status;

    transfer->rig = rig;
    transfer->granted = transfer->length;
    transfer->returned = false;
    transfer->calls = transfer->ended = 0;
    status = VideoPortStartDma(rig->extension, transfer->adapter, transfer->mdl, transfer->offset,
                               &transfer->granted, execute, transfer, transfer->to_device);
    transfer->status = status;
    __atomic_store_n(&transfer->returned, true, __ATOMIC_RELEASE);
    return status;
}

bool transfer_begin(struct rig *rig, struct transfer *transfer)
{
    return CHECK_EQUAL(transfer_start(rig, transfer), NO_ERROR) &&
           CHECK(rig_wait(rig, transfer->hook ? &transfer->ended : &transfer->calls, 1));
}

void transfer_complete(struct rig *rig, struct transfer *transfer)
{
    CHECK_EQUAL(VideoPortCompleteDma(rig->extension, transfer->adapter, transfer->seen.list,
                                     transfer->to_device),
                NO_ERROR);
}

bool transfer_refused(struct rig *rig, struct transfer *transfer, const char *rule)
{
    bool ok = CHECK_EQUAL(transfer_start(rig, transfer), ERROR_INVALID_PARAMETER);

    ok = CHECK_EQUAL(transfer->granted, 0) && ok;
    ok = CHECK_EQUAL(transfer->calls, 0) && ok;
    return CHECK_REPORTED(rule) && ok;
}

bool transfer_list_holds(const struct transfer *transfer, unsigned bits)
{
    uint64_t sum = 0;
    bool ok = CHECK(transfer->seen.count >= 1) && CHECK(transfer->seen.count <= SEEN_ELEMENTS);

    for (ULONG i = 0; ok && i < transfer->seen.count; i++) {
        uint64_t first = (uint64_t)transfer->seen.elements[i].Address.QuadPart;
        uint64_t length = transfer->seen.elements[i].Length;

        ok = CHECK(length > 0) && CHECK(first <= REACH(bits)) &&
             CHECK(length - 1 <= REACH(bits) - first) &&
             CHECK_EQUAL(first >> 32, (first + length - 1) >> 32);
        sum += length;
    }
    return ok && CHECK_EQUAL(sum, transfer->seen.length);
}

bool transfer_list_unchanged(const struct transfer *transfer)
{
    PVP_SCATTER_GATHER_LIST list = transfer->seen.list;

    for (ULONG i = 0; i < transfer->seen.count; i++) {
        if (list->Elements[i].Address.QuadPart != transfer->seen.elements[i].Address.QuadPart ||
            list->Elements[i].Length != transfer->seen.elements[i].Length)
            return false;
    }
    return list->NumberOfElements == transfer->seen.count;
}

static bool walk(struct rig *rig, struct transfer *transfer, uint8_t *data, bool read)
{
    PVP_SCATTER_GATHER_LIST list = transfer->seen.list;
    bool ok = true;

    for (ULONG i = 0; ok && i < list->NumberOfElements; i++) {
        uint64_t address = (uint64_t)list->Elements[i].Address.QuadPart;

        ok = read ? rig_device_read(rig, address, list->Elements[i].Length, data)
                  : rig_device_write(rig, address, list->Elements[i].Length, data);
        data += list->Elements[i].Length;
    }
    return ok;
}

bool transfer_device_read(struct rig *rig, struct transfer *transfer, void *into)
{
    return CHECK(walk(rig, transfer, into, true));
}

bool transfer_device_write(struct rig *rig, struct transfer *transfer, const void *from)
{
    return CHECK(walk(rig, transfer, (uint8_t *)(uintptr_t)from, false));
}

unsigned move_all(struct rig *rig, PVP_DMA_ADAPTER adapter, const struct buffer *buffer,
                  ULONG offset, ULONG length, BOOLEAN to_device, void *device)
{
    struct transfer *transfer = malloc(sizeof(*transfer));
    unsigned operations = 0;
    ULONG done = 0;

    while (transfer && done < length) {
        *transfer = transfer_of(adapter, buffer, offset + done, length - done, to_device);
        if (!transfer_begin(rig, transfer) ||
            !CHECK(transfer->granted > 0 && transfer->granted <= length - done))
            break;
        if (to_device)
            transfer_device_read(rig, transfer, (uint8_t *)device + done);
        else
            transfer_device_write(rig, transfer, (uint8_t *)device + done);
        transfer_complete(rig, transfer);
        done += transfer->granted;
        operations++;
    }
    free(transfer);
    return done == length ? operations : 0;
}

VOID NTAPI note_call(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                     PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    struct noted_call *call = Context;

    call->list = SGList;
    __atomic_add_fetch(&call->calls, 1, __ATOMIC_RELEASE);
}

struct scene scene;

/* Buffers until one has no page within 24 bits: in a scattered layout the first nearly always. */
static bool make_out_of_reach(struct rig *rig, ULONG length)
{
    struct buffer tries[16];
    unsigned count = 0, i;
    bool made;

    do {
        made = buffer_make_locked(rig, &tries[count], 100, length);
        count += made;
    } while (made && count < ARRAYSIZE(tries) &&
             buffer_out_of_reach(&tries[count - 1], 24) < pages_of(100, length));
    for (i = 0; i + 1 < count; i++)
        buffer_drop(rig, &tries[i]);
    scene.buffer = tries[count ? count - 1 : 0];
    return made && CHECK_EQUAL(buffer_out_of_reach(&scene.buffer, 24), pages_of(100, length));
}

bool scene_set(struct rig *rig, enum adapter_kind kind, ULONG length)
{
    memset(&scene, 0, sizeof(scene));
    scene.adapter = adapter_get(rig, kind, 64 * PAGE);
    if (!scene.adapter)
        return false;
    if (kind == FLAT24 && rig->needs->layout == RIG_SCATTERED)
        return make_out_of_reach(rig, length);
    return buffer_make_locked(rig, &scene.buffer, 100, length);
}

void scene_end(struct rig *rig)
{
    buffer_drop(rig, &scene.buffer);
    adapter_put(rig, scene.adapter);
}

void scene_done(void)
{
    __atomic_add_fetch(&scene.done, 1, __ATOMIC_RELEASE);
}

void scene_pause(void)
{
    for (unsigned i = 0; i < 100; i++)
        VideoPortStallExecution(10);
}

void machine_works(struct rig *rig)
{
    enum { LENGTH = 3 * PAGE - 100 };
    static uint8_t device[LENGTH];
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    struct buffer buffer;

    if (!adapter || !buffer_make_locked(rig, &buffer, 1234, LENGTH))
        return;
    memset(device, 0, sizeof(device));
    CHECK(move_all(rig, adapter, &buffer, 0, LENGTH, TRUE, device) > 0);
    CHECK(pattern_holds(device, 0, LENGTH, 0));
    pattern_fill(device, LENGTH, 9);
    CHECK(move_all(rig, adapter, &buffer, 0, LENGTH, FALSE, device) > 0);
    CHECK(pattern_holds(buffer.bytes, 0, LENGTH, 9));
    CHECK(buffer_guards_hold(&buffer));
    buffer_drop(rig, &buffer);
    adapter_put(rig, adapter);
    CHECK_NOTHING_REPORTED();
}
