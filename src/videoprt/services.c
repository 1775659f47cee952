/* SPDX-License-Identifier: MIT */
/* VideoPortQueryServices: tables of functions. I2C and the debug report are here; the rest needs
 * hardware that is not. */
#include "i2c.h"

/* The tables belong to the driver, which lives longer than anybody who holds one. */
static VOID NTAPI VpServiceReference(PVOID Context)
{
}

/* mingw-w64 declares the two reference pointers without a calling convention, which on x86 is not
 * the documented one. */
#define VP_REFERENCE   ((PINTERFACE_REFERENCE)(PVOID)VpServiceReference)
#define VP_DEREFERENCE ((PINTERFACE_DEREFERENCE)(PVOID)VpServiceReference)

static VOID NTAPI VpFillInterface(PINTERFACE Interface)
{
    Interface->Context = NULL;
    Interface->InterfaceReference = VP_REFERENCE;
    Interface->InterfaceDereference = VP_DEREFERENCE;
}

/* ---- I2C, version 1: the older callbacks ---- */

static BOOLEAN NTAPI VpOldStart(PVOID HwDeviceExtension, PI2C_CALLBACKS Callbacks)
{
    VIDEO_I2C_CONTROL Control;

    VpI2CControl(Callbacks, &Control);
    return VpI2CStart(HwDeviceExtension, &Control);
}

static BOOLEAN NTAPI VpOldStop(PVOID HwDeviceExtension, PI2C_CALLBACKS Callbacks)
{
    VIDEO_I2C_CONTROL Control;

    VpI2CControl(Callbacks, &Control);
    return VpI2CStop(HwDeviceExtension, &Control);
}

static BOOLEAN NTAPI VpOldWrite(PVOID HwDeviceExtension, PI2C_CALLBACKS Callbacks, PUCHAR Buffer,
                                ULONG Length)
{
    VIDEO_I2C_CONTROL Control;

    VpI2CControl(Callbacks, &Control);
    return VpI2CWrite(HwDeviceExtension, &Control, Buffer, Length);
}

static BOOLEAN NTAPI VpOldRead(PVOID HwDeviceExtension, PI2C_CALLBACKS Callbacks, PUCHAR Buffer,
                               ULONG Length)
{
    VIDEO_I2C_CONTROL Control;

    VpI2CControl(Callbacks, &Control);
    return VpI2CRead(HwDeviceExtension, &Control, Buffer, Length, TRUE);
}

/* A miniport may ask for the newest table first, and content itself with an older one. */
static VP_STATUS NTAPI VpRefuseTable(PCSTR Service, PINTERFACE Interface, PCSTR Known)
{
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_INFO_LEVEL,
               "VideoPortQueryServices: %s: version %u in %u bytes is unknown; there is %s\n",
               Service, (ULONG)Interface->Version, (ULONG)Interface->Size, Known);
    return ERROR_INVALID_PARAMETER;
}

static VP_STATUS NTAPI VpQueryI2C(PINTERFACE Interface)
{
    PVIDEO_PORT_I2C_INTERFACE Old = (PVIDEO_PORT_I2C_INTERFACE)Interface;
    PVIDEO_PORT_I2C_INTERFACE_2 New = (PVIDEO_PORT_I2C_INTERFACE_2)Interface;

    if (Interface->Version == VIDEO_PORT_I2C_INTERFACE_VERSION_1 &&
        Interface->Size >= sizeof(*Old)) {
        Old->I2CStart = VpOldStart;
        Old->I2CStop = VpOldStop;
        Old->I2CWrite = VpOldWrite;
        Old->I2CRead = VpOldRead;
    } else if (Interface->Version == VIDEO_PORT_I2C_INTERFACE_VERSION_2 &&
               Interface->Size >= sizeof(*New)) {
        New->I2CStart = VpI2CStart;
        New->I2CStop = VpI2CStop;
        New->I2CWrite = VpI2CWrite;
        New->I2CRead = VpI2CRead;
    } else {
        return VpRefuseTable("I2C", Interface, "version 1 and version 2");
    }
    VpFillInterface(Interface);
    return NO_ERROR;
}

/* ---- Debug report ---- */

static VP_STATUS NTAPI VpQueryDebugReport(PINTERFACE Interface)
{
    PVIDEO_PORT_DEBUG_REPORT_INTERFACE Report = (PVIDEO_PORT_DEBUG_REPORT_INTERFACE)Interface;

    if (Interface->Version != VIDEO_PORT_DEBUG_REPORT_INTERFACE_VERSION_1 ||
        Interface->Size < sizeof(*Report))
        return VpRefuseTable("debug report", Interface, "version 1");
    Report->DbgReportCreate = (PVOID)VideoPortDbgReportCreate;
    Report->DbgReportSecondaryData = (PVOID)VideoPortDbgReportSecondaryData;
    Report->DbgReportComplete = (PVOID)VideoPortDbgReportComplete;
    VpFillInterface(Interface);
    return NO_ERROR;
}

/* ---- Exports ---- */

static VP_STATUS NTAPI VpRefuseService(VIDEO_PORT_SERVICES Type)
{
    static const struct {
        VIDEO_PORT_SERVICES Type;
        PCSTR Why;
    } Missing[] = {
        {VideoPortServicesAGP, "AGP: there is no AGP bridge on this computer"},
        {VideoPortServicesHeadless,
         "headless: there is no emergency management console on this computer"},
        {VideoPortServicesInt10, "INT 10h: there is no video BIOS to call"},
        {VideoPortServicesWCMemoryProtection,
         "write-combining protection: mappings here have no cache type"},
    };
    ULONG Index;

    for (Index = 0; Index < RTL_NUMBER_OF(Missing); Index++)
        if (Missing[Index].Type == Type)
            break;
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_INFO_LEVEL, "VideoPortQueryServices: service %u: %s\n",
               (ULONG)Type, Index < RTL_NUMBER_OF(Missing) ? Missing[Index].Why : "there is none");
    return ERROR_INVALID_FUNCTION;
}

/* An error means that the service is not there; the miniport does without it. */
VP_STATUS NTAPI VideoPortQueryServices(PVOID HwDeviceExtension, VIDEO_PORT_SERVICES ServicesType,
                                       PINTERFACE Interface)
{
    if (Interface == NULL || VpCheckDevice(HwDeviceExtension, "VideoPortQueryServices") == NULL)
        return ERROR_INVALID_PARAMETER;
    if (ServicesType == VideoPortServicesI2C)
        return VpQueryI2C(Interface);
    if (ServicesType == VideoPortServicesDebugReport)
        return VpQueryDebugReport(Interface);
    return VpRefuseService(ServicesType);
}

/* The older way to ask for AGP. */
BOOLEAN NTAPI VideoPortGetAgpServices(PVOID HwDeviceExtension, PVIDEO_PORT_AGP_SERVICES AgpServices)
{
    (void)VpRefuseService(VideoPortServicesAGP);
    return FALSE;
}
