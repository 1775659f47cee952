/* SPDX-License-Identifier: MIT */
/*
 * I2C, bit by bit. A line is open drain: writing 1 lets go of it, and it reads 1 if nobody else
 * holds it down. A device may hold the clock to win time.
 *
 *     start          bit                    stop
 *     SDA ~~\____    ====X== value ===X=    ____/~~
 *     SCL ~~~~~\_    ______/~~~~\______     _/~~~~~
 *
 * Source: the I2C-bus specification.
 */
#include "i2c.h"

#define VP_STANDARD_DELAY  50   /* 100 ns units: 5 us a half cycle, 100 kHz */
#define VP_STRETCH_RETRIES 1000 /* half cycles that a device may hold the clock */

static VOID NTAPI VpDelay(PVIDEO_I2C_CONTROL Control)
{
    KeStallExecutionProcessor((Control->I2CDelay + 9) / 10);
}

static VOID NTAPI VpData(PVOID Hw, PVIDEO_I2C_CONTROL Control, UCHAR Level)
{
    Control->WriteDataLine(Hw, Level);
    VpDelay(Control);
}

static VOID NTAPI VpClockLow(PVOID Hw, PVIDEO_I2C_CONTROL Control)
{
    Control->WriteClockLine(Hw, 0);
    VpDelay(Control);
}

/* Lets go of the clock and waits until it is high. */
static BOOLEAN NTAPI VpClockHigh(PVOID Hw, PVIDEO_I2C_CONTROL Control)
{
    ULONG Try;

    Control->WriteClockLine(Hw, 1);
    for (Try = 0; Try < VP_STRETCH_RETRIES; Try++) {
        VpDelay(Control);
        if (Control->ReadClockLine(Hw))
            return TRUE;
    }
    return FALSE;
}

static BOOLEAN NTAPI VpWriteBit(PVOID Hw, PVIDEO_I2C_CONTROL Control, UCHAR Bit)
{
    VpData(Hw, Control, Bit);
    if (!VpClockHigh(Hw, Control))
        return FALSE;
    VpClockLow(Hw, Control);
    return TRUE;
}

static BOOLEAN NTAPI VpReadBit(PVOID Hw, PVIDEO_I2C_CONTROL Control, PUCHAR Bit)
{
    VpData(Hw, Control, 1);
    if (!VpClockHigh(Hw, Control))
        return FALSE;
    *Bit = Control->ReadDataLine(Hw) ? 1 : 0;
    VpClockLow(Hw, Control);
    return TRUE;
}

/* Most significant bit first; the receiver pulls the ninth down. */
static BOOLEAN NTAPI VpWriteByte(PVOID Hw, PVIDEO_I2C_CONTROL Control, UCHAR Byte)
{
    UCHAR NotAcknowledged;
    LONG Bit;

    for (Bit = 7; Bit >= 0; Bit--)
        if (!VpWriteBit(Hw, Control, (UCHAR)(Byte >> Bit & 1)))
            return FALSE;
    return VpReadBit(Hw, Control, &NotAcknowledged) && !NotAcknowledged;
}

static BOOLEAN NTAPI VpReadByte(PVOID Hw, PVIDEO_I2C_CONTROL Control, PUCHAR Byte,
                                BOOLEAN Acknowledge)
{
    UCHAR Bit;
    ULONG Index;

    *Byte = 0;
    for (Index = 0; Index < 8; Index++) {
        if (!VpReadBit(Hw, Control, &Bit))
            return FALSE;
        *Byte = (UCHAR)(*Byte << 1 | Bit);
    }
    return VpWriteBit(Hw, Control, Acknowledge ? 0 : 1);
}

/* From idle, or with the clock low in the middle of a transaction (a repeated start). */
BOOLEAN NTAPI VpI2CStart(PVOID HwDeviceExtension, PVIDEO_I2C_CONTROL Control)
{
    VpData(HwDeviceExtension, Control, 1);
    if (!VpClockHigh(HwDeviceExtension, Control) || !Control->ReadDataLine(HwDeviceExtension))
        return FALSE;
    VpData(HwDeviceExtension, Control, 0);
    VpClockLow(HwDeviceExtension, Control);
    return TRUE;
}

BOOLEAN NTAPI VpI2CStop(PVOID HwDeviceExtension, PVIDEO_I2C_CONTROL Control)
{
    VpData(HwDeviceExtension, Control, 0);
    if (!VpClockHigh(HwDeviceExtension, Control))
        return FALSE;
    VpData(HwDeviceExtension, Control, 1);
    return Control->ReadDataLine(HwDeviceExtension);
}

BOOLEAN NTAPI VpI2CWrite(PVOID HwDeviceExtension, PVIDEO_I2C_CONTROL Control, PUCHAR Buffer,
                         ULONG Length)
{
    ULONG Index;

    for (Index = 0; Index < Length; Index++)
        if (!VpWriteByte(HwDeviceExtension, Control, Buffer[Index]))
            return FALSE;
    return TRUE;
}

BOOLEAN NTAPI VpI2CRead(PVOID HwDeviceExtension, PVIDEO_I2C_CONTROL Control, PUCHAR Buffer,
                        ULONG Length, BOOLEAN EndOfRead)
{
    ULONG Index;

    for (Index = 0; Index < Length; Index++)
        if (!VpReadByte(HwDeviceExtension, Control, &Buffer[Index],
                        Index + 1 < Length || !EndOfRead))
            return FALSE;
    return TRUE;
}

VOID NTAPI VpI2CControl(const I2C_CALLBACKS *Callbacks, PVIDEO_I2C_CONTROL Control)
{
    Control->WriteClockLine = Callbacks->WriteClockLine;
    Control->WriteDataLine = Callbacks->WriteDataLine;
    Control->ReadClockLine = Callbacks->ReadClockLine;
    Control->ReadDataLine = Callbacks->ReadDataLine;
    Control->I2CDelay = VP_STANDARD_DELAY;
}
