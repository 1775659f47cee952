/* SPDX-License-Identifier: MIT */
/*
 * driver.c - a source written as Windows drivers are, to be compiled and not run.
 *
 * It uses what the headers promise to tolerate: annotations of three generations, __declspec,
 * __int64, both forms of __forceinline, callbacks through NTAPI, pragmas that are guarded by
 * ALLOC_PRAGMA, its own LIST_ENTRY, wide literals under -fshort-wchar.
 */
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _DEVICE {
    LIST_ENTRY Requests;
    PVP_DMA_ADAPTER Adapter;
    PVOID Mdl;
    ULONG Length;
    unsigned __int64 Moved;
    __declspec(align(16)) ULONG Scratch[4];
} DEVICE, *PDEVICE;

C_ASSERT(FIELD_OFFSET(DEVICE, Scratch) % 16 == 0);

VP_STATUS NTAPI FindAdapter(IN PVOID HwDeviceExtension, IN PVOID HwContext,
                            IN PWSTR ArgumentString OPTIONAL,
                            IN OUT PVIDEO_PORT_CONFIG_INFO ConfigInfo, OUT PUCHAR Again);
BOOLEAN NTAPI Initialize(__in PVOID HwDeviceExtension);
BOOLEAN NTAPI StartIO(_In_ PVOID HwDeviceExtension, _Inout_ PVIDEO_REQUEST_PACKET RequestPacket);
VOID NTAPI ExecuteDma(__in PVOID HwDeviceExtension, __in PVP_DMA_ADAPTER VpDmaAdapter,
                      __in PVP_SCATTER_GATHER_LIST SGList, __in_opt PVOID Context);
_IRQL_requires_max_(DISPATCH_LEVEL) VOID NTAPI
    Dpc(_In_ PVOID HwDeviceExtension, _In_ PVOID Context);
__drv_maxIRQL(PASSIVE_LEVEL) static VP_STATUS
    Transfer(PDEVICE Device, __in_bcount(Length) PVOID Data, ULONG Length);

#if defined(ALLOC_PRAGMA)
#pragma alloc_text(PAGE, FindAdapter)
#pragma alloc_text(PAGE, Initialize)
#endif

static __forceinline ULONG Low(unsigned __int64 value)
{
    return (ULONG)value;
}

static _inline ULONG High(unsigned __int64 value)
{
    return (ULONG)(value >> 32);
}

VOID NTAPI ExecuteDma(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                      PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    PDEVICE device = (PDEVICE)HwDeviceExtension;
    ULONG index;

    UNREFERENCED_PARAMETER(VpDmaAdapter);
    UNREFERENCED_PARAMETER(Context);
    for (index = 0; index < SGList->NumberOfElements; index++) {
        VideoPortWriteRegisterUlong(&device->Scratch[0], SGList->Elements[index].Address.LowPart);
        VideoPortWriteRegisterUlong(&device->Scratch[1], SGList->Elements[index].Length);
    }
}

static VP_STATUS Transfer(PDEVICE Device, PVOID Data, ULONG Length)
{
    PAGED_CODE();
    Device->Mdl = VideoPortLockBuffer(Device, Data, Length, VpReadAccess);
    if (Device->Mdl == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Device->Length = Length;
    return VideoPortStartDma(Device, Device->Adapter, Device->Mdl, 0, &Device->Length, ExecuteDma,
                             NULL, TRUE);
}

VOID NTAPI Dpc(PVOID HwDeviceExtension, PVOID Context)
{
    PDEVICE device = (PDEVICE)HwDeviceExtension;

    VideoPortCompleteDma(device, device->Adapter, (PVP_SCATTER_GATHER_LIST)Context, TRUE);
    VideoPortUnlockBuffer(device, device->Mdl);
    device->Moved += device->Length;
    VideoDebugPrint((Info, "moved %x%08x\n", High(device->Moved), Low(device->Moved)));
}

BOOLEAN NTAPI StartIO(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET RequestPacket)
{
    switch (RequestPacket->IoControlCode) {
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        if (RequestPacket->InputBufferLength < sizeof(VIDEO_MODE)) {
            RequestPacket->StatusBlock->Status = ERROR_INSUFFICIENT_BUFFER;
            return FALSE;
        }
        RequestPacket->StatusBlock->Status =
            Transfer((PDEVICE)HwDeviceExtension, RequestPacket->InputBuffer,
                     RequestPacket->InputBufferLength);
        break;
    default:
        RequestPacket->StatusBlock->Status = ERROR_INVALID_FUNCTION;
        break;
    }
    RequestPacket->StatusBlock->Information = 0;
    return TRUE;
}

BOOLEAN NTAPI Initialize(PVOID HwDeviceExtension)
{
    VideoPortStallExecution(10);
    return VideoPortQueueDpc(HwDeviceExtension, Dpc, NULL);
}

VP_STATUS NTAPI FindAdapter(PVOID HwDeviceExtension, PVOID HwContext, PWSTR ArgumentString,
                            PVIDEO_PORT_CONFIG_INFO ConfigInfo, PUCHAR Again)
{
    VP_DEVICE_DESCRIPTION description = {TRUE, TRUE, FALSE, 0x10000};
    PCI_COMMON_CONFIG pci;
    PHYSICAL_ADDRESS address;

    ASSERT(Again != NULL);
    UNREFERENCED_PARAMETER(HwContext);
    UNREFERENCED_PARAMETER(ArgumentString);
    if (ConfigInfo->Length < sizeof(VIDEO_PORT_CONFIG_INFO)) {
        return ERROR_INVALID_PARAMETER;
    }
    VideoPortGetBusData(HwDeviceExtension, PCIConfiguration, 0, &pci, 0, PCI_COMMON_HDR_LENGTH);
    address.QuadPart = pci.u.type0.BaseAddresses[0] & PCI_ADDRESS_MEMORY_ADDRESS_MASK;
    if (VideoPortGetDeviceBase(HwDeviceExtension, address, 4096, 0) == NULL) {
        return ERROR_DEV_NOT_EXIST;
    }
    ((PDEVICE)HwDeviceExtension)->Adapter = VideoPortGetDmaAdapter(HwDeviceExtension, &description);
#if __SIZEOF_WCHAR_T__ == 2
    VideoPortSetRegistryParameters(HwDeviceExtension, L"HardwareInformation.ChipType", L"test",
                                   sizeof(L"test"));
#endif
    *Again = 0;
    return NO_ERROR;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA data;

    VideoPortZeroMemory(&data, sizeof(data));
    data.HwInitDataSize = sizeof(data);
    data.HwFindAdapter = FindAdapter;
    data.HwInitialize = Initialize;
    data.HwStartIO = StartIO;
    data.HwDeviceExtensionSize = sizeof(DEVICE);
    return VideoPortInitialize(Context1, Context2, &data, NULL);
}
