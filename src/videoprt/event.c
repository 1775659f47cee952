/* SPDX-License-Identifier: MIT */
/* Events: made here, or by the display driver; both look the same to these functions. */
#include "videoprt.h"

typedef struct _VP_EVENT {
    VP_OBJECT Object;
    ENG_EVENT Handle; /* the miniport's PEVENT points here */
    KEVENT Event;
} VP_EVENT, *PVP_EVENT;

/* The kernel's event behind a handle; NULL with a report if there is none. */
static PKEVENT NTAPI VpKernelEvent(PEVENT Event, PCSTR Function)
{
    if (Event != NULL && Event->pKEvent != NULL)
        return Event->pKEvent;
    VP_REPORT("PORT", "%s: %s; pass an event of VideoPortCreateEvent that has not been deleted",
              Function, Event == NULL ? "the event is NULL" : "the event was deleted");
    return NULL;
}

VP_STATUS NTAPI VideoPortCreateEvent(PVOID HwDeviceExtension, ULONG EventFlag, PVOID Unused,
                                     PEVENT *ppEvent)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortCreateEvent");
    PVP_EVENT Event;

    if (ppEvent == NULL)
        return ERROR_INVALID_PARAMETER;
    *ppEvent = NULL;
    if (Device == NULL || !VpCheckPassive("PORT", "VideoPortCreateEvent"))
        return ERROR_INVALID_PARAMETER;
    Event = (PVP_EVENT)VpAllocateObject(Device, VpObjectEvent, sizeof(*Event));
    if (Event == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    KeInitializeEvent(&Event->Event,
                      (EventFlag & EVENT_TYPE_MASK) == NOTIFICATION_EVENT ? NotificationEvent
                                                                          : SynchronizationEvent,
                      (EventFlag & INITIAL_EVENT_STATE_MASK) == INITIAL_EVENT_SIGNALED);
    Event->Handle.pKEvent = &Event->Event;
    VpInsertObject(Device, &Event->Object, &Event->Handle);
    *ppEvent = &Event->Handle;
    return NO_ERROR;
}

VP_STATUS NTAPI VideoPortDeleteEvent(PVOID HwDeviceExtension, PEVENT pEvent)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortDeleteEvent");
    PVP_OBJECT Object = NULL;

    if (Device != NULL && VpCheckDispatch("PORT", "VideoPortDeleteEvent"))
        Object = VpTakeObject(Device, VpObjectEvent, pEvent);
    if (Object == NULL) {
        VP_REPORT("PORT",
                  "VideoPortDeleteEvent: %p is not an event of this device's; pass what "
                  "VideoPortCreateEvent returned",
                  pEvent);
        return ERROR_INVALID_PARAMETER;
    }
    pEvent->pKEvent = NULL;
    VpFreeObject(Object);
    return NO_ERROR;
}

LONG NTAPI VideoPortSetEvent(PVOID HwDeviceExtension, PEVENT pEvent)
{
    PKEVENT Event = VpKernelEvent(pEvent, "VideoPortSetEvent");

    return Event != NULL && VpCheckDispatch("PORT", "VideoPortSetEvent")
               ? KeSetEvent(Event, IO_NO_INCREMENT, FALSE)
               : 0;
}

VOID NTAPI VideoPortClearEvent(PVOID HwDeviceExtension, PEVENT pEvent)
{
    PKEVENT Event = VpKernelEvent(pEvent, "VideoPortClearEvent");

    if (Event != NULL)
        KeClearEvent(Event);
}

LONG NTAPI VideoPortReadStateEvent(PVOID HwDeviceExtension, PEVENT pEvent)
{
    PKEVENT Event = VpKernelEvent(pEvent, "VideoPortReadStateEvent");

    return Event != NULL ? KeReadStateEvent(Event) : 0;
}

/* At DISPATCH_LEVEL only a look is allowed: nothing else can run there to set the event. */
VP_STATUS NTAPI VideoPortWaitForSingleObject(PVOID HwDeviceExtension, PVOID Object,
                                             PLARGE_INTEGER Timeout)
{
    PKEVENT Event = VpKernelEvent(Object, "VideoPortWaitForSingleObject");
    NTSTATUS Status;

    if (Event == NULL || !VpCheckDispatch("PORT", "VideoPortWaitForSingleObject"))
        return ERROR_INVALID_PARAMETER;
    if (KeGetCurrentIrql() == DISPATCH_LEVEL && (Timeout == NULL || Timeout->QuadPart != 0)) {
        VP_REPORT("PORT", "VideoPortWaitForSingleObject: waiting at DISPATCH_LEVEL would never "
                          "end; pass a Timeout of 0 there");
        return ERROR_INVALID_PARAMETER;
    }
    Status = KeWaitForSingleObject(Event, Executive, KernelMode, FALSE, Timeout);
    if (Status == STATUS_TIMEOUT)
        return WAIT_TIMEOUT;
    return NT_SUCCESS(Status) ? NO_ERROR : ERROR_INVALID_PARAMETER;
}
