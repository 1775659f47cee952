/* SPDX-License-Identifier: MIT */
/*
 * What the tests' driver code is made of: buffers with guard bytes, adapters by kind, and transfers
 * that remember what HwVidExecuteDma saw.
 */
#ifndef CONTRACT_TRANSFER_H
#define CONTRACT_TRANSFER_H

#include "rig.h"

#define PAGE     4096u
#define PASSIVE  0u
#define DISPATCH 2u
#define REACH(n) ((n) == 64 ? ~0ull : (1ull << (n)) - 1)

/* ---- Buffers ---- */

enum { GUARD = 64 }; /* bytes watched before and after a buffer */

struct buffer {
    uint8_t *memory; /* whole pages */
    uint8_t *bytes;  /* the buffer proper: at least GUARD bytes of `memory` lie on either side */
    ULONG length;
    PVOID mdl; /* while locked */
};

/* A buffer that starts `page_offset` bytes into a page, filled with pattern(0..) and guards. Not
 * locked. */
bool buffer_make(struct rig *rig, struct buffer *buffer, ULONG page_offset, ULONG length);
/* The same, locked for VpModifyAccess. */
bool buffer_make_locked(struct rig *rig, struct buffer *buffer, ULONG page_offset, ULONG length);
bool buffer_lock(struct rig *rig, struct buffer *buffer, VP_LOCK_OPERATION operation);
void buffer_unlock(struct rig *rig, struct buffer *buffer);
/* Unlocks it if it is locked, and frees the memory. */
void buffer_drop(struct rig *rig, struct buffer *buffer);

uint8_t pattern(size_t index, unsigned salt);
void pattern_fill(void *memory, size_t length, unsigned salt);
/* true if memory[i] == pattern(first + i, salt) for all i < length. */
bool pattern_holds(const void *memory, size_t first, size_t length, unsigned salt);
bool buffer_guards_hold(const struct buffer *buffer);
/* Page frames of the locked buffer that lie above the highest address of a device with so many
 * address lines. */
unsigned buffer_out_of_reach(const struct buffer *buffer, unsigned bits);
/* Physical address of byte `index` of the locked buffer. */
uint64_t buffer_physical(const struct buffer *buffer, ULONG index);

/* Pages that `length` bytes from `page_offset` on lie in. */
ULONG pages_of(ULONG page_offset, ULONG length);

/* ---- Adapters ---- */

enum adapter_kind {
    SG64,   /* scatter/gather, 64-bit addresses */
    SG32,   /* scatter/gather, 32-bit addresses */
    FLAT64, /* one element, 64-bit */
    FLAT32, /* one element, 32-bit */
    FLAT24, /* one element, neither flag */
    ADAPTER_KINDS
};

VP_DEVICE_DESCRIPTION adapter_description(enum adapter_kind kind, ULONG maximum_length);
unsigned adapter_bits(enum adapter_kind kind);
/* VideoPortGetDmaAdapter; NULL fails the test. */
PVP_DMA_ADAPTER adapter_get(struct rig *rig, enum adapter_kind kind, ULONG maximum_length);
void adapter_put(struct rig *rig, PVP_DMA_ADAPTER adapter);

/* ---- Transfers ---- */

enum { SEEN_ELEMENTS = 528 };

struct transfer {
    /* Asked for. */
    PVP_DMA_ADAPTER adapter;
    PVOID mdl;
    ULONG offset, length;
    BOOLEAN to_device;
    void (*hook)(struct rig *rig, struct transfer *transfer); /* last thing in HwVidExecuteDma */
    void *data;                                               /* the hook's */

    /* What came of it. */
    VP_STATUS status;
    ULONG granted;  /* *pLength */
    bool returned;  /* VideoPortStartDma has returned */
    uint32_t calls; /* of HwVidExecuteDma; set after all of `seen`, and before the hook */
    uint32_t ended; /* the hook has returned; the last that is done to a transfer with a hook */
    struct {
        UCHAR irql;
        PVOID extension;
        PVP_DMA_ADAPTER adapter;
        PVP_SCATTER_GATHER_LIST list;
        ULONG length;  /* *pLength on entry */
        bool returned; /* had VideoPortStartDma returned? */
        uint32_t turn; /* 1 for the first callback of the test, and so on */
        ULONG count;
        VP_SCATTER_GATHER_ELEMENT elements[SEEN_ELEMENTS];
    } seen;
    struct rig *rig;
};

/* A transfer of [offset, offset + length) of a locked buffer. */
struct transfer transfer_of(PVP_DMA_ADAPTER adapter, const struct buffer *buffer, ULONG offset,
                            ULONG length, BOOLEAN to_device);
/* VideoPortStartDma, whatever it says. */
VP_STATUS transfer_start(struct rig *rig, struct transfer *transfer);
/* The same; then waits for HwVidExecuteDma and the hook. false, and a failed check, if it was
 * refused or never called back. */
bool transfer_begin(struct rig *rig, struct transfer *transfer);
/* VideoPortCompleteDma with the list that HwVidExecuteDma was given. */
void transfer_complete(struct rig *rig, struct transfer *transfer);
/* Checks a refusal: status, *pLength 0, no callback, one report with this rule. */
bool transfer_refused(struct rig *rig, struct transfer *transfer, const char *rule);

/* The list as seen: sum, order of magnitude, limits (SD-16, SG-*): within `bits`, no empty element,
 * none across 4 GiB. */
bool transfer_list_holds(const struct transfer *transfer, unsigned bits);
/* true if the list in memory is still what HwVidExecuteDma saw. */
bool transfer_list_unchanged(const struct transfer *transfer);
/* The device walks the list as it is now in memory, and moves seen.length bytes. */
bool transfer_device_read(struct rig *rig, struct transfer *transfer, void *into);
bool transfer_device_write(struct rig *rig, struct transfer *transfer, const void *from);

/*
 * The loop that the documents ask of a driver: start, let the device move it, complete, advance,
 * until `length` bytes have moved between the buffer and `device` (length bytes). Returns the
 * number of operations, 0 when one failed.
 */
unsigned move_all(struct rig *rig, PVP_DMA_ADAPTER adapter, const struct buffer *buffer,
                  ULONG offset, ULONG length, BOOLEAN to_device, void *device);

/* The least that a callback can do: note_call remembers the list and counts, in the struct
 * noted_call that is its context. */
struct noted_call {
    PVP_SCATTER_GATHER_LIST list;
    uint32_t calls;
};
VOID NTAPI note_call(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                     PVP_SCATTER_GATHER_LIST SGList, PVOID Context);

/* ---- The scene: what most tests begin with ---- */

struct scene {
    PVP_DMA_ADAPTER adapter; /* for 64 pages an operation */
    struct buffer buffer;    /* locked; starts 100 bytes into a page */
    struct transfer transfer;
    uint32_t done; /* how often a hook has come to its end */
    uint32_t value;
};

/* One, because hooks of the driver must find it. All zero but adapter and buffer after scene_set.
 */
extern struct scene scene;
bool scene_set(struct rig *rig, enum adapter_kind kind, ULONG length);
void scene_end(struct rig *rig);
/* A hook has come to its end. */
void scene_done(void);
/* Lets a millisecond of the machine's time pass: whatever was going to happen has happened. */
void scene_pause(void);

/* After misuse: a new adapter and a new buffer still move bytes correctly, both ways. */
void machine_works(struct rig *rig);

#endif
