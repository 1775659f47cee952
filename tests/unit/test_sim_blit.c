/* SPDX-License-Identifier: MIT */
/*
 * The sim miniport's transfers on a video port of this file's own, which does what a test says:
 * the ways in which a transfer can go wrong, one by one. (That they go right, on the real port, is
 * for test_sim_miniport and tests/host.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../miniports/sim/sim.h"

enum { WIDTH = 100, HEIGHT = 50, BYTES = WIDTH * HEIGHT * 4 };

/* What the port and the card were asked, and what they answer. */
static struct {
    ULONG registers[0x100 / 4];
    ULONG commands; /* starts */
    BOOLEAN engine_works;
    ULONG engine_status; /* at the end of a command that works */

    ULONG limit; /* bytes an operation */
    ULONG start_calls;
    ULONG fail_start;     /* the call of this number fails; 0: none */
    BOOLEAN queue;        /* HwVidExecuteDma comes later */
    PEXECUTE_DMA execute; /* of the queued operation */
    PVOID context;
    ULONG completed, locked, unlocked;

    ULONG events; /* signalled and not waited for */
    ULONG waits;
} fake;

static SIM_EXTENSION extension;
static UCHAR buffer[BYTES], common[SIM_COMMON_LENGTH];
static VP_SCATTER_GATHER_LIST *list;

/* ---- The card and the port --------------------------------------------------------------- */

static PMINIPORT_DPC_ROUTINE queued_dpc;

ULONG NTAPI VideoPortReadRegisterUlong(PULONG Register)
{
    return *Register;
}

VOID NTAPI VideoPortWriteRegisterUlong(PULONG Register, ULONG Value)
{
    ULONG offset = (ULONG)((PUCHAR)Register - (PUCHAR)fake.registers);
    if (offset == SIM_REG_IRQ_STATUS) {
        fake.registers[offset / 4] &= ~Value;
        return;
    }
    fake.registers[offset / 4] = Value;
    if (offset != SIM_REG_DMA_COMMAND)
        return;
    if (Value & SIM_DMA_STOP)
        fake.registers[SIM_REG_DMA_STATUS / 4] = 0;
    if (Value & SIM_DMA_START) {
        fake.commands++;
        fake.registers[SIM_REG_DMA_STATUS / 4] =
            fake.engine_works ? fake.engine_status : SIM_DMA_BUSY;
        if (fake.engine_works)
            fake.registers[SIM_REG_IRQ_STATUS / 4] |= SIM_IRQ_DONE;
    }
}

BOOLEAN NTAPI VideoPortQueueDpc(PVOID Extension, PMINIPORT_DPC_ROUTINE Routine, PVOID Context)
{
    (void)Extension;
    (void)Context;
    queued_dpc = Routine;
    return TRUE;
}

/* What the processor does when IRQL drops: the interrupt, then its DPC. */
static void deliver_interrupt(void)
{
    while (fake.registers[SIM_REG_IRQ_STATUS / 4]) {
        assert_true(SimInterrupt(&extension));
        PMINIPORT_DPC_ROUTINE dpc = queued_dpc;
        queued_dpc = NULL;
        dpc(&extension, NULL);
    }
}

VOID NTAPI VideoPortAcquireSpinLock(PVOID Extension, PSPIN_LOCK Lock, PUCHAR OldIrql)
{
    (void)Extension;
    (void)Lock;
    *OldIrql = 0;
}

VOID NTAPI VideoPortReleaseSpinLock(PVOID Extension, PSPIN_LOCK Lock, UCHAR NewIrql)
{
    (void)Extension;
    (void)Lock;
    (void)NewIrql;
}

VOID NTAPI VideoPortAcquireSpinLockAtDpcLevel(PVOID Extension, PSPIN_LOCK Lock)
{
    (void)Extension;
    (void)Lock;
}

VOID NTAPI VideoPortReleaseSpinLockFromDpcLevel(PVOID Extension, PSPIN_LOCK Lock)
{
    (void)Extension;
    (void)Lock;
}

LONG NTAPI VideoPortSetEvent(PVOID Extension, PEVENT Event)
{
    (void)Extension;
    (void)Event;
    return (LONG)fake.events++;
}

VOID NTAPI VideoPortClearEvent(PVOID Extension, PEVENT Event)
{
    (void)Extension;
    (void)Event;
    fake.events = 0;
}

VP_STATUS NTAPI VideoPortWaitForSingleObject(PVOID Extension, PVOID Object, PLARGE_INTEGER Timeout)
{
    (void)Extension;
    (void)Object;
    assert_true(Timeout->QuadPart < 0);
    assert_true(fake.waits++ < 10); /* else it waits for ever */
    deliver_interrupt();
    if (fake.events == 0)
        return WAIT_TIMEOUT;
    fake.events--;
    return NO_ERROR;
}

PVOID NTAPI VideoPortLockBuffer(PVOID Extension, PVOID Base, ULONG Length, VP_LOCK_OPERATION Access)
{
    (void)Extension;
    (void)Access;
    if (Base == NULL)
        return NULL;
    assert_int_equal(Length, BYTES);
    fake.locked++;
    return Base;
}

VOID NTAPI VideoPortUnlockBuffer(PVOID Extension, PVOID Mdl)
{
    (void)Extension;
    assert_ptr_equal(Mdl, buffer);
    fake.unlocked++;
}

VP_STATUS NTAPI VideoPortStartDma(PVOID Extension, PVP_DMA_ADAPTER Adapter, PVOID Mdl, ULONG Offset,
                                  PULONG Length, PEXECUTE_DMA Execute, PVOID Context,
                                  BOOLEAN WriteToDevice)
{
    (void)WriteToDevice;
    assert_ptr_equal(Mdl, buffer);
    assert_int_equal(*Length, BYTES - Offset);
    if (++fake.start_calls == fake.fail_start)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (*Length > fake.limit)
        *Length = fake.limit;
    fake.execute = Execute;
    fake.context = Context;
    if (!fake.queue)
        Execute(Extension, Adapter, list, Context);
    return NO_ERROR;
}

VP_STATUS NTAPI VideoPortCompleteDma(PVOID Extension, PVP_DMA_ADAPTER Adapter,
                                     PVP_SCATTER_GATHER_LIST List, BOOLEAN WriteToDevice)
{
    (void)Extension;
    (void)Adapter;
    (void)WriteToDevice;
    assert_ptr_equal(List, list);
    assert_int_equal(fake.locked, fake.unlocked + 1); /* unlock last */
    fake.completed++;
    return NO_ERROR;
}

VOID NTAPI VideoPortMoveMemory(PVOID Destination, PVOID Source, ULONG Length)
{
    memmove(Destination, Source, Length);
}

VOID NTAPI VideoPortZeroMemory(PVOID Destination, ULONG Length)
{
    memset(Destination, 0, Length);
}

BOOLEAN SimCurrentSize(PSIM_EXTENSION Extension, PSIM_SIZE Size)
{
    (void)Extension;
    *Size = (SIM_SIZE){WIDTH, HEIGHT};
    return TRUE;
}

/* ---- A request --------------------------------------------------------------------------- */

static int setup(void **state)
{
    static union {
        VP_SCATTER_GATHER_LIST list;
        UCHAR room[sizeof(VP_SCATTER_GATHER_LIST) + sizeof(VP_SCATTER_GATHER_ELEMENT)];
    } one = {.list.NumberOfElements = 1};
    (void)state;
    memset(&fake, 0, sizeof(fake));
    memset(&extension, 0, sizeof(extension));
    fake.engine_works = TRUE;
    fake.engine_status = SIM_DMA_IS_DONE;
    fake.limit = BYTES;
    fake.registers[SIM_REG_IRQ_ENABLE / 4] = SIM_IRQ_DONE | SIM_IRQ_ERROR;
    list = &one.list;
    extension.Registers = (PUCHAR)fake.registers;
    extension.MaximumLength = BYTES;
    extension.Common = common;
    return 0;
}

static VP_STATUS blit_from(void *memory, ULONG flags, VPORT_BLIT_RESULT *result)
{
    union {
        VPORT_BLIT input;
        VPORT_BLIT_RESULT output;
    } shared = {{VPORT_BLIT_TO_DEVICE, flags, WIDTH, HEIGHT, (ULONG_PTR)memory}};
    STATUS_BLOCK block = {{0}, 0};
    VIDEO_REQUEST_PACKET packet = {IOCTL_VPORT_BLIT, &block,  &shared,
                                   sizeof(shared),   &shared, sizeof(shared)};
    VP_STATUS status = SimBlit(&extension, &packet);
    if (result)
        *result = shared.output;
    return status;
}

static VP_STATUS blit(void)
{
    return blit_from(buffer, 0, NULL);
}

static void expect_idle(void)
{
    assert_int_equal(extension.Transfer.State, SimTransferNone);
    assert_int_equal(fake.locked, fake.unlocked);
}

static void sd_18_partial_operations_are_repeated_until_all_is_moved(void **state)
{
    VPORT_BLIT_RESULT result;
    (void)state;
    fake.limit = 3000;
    assert_int_equal(blit_from(buffer, 0, &result), NO_ERROR);
    assert_int_equal(result.Operations, 7); /* 20000 / 3000, and the rest */
    assert_int_equal(result.Elements, 7);
    assert_int_equal(result.Bytes, BYTES);
    assert_int_equal(fake.completed, 7);
    assert_int_equal(fake.registers[SIM_REG_DMA_POSITION / 4], 18000);
    assert_int_equal(fake.registers[SIM_REG_DMA_LENGTH / 4], 2000);
    expect_idle();
}

static void buffer_that_cannot_be_locked(void **state)
{
    (void)state;
    assert_int_equal(blit_from(NULL, 0, NULL), ERROR_INVALID_PARAMETER);
    assert_int_equal(fake.commands, 0);
    expect_idle();
}

static void first_start_fails(void **state)
{
    (void)state;
    fake.fail_start = 1;
    assert_int_equal(blit(), ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(fake.completed, 0); /* SD-25 */
    expect_idle();
    assert_int_equal(blit(), NO_ERROR);
}

static void later_start_fails_in_the_dpc(void **state)
{
    (void)state;
    fake.limit = 8192;
    fake.fail_start = 2;
    assert_int_equal(blit(), ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(fake.completed, 1);
    expect_idle();
}

static void engine_reports_an_error(void **state)
{
    (void)state;
    fake.limit = 8192;
    fake.engine_status = SIM_DMA_ERROR | 4 << 8;
    assert_int_equal(blit(), ERROR_IO_DEVICE);
    assert_int_equal(fake.completed, 1);
    assert_int_equal(fake.commands, 1);
    expect_idle();
}

static void engine_hangs(void **state)
{
    (void)state;
    fake.engine_works = FALSE;
    assert_int_equal(blit(), WAIT_TIMEOUT);
    assert_int_equal(fake.waits, 2); /* once in good faith: it had moved on since the start */
    assert_int_equal(fake.registers[SIM_REG_DMA_COMMAND / 4], SIM_DMA_STOP);
    assert_int_equal(fake.completed, 1);
    expect_idle();
    /* its interrupt comes after all: not ours any more */
    fake.registers[SIM_REG_DMA_STATUS / 4] = SIM_DMA_IS_DONE;
    fake.registers[SIM_REG_IRQ_STATUS / 4] = SIM_IRQ_DONE;
    deliver_interrupt();
    assert_int_equal(fake.completed, 1);
    assert_int_equal(fake.events, 0);
    fake.engine_works = TRUE;
    fake.waits = 0;
    assert_int_equal(blit(), NO_ERROR);
    expect_idle();
}

static void interrupt_of_an_older_command_ends_nothing(void **state)
{
    (void)state;
    fake.engine_works = FALSE;
    fake.registers[SIM_REG_IRQ_STATUS / 4] = SIM_IRQ_DONE;
    assert_int_equal(blit(), WAIT_TIMEOUT);
    assert_int_equal(fake.completed, 1); /* by giving up, not by that interrupt */
}

static void interrupt_of_another_device_is_not_claimed(void **state)
{
    (void)state;
    assert_false(SimInterrupt(&extension));
    fake.registers[SIM_REG_IRQ_ENABLE / 4] = 0;
    fake.registers[SIM_REG_IRQ_STATUS / 4] = SIM_IRQ_DONE;
    assert_false(SimInterrupt(&extension));
    assert_null(queued_dpc);
}

static void sd_a2_operation_that_never_gets_registers_becomes_an_orphan(void **state)
{
    (void)state;
    fake.queue = TRUE;
    assert_int_equal(blit(), WAIT_TIMEOUT);
    assert_int_equal(fake.unlocked, 0); /* the request is still queued: its pages stay locked */
    assert_int_equal(blit(), ERROR_BUSY);
    assert_int_equal(fake.locked, 1);
    fake.execute(&extension, extension.Adapter, list, fake.context); /* registers at last */
    assert_int_equal(fake.commands, 0);
    assert_int_equal(fake.completed, 1);
    expect_idle();
    fake.queue = FALSE;
    fake.waits = 0;
    assert_int_equal(blit(), NO_ERROR);
    expect_idle();
}

static void common_buffer_is_moved_piece_by_piece(void **state)
{
    VPORT_BLIT_RESULT result;
    (void)state;
    extension.MaximumLength = 6000;
    for (size_t i = 0; i < BYTES; i++)
        buffer[i] = (UCHAR)(i >> 4);
    assert_int_equal(blit_from(buffer, VPORT_BLIT_COMMON_BUFFER, &result), NO_ERROR);
    assert_int_equal(fake.commands, 4);
    assert_int_equal(result.Operations, 0);
    assert_int_equal(result.Bytes, BYTES);
    assert_int_equal(fake.start_calls, 0);
    assert_int_equal(fake.completed, 0);
    assert_memory_equal(common, buffer + 18000, 2000);
    expect_idle();
}

static void common_buffer_and_an_engine_that_fails_or_hangs(void **state)
{
    (void)state;
    fake.engine_status = SIM_DMA_ERROR;
    assert_int_equal(blit_from(buffer, VPORT_BLIT_COMMON_BUFFER, NULL), ERROR_IO_DEVICE);
    expect_idle();
    fake.engine_works = FALSE;
    fake.waits = 0;
    assert_int_equal(blit_from(buffer, VPORT_BLIT_COMMON_BUFFER, NULL), WAIT_TIMEOUT);
    assert_int_equal(fake.completed, 0);
    expect_idle();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sd_18_partial_operations_are_repeated_until_all_is_moved, setup),
        cmocka_unit_test_setup(buffer_that_cannot_be_locked, setup),
        cmocka_unit_test_setup(first_start_fails, setup),
        cmocka_unit_test_setup(later_start_fails_in_the_dpc, setup),
        cmocka_unit_test_setup(engine_reports_an_error, setup),
        cmocka_unit_test_setup(engine_hangs, setup),
        cmocka_unit_test_setup(interrupt_of_an_older_command_ends_nothing, setup),
        cmocka_unit_test_setup(interrupt_of_another_device_is_not_claimed, setup),
        cmocka_unit_test_setup(sd_a2_operation_that_never_gets_registers_becomes_an_orphan, setup),
        cmocka_unit_test_setup(common_buffer_is_moved_piece_by_piece, setup),
        cmocka_unit_test_setup(common_buffer_and_an_engine_that_fails_or_hangs, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
