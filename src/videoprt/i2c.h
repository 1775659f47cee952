/* SPDX-License-Identifier: MIT */
/* I2C by hand over the miniport's two lines: shared by the service that a miniport queries and the
 * reader of monitor data. */
#ifndef VIDEOPRT_I2C_H
#define VIDEOPRT_I2C_H

#include "videoprt.h"

/* Bus transactions on the lines of `Control`. FALSE: nobody acknowledged, or somebody holds a line.
 * PASSIVE_LEVEL. */
BOOLEAN NTAPI VpI2CStart(PVOID HwDeviceExtension, PVIDEO_I2C_CONTROL Control);
BOOLEAN NTAPI VpI2CStop(PVOID HwDeviceExtension, PVIDEO_I2C_CONTROL Control);
BOOLEAN NTAPI VpI2CWrite(PVOID HwDeviceExtension, PVIDEO_I2C_CONTROL Control, PUCHAR Buffer,
                         ULONG Length);
/*
 * EndOfRead: the last byte is not acknowledged, which tells the other side to let go of the line.
 */
BOOLEAN NTAPI VpI2CRead(PVOID HwDeviceExtension, PVIDEO_I2C_CONTROL Control, PUCHAR Buffer,
                        ULONG Length, BOOLEAN EndOfRead);
/* The older callback table, without a delay of its own, as a control. */
VOID NTAPI VpI2CControl(const I2C_CALLBACKS *Callbacks, PVIDEO_I2C_CONTROL Control);

#endif
