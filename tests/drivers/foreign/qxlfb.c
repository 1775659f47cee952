/* SPDX-License-Identifier: MIT */
/*
 * A frame buffer driver for a QXL: everything it wants to know lies in memory of the card, and is
 * read there through structures: the ROM's header, its table of modes, a header in the card's RAM,
 * into which it writes, too. Layouts are those of SPICE's published protocol headers.
 */
#include <ntdef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

#include <pshpack1.h>
typedef struct {
    UINT32 magic, id, update_id, compression_level, log_level, mode, modes_offset, num_pages,
        pages_offset, draw_area_offset, surface0_area_size, ram_header_offset, mm_clock, n_surfaces;
    UINT64 flags;
    UINT8 slots_start, slots_end, slot_gen_bits, slot_id_bits, slot_generation;
} QXLRom;

typedef struct {
    UINT32 magic, int_pending, int_mask;
    UINT8 log_buf[4096];
} QXLRam;
#include <poppack.h>

typedef struct {
    UINT32 id, x_res, y_res, bits, stride, x_mili, y_mili, orientation;
} QXLMode;

typedef struct {
    UINT32 n_modes;
    QXLMode modes[1];
} QXLModes;

#define QXL_ROM_MAGIC 0x4f525851 /* "QXRO" */
#define QXL_RAM_MAGIC 0x41525851 /* "QXRA" */
#define QXL_IO_LOG    7

typedef struct {
    QXLRom *rom;
    QXLModes *modes;
    PUCHAR ram;
    QXLRam *ram_header;
    PHYSICAL_ADDRESS ram_base;
    PUCHAR io;
    QXLMode *current;
} DevExt;

static VP_STATUS FindAdapter(PVOID dev_extension, PVOID reserved, PWSTR arg,
                             PVIDEO_PORT_CONFIG_INFO conf_info, PUCHAR again)
{
    DevExt *dev = dev_extension;
    VIDEO_ACCESS_RANGE ranges[5];
    VP_STATUS error;
    ULONG length, io_space = VIDEO_MEMORY_SPACE_MEMORY;

    VideoPortZeroMemory(ranges, sizeof(ranges));
    error = VideoPortGetAccessRanges(dev, 0, NULL, 5, ranges, NULL, NULL, NULL);
    if (error != NO_ERROR || ranges[3].RangeLength == 0 || !ranges[3].RangeInIoSpace)
        return ERROR_INVALID_PARAMETER;
    length = ranges[2].RangeLength;
    error = VideoPortMapMemory(dev, ranges[2].RangeStart, &length, &io_space, (PVOID *)&dev->rom);
    if (error != NO_ERROR || length < ranges[2].RangeLength || dev->rom->magic != QXL_ROM_MAGIC)
        return ERROR_DEV_NOT_EXIST;
    length = ranges[0].RangeLength;
    dev->ram_base = ranges[0].RangeStart;
    error = VideoPortMapMemory(dev, ranges[0].RangeStart, &length, &io_space, (PVOID *)&dev->ram);
    if (error != NO_ERROR)
        return error;
    dev->ram_header = (QXLRam *)(dev->ram + dev->rom->ram_header_offset);
    if (dev->ram_header->magic != QXL_RAM_MAGIC)
        return ERROR_DEV_NOT_EXIST;
    /* A port's handle is its number: no mapping. */
    dev->io = (PUCHAR)(ULONG_PTR)ranges[3].RangeStart.LowPart;
    VideoPortMoveMemory(dev->ram_header->log_buf, "found", 6);
    VideoPortWritePortUchar(dev->io + QXL_IO_LOG, 0);
    dev->modes = (QXLModes *)((PUCHAR)dev->rom + dev->rom->modes_offset);
    VideoPortDebugPrint(Error, "%d modes, header at %x\n", dev->modes->n_modes,
                        dev->rom->ram_header_offset);
    return NO_ERROR;
}

static BOOLEAN HWInitialize(PVOID dev_extension)
{
    return TRUE;
}

/* As a VGA with Bochs's ports: what a QXL's own modes show, its client would have to draw. */
static void SetMode(DevExt *dev, QXLMode *mode)
{
    static const USHORT vbe_index[] = {4, 1, 2, 3, 4};
    USHORT value[] = {0, (USHORT)mode->x_res, (USHORT)mode->y_res, (USHORT)mode->bits, 0x41};
    ULONG i;

    dev->ram_header->int_pending = 0; /* a store into the card's memory */
    for (i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
        VideoPortWritePortUshort((PUSHORT)0x1ce, vbe_index[i]);
        VideoPortWritePortUshort((PUSHORT)0x1cf, value[i]);
    }
    VideoPortZeroMemory(dev->ram, mode->stride * 2);
    dev->current = mode;
}

static void Describe(QXLMode *mode, PVIDEO_MODE_INFORMATION info)
{
    VideoPortZeroMemory(info, sizeof(*info));
    info->Length = sizeof(*info);
    info->ModeIndex = mode->id;
    info->VisScreenWidth = mode->x_res;
    info->VisScreenHeight = mode->y_res;
    info->ScreenStride = mode->stride;
    info->NumberOfPlanes = 1;
    info->BitsPerPlane = mode->bits;
    info->Frequency = 100;
    info->XMillimeter = mode->x_mili;
    info->YMillimeter = mode->y_mili;
    info->AttributeFlags = VIDEO_MODE_COLOR | VIDEO_MODE_GRAPHICS;
    info->RedMask = mode->bits == 32 ? 0xff0000 : 0x7c00;
    info->GreenMask = mode->bits == 32 ? 0x00ff00 : 0x03e0;
    info->BlueMask = mode->bits == 32 ? 0x0000ff : 0x001f;
}

static BOOLEAN StartIO(PVOID dev_extension, PVIDEO_REQUEST_PACKET packet)
{
    DevExt *dev = dev_extension;
    PVIDEO_MEMORY_INFORMATION memory;
    VP_STATUS error = NO_ERROR;
    ULONG i, length, io_space = 0;

    switch (packet->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        ((PVIDEO_NUM_MODES)packet->OutputBuffer)->NumModes = dev->modes->n_modes;
        ((PVIDEO_NUM_MODES)packet->OutputBuffer)->ModeInformationLength =
            sizeof(VIDEO_MODE_INFORMATION);
        packet->StatusBlock->Information = sizeof(VIDEO_NUM_MODES);
        break;
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        if (packet->OutputBufferLength <
            (packet->StatusBlock->Information =
                 dev->modes->n_modes * sizeof(VIDEO_MODE_INFORMATION))) {
            error = ERROR_INSUFFICIENT_BUFFER;
            break;
        }
        for (i = 0; i < dev->modes->n_modes; i++)
            Describe(&dev->modes->modes[i], (PVIDEO_MODE_INFORMATION)packet->OutputBuffer + i);
        break;
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        SetMode(dev, &dev->modes->modes[((PVIDEO_MODE)packet->InputBuffer)->RequestedMode]);
        break;
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        Describe(dev->current, packet->OutputBuffer);
        packet->StatusBlock->Information = sizeof(VIDEO_MODE_INFORMATION);
        break;
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY:
        memory = packet->OutputBuffer;
        memory->VideoRamBase = NULL;
        memory->VideoRamLength = dev->rom->surface0_area_size;
        io_space = VIDEO_MEMORY_SPACE_USER_MODE; /* for whoever shares it */
        error = VideoPortMapMemory(dev, dev->ram_base, &memory->VideoRamLength, &io_space,
                                   &memory->VideoRamBase);
        memory->FrameBufferBase = memory->VideoRamBase;
        memory->FrameBufferLength = memory->VideoRamLength;
        packet->StatusBlock->Information = sizeof(*memory);
        break;
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY:
        error = VideoPortUnmapMemory(
            dev, ((PVIDEO_MEMORY)packet->InputBuffer)->RequestedVirtualAddress, NULL);
        break;
    default:
        error = ERROR_INVALID_FUNCTION;
    }
    packet->StatusBlock->Status = error;
    if (error != NO_ERROR)
        packet->StatusBlock->Information = 0;
    return TRUE;
}

static VP_STATUS GetChildDescriptor(PVOID dev_extension, PVIDEO_CHILD_ENUM_INFO info,
                                    PVIDEO_CHILD_TYPE type, PUCHAR descriptor, PULONG uid,
                                    PULONG unused)
{
    if (info->ChildIndex != 1)
        return ERROR_NO_MORE_DEVICES;
    *type = Monitor;
    *uid = 0;
    return VIDEO_ENUM_MORE_DEVICES;
}

static VP_STATUS Power(PVOID dev_extension, ULONG hw_id, PVIDEO_POWER_MANAGEMENT state)
{
    return NO_ERROR;
}

ULONG DriverEntry(PVOID context1, PVOID context2)
{
    VIDEO_HW_INITIALIZATION_DATA init_data;
    ULONG ret;

    VideoPortZeroMemory(&init_data, sizeof(init_data));
    init_data.HwInitDataSize = sizeof(init_data);
    init_data.HwFindAdapter = FindAdapter;
    init_data.HwInitialize = HWInitialize;
    init_data.HwStartIO = StartIO;
    init_data.HwGetVideoChildDescriptor = GetChildDescriptor;
    init_data.HwGetPowerState = Power;
    init_data.HwSetPowerState = Power;
    init_data.HwDeviceExtensionSize = sizeof(DevExt);
    ret = VideoPortInitialize(context1, context2, &init_data, NULL);
    if (ret != NO_ERROR) {
        init_data.HwInitDataSize = SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA;
        ret = VideoPortInitialize(context1, context2, &init_data, NULL);
    }
    return ret;
}
