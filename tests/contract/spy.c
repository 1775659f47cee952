/* SPDX-License-Identifier: MIT */
/* The spy (spy.h), and the fault of having no memory left. Both live where the linker lets a test
 * step in between. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "rig.h"
#include "spy.h"

/* ---- The record ---- */

static struct spy_event events[SPY_EVENTS];
static unsigned count;
static bool on;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void record(const struct spy_event *event)
{
    pthread_mutex_lock(&lock);
    if (on && count < SPY_EVENTS) {
        events[count] = *event;
        events[count++].irql = VideoPortGetCurrentIrql();
    }
    pthread_mutex_unlock(&lock);
}

void spy_start(void)
{
    pthread_mutex_lock(&lock);
    count = 0;
    on = true;
    pthread_mutex_unlock(&lock);
}

void spy_stop(void)
{
    pthread_mutex_lock(&lock);
    on = false;
    pthread_mutex_unlock(&lock);
}

int spy_place(enum spy_kind kind, unsigned index)
{
    for (unsigned i = 0; i < count; i++) {
        if (events[i].kind == kind && index-- == 0)
            return (int)i;
    }
    return -1;
}

const struct spy_event *spy_event(enum spy_kind kind, unsigned index)
{
    int place = spy_place(kind, index);

    return place < 0 ? NULL : &events[place];
}

unsigned spy_count(enum spy_kind kind)
{
    unsigned n = 0;

    while (spy_place(kind, n) >= 0)
        n++;
    return n;
}

/* ---- In between: DMA_OPERATIONS ---- */

static const DMA_OPERATIONS *real;

static VOID NTAPI put_adapter(PDMA_ADAPTER DmaAdapter)
{
    record(&(struct spy_event){.kind = SPY_PUT_ADAPTER});
    real->PutDmaAdapter(DmaAdapter);
}

static PVOID NTAPI allocate_common(PDMA_ADAPTER DmaAdapter, ULONG Length,
                                   PPHYSICAL_ADDRESS LogicalAddress, BOOLEAN CacheEnabled)
{
    PVOID buffer = real->AllocateCommonBuffer(DmaAdapter, Length, LogicalAddress, CacheEnabled);

    record(&(struct spy_event){.kind = SPY_ALLOCATE_COMMON, .address = buffer, .length = Length});
    return buffer;
}

static VOID NTAPI free_common(PDMA_ADAPTER DmaAdapter, ULONG Length,
                              PHYSICAL_ADDRESS LogicalAddress, PVOID VirtualAddress,
                              BOOLEAN CacheEnabled)
{
    record(
        &(struct spy_event){.kind = SPY_FREE_COMMON, .address = VirtualAddress, .length = Length});
    real->FreeCommonBuffer(DmaAdapter, Length, LogicalAddress, VirtualAddress, CacheEnabled);
}

static NTSTATUS NTAPI get_list(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl,
                               PVOID CurrentVa, ULONG Length, PDRIVER_LIST_CONTROL ExecutionRoutine,
                               PVOID Context, BOOLEAN WriteToDevice)
{
    struct spy_event event = {.kind = SPY_GET_LIST,
                              .mdl = Mdl,
                              .address = CurrentVa,
                              .length = Length,
                              .to_device = WriteToDevice};

    record(&event);
    event.status = real->GetScatterGatherList(DmaAdapter, DeviceObject, Mdl, CurrentVa, Length,
                                              ExecutionRoutine, Context, WriteToDevice);
    event.kind = SPY_GET_LIST_DONE;
    record(&event);
    return event.status;
}

static VOID NTAPI put_list(PDMA_ADAPTER DmaAdapter, PSCATTER_GATHER_LIST ScatterGather,
                           BOOLEAN WriteToDevice)
{
    record(&(struct spy_event){
        .kind = SPY_PUT_LIST, .address = ScatterGather, .to_device = WriteToDevice});
    real->PutScatterGatherList(DmaAdapter, ScatterGather, WriteToDevice);
}

/* All adapters of this build share one table; it is copied once, because others may be calling
 * through the copy. */
static void step_in_between(PDMA_ADAPTER adapter)
{
    static DMA_OPERATIONS spied;

    pthread_mutex_lock(&lock);
    if (!real) {
        real = adapter->DmaOperations;
        spied = *real;
        spied.PutDmaAdapter = put_adapter;
        spied.AllocateCommonBuffer = allocate_common;
        spied.FreeCommonBuffer = free_common;
        spied.GetScatterGatherList = get_list;
        spied.PutScatterGatherList = put_list;
    }
    if (adapter->DmaOperations == real)
        adapter->DmaOperations = &spied;
    pthread_mutex_unlock(&lock);
}

PDMA_ADAPTER NTAPI __real_IoGetDmaAdapter(PDEVICE_OBJECT, PDEVICE_DESCRIPTION, PULONG);
PDMA_ADAPTER NTAPI __wrap_IoGetDmaAdapter(PDEVICE_OBJECT PhysicalDeviceObject,
                                          PDEVICE_DESCRIPTION DeviceDescription,
                                          PULONG NumberOfMapRegisters);
PDMA_ADAPTER NTAPI __wrap_IoGetDmaAdapter(PDEVICE_OBJECT PhysicalDeviceObject,
                                          PDEVICE_DESCRIPTION DeviceDescription,
                                          PULONG NumberOfMapRegisters)
{
    PDMA_ADAPTER adapter =
        __real_IoGetDmaAdapter(PhysicalDeviceObject, DeviceDescription, NumberOfMapRegisters);

    if (adapter)
        step_in_between(adapter);
    record(&(struct spy_event){.kind = SPY_GET_ADAPTER,
                               .description = *DeviceDescription,
                               .registers = NumberOfMapRegisters ? *NumberOfMapRegisters : 0});
    return adapter;
}

VOID NTAPI __real_KeFlushIoBuffers(PMDL, BOOLEAN, BOOLEAN);
VOID NTAPI __wrap_KeFlushIoBuffers(PMDL Mdl, BOOLEAN ReadOperation, BOOLEAN DmaOperation);
VOID NTAPI __wrap_KeFlushIoBuffers(PMDL Mdl, BOOLEAN ReadOperation, BOOLEAN DmaOperation)
{
    record(&(struct spy_event){
        .kind = SPY_FLUSH, .mdl = Mdl, .to_device = !ReadOperation, .dma = DmaOperation});
    __real_KeFlushIoBuffers(Mdl, ReadOperation, DmaOperation);
}

/* ---- No memory ---- */

static _Thread_local bool exhausted;

void rig_memory_exhausted(bool now)
{
    exhausted = now;
}

#define DECLARE(type, name, ...)                                                                   \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

DECLARE(void *, malloc, size_t size);
DECLARE(void *, calloc, size_t count, size_t size);
DECLARE(void *, realloc, void *memory, size_t size);
DECLARE(void *, aligned_alloc, size_t alignment, size_t size);
DECLARE(int, posix_memalign, void **memory, size_t alignment, size_t size);
DECLARE(void *, mmap, void *address, size_t length, int protection, int flags, int file,
        off_t offset);
DECLARE(int, mprotect, void *address, size_t length, int protection);

static void *refuse(void)
{
    errno = ENOMEM;
    return NULL;
}

void *__wrap_malloc(size_t size)
{
    return exhausted ? refuse() : __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
    return exhausted ? refuse() : __real_calloc(number, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return exhausted ? refuse() : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return exhausted ? refuse() : __real_aligned_alloc(alignment, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    return exhausted ? ENOMEM : __real_posix_memalign(memory, alignment, size);
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int file, off_t offset)
{
    if (exhausted) {
        refuse();
        return MAP_FAILED;
    }
    return __real_mmap(address, length, protection, flags, file, offset);
}

int __wrap_mprotect(void *address, size_t length, int protection)
{
    if (exhausted) {
        refuse();
        return -1;
    }
    return __real_mprotect(address, length, protection);
}
