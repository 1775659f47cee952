/* SPDX-License-Identifier: MIT */
/*
 * initguid.h - makes every DEFINE_GUID after it a definition.
 *
 * Include it in one source file of a driver before the headers which declare the GUIDs.
 * Source: kernel/defining-and-exporting-new-guids.
 */
#ifndef INITGUID
#define INITGUID
#endif
#include "guiddef.h"
