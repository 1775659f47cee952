/* SPDX-License-Identifier: MIT */
/* VideoPortDDCMonitorHelper: reads a monitor's EDID over DDC2B. Source: the VESA E-DDC standard. */
#include "i2c.h"

#define VP_DDC_WRITE   0xA0
#define VP_DDC_READ    0xA1
#define VP_DDC_SEGMENT 0x60
#define VP_EDID_BLOCK  128

/* Points the monitor at byte 0 of the segment. The segment pointer has no acknowledgement on
 * monitors without one. */
static BOOLEAN NTAPI VpSeekEdid(PVOID Hw, PVIDEO_I2C_CONTROL Control, UCHAR Segment)
{
    UCHAR Select[2] = {VP_DDC_SEGMENT, Segment};
    UCHAR Seek[2] = {VP_DDC_WRITE, 0};

    if (Segment != 0) {
        if (!VpI2CStart(Hw, Control))
            return FALSE;
        (void)VpI2CWrite(Hw, Control, Select, sizeof(Select));
    }
    return VpI2CStart(Hw, Control) && VpI2CWrite(Hw, Control, Seek, sizeof(Seek));
}

static BOOLEAN NTAPI VpReadEdid(PVOID Hw, PVIDEO_I2C_CONTROL Control, UCHAR Segment, PUCHAR Buffer,
                                ULONG Length)
{
    UCHAR Read = VP_DDC_READ;
    BOOLEAN Done = VpSeekEdid(Hw, Control, Segment) && VpI2CStart(Hw, Control) &&
                   VpI2CWrite(Hw, Control, &Read, 1) &&
                   VpI2CRead(Hw, Control, Buffer, Length, TRUE);

    (void)VpI2CStop(Hw, Control);
    return Done;
}

/* Every block of 128 bytes sums up to 0; the first of segment 0 begins with a fixed pattern. */
static BOOLEAN NTAPI VpEdidValid(const UCHAR *Edid, ULONG Length, UCHAR Segment)
{
    static const UCHAR Header[8] = {0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00};
    ULONG Block, Index;

    if (Segment == 0 && Length >= sizeof(Header) &&
        RtlCompareMemory(Edid, Header, sizeof(Header)) != sizeof(Header))
        return FALSE;
    for (Block = 0; Block + VP_EDID_BLOCK <= Length; Block += VP_EDID_BLOCK) {
        UCHAR Sum = 0;

        for (Index = 0; Index < VP_EDID_BLOCK; Index++)
            Sum = (UCHAR)(Sum + Edid[Block + Index]);
        if (Sum != 0)
            return FALSE;
    }
    return TRUE;
}

/* The older I2C_FNC_TABLE begins as DDC_CONTROL does, but where that has the segment it has a
 * routine's address. */
static UCHAR NTAPI VpEdidSegment(PDDC_CONTROL Ddc)
{
    return Ddc->Size == sizeof(I2C_FNC_TABLE) ? 0 : Ddc->EdidSegment;
}

/* TRUE: the buffer holds a valid EDID. A reading with errors is tried again, as lines are noisy
 * when a mode has just been set. */
BOOLEAN NTAPI VideoPortDDCMonitorHelper(PVOID HwDeviceExtension, PVOID DDCControl,
                                        PUCHAR EdidBuffer, ULONG EdidBufferSize)
{
    PDDC_CONTROL Ddc = DDCControl;
    VIDEO_I2C_CONTROL Control;
    UCHAR Segment;
    ULONG Try;

    if (Ddc == NULL || Ddc->Size < sizeof(*Ddc) || EdidBuffer == NULL || EdidBufferSize == 0 ||
        !VpCheckPassive("PORT", "VideoPortDDCMonitorHelper"))
        return FALSE;
    VpI2CControl(&Ddc->I2CCallbacks, &Control);
    Segment = VpEdidSegment(Ddc);
    for (Try = 0; Try < 3; Try++)
        if (VpReadEdid(HwDeviceExtension, &Control, Segment, EdidBuffer, EdidBufferSize) &&
            VpEdidValid(EdidBuffer, EdidBufferSize, Segment))
            return TRUE;
    RtlZeroMemory(EdidBuffer, EdidBufferSize);
    return FALSE;
}
