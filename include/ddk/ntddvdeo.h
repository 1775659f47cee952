/* SPDX-License-Identifier: MIT */
/*
 * ntddvdeo.h - requests of a display driver to a video miniport.
 *
 * The IOCTL_VIDEO_XXX codes which HwVidStartIO receives (the first group is handled by the port and
 * never reaches a miniport) and the structures in VIDEO_REQUEST_PACKET's buffers.
 * Include it after devioctl.h and before video.h; it includes what it needs by itself.
 *
 * Source: the ntddvdeo header's pages, video/ni-ntddvdeo-ioctl_video_xxx and ntddvdeo/ns-...
 */
#ifndef _NTDDVDEO_
#define _NTDDVDEO_

#include "vport_base.h"
#include "guiddef.h"
#include "devioctl.h"

#define VIDEO_DEVICE_NAME "DISPLAY%d"
#define WVIDEO_DEVICE_NAME L"DISPLAY%d"
#define DD_FULLSCREEN_VIDEO_DEVICE_NAME L"\\Device\\FSVideo"

DEFINE_GUID(GUID_DEVINTERFACE_DISPLAY_ADAPTER, 0x5b45201d, 0xf2f2, 0x4f3b, 0x85, 0xbb, 0x30, 0xff,
            0x1f, 0x95, 0x35, 0x99);
DEFINE_GUID(GUID_DEVINTERFACE_MONITOR, 0xe6f07b5f, 0xee97, 0x4a90, 0xb0, 0x76, 0x33, 0xf5, 0x7b,
            0xf4, 0xea, 0xa7);

/* ---- codes ----------------------------------------------------------------------------------- */

#define VPORT_VIDEO_IOCTL(function)                                                              \
    CTL_CODE(FILE_DEVICE_VIDEO, function, METHOD_BUFFERED, FILE_ANY_ACCESS)

#define IOCTL_VIDEO_ENABLE_VDM VPORT_VIDEO_IOCTL(0x000)
#define IOCTL_VIDEO_DISABLE_VDM VPORT_VIDEO_IOCTL(0x001)
#define IOCTL_VIDEO_REGISTER_VDM VPORT_VIDEO_IOCTL(0x002)
#define IOCTL_VIDEO_SET_OUTPUT_DEVICE_POWER_STATE VPORT_VIDEO_IOCTL(0x003)
#define IOCTL_VIDEO_GET_OUTPUT_DEVICE_POWER_STATE VPORT_VIDEO_IOCTL(0x004)
#define IOCTL_VIDEO_MONITOR_DEVICE VPORT_VIDEO_IOCTL(0x005)
#define IOCTL_VIDEO_ENUM_MONITOR_PDO VPORT_VIDEO_IOCTL(0x006)
#define IOCTL_VIDEO_INIT_WIN32K_CALLBACKS VPORT_VIDEO_IOCTL(0x007)
#define IOCTL_VIDEO_HANDLE_VIDEOPARAMETERS VPORT_VIDEO_IOCTL(0x008)
#define IOCTL_VIDEO_IS_VGA_DEVICE VPORT_VIDEO_IOCTL(0x009)
#define IOCTL_VIDEO_USE_DEVICE_IN_SESSION VPORT_VIDEO_IOCTL(0x00a)
#define IOCTL_VIDEO_PREPARE_FOR_EARECOVERY VPORT_VIDEO_IOCTL(0x00b)
#define IOCTL_VIDEO_SAVE_HARDWARE_STATE VPORT_VIDEO_IOCTL(0x080)
#define IOCTL_VIDEO_RESTORE_HARDWARE_STATE VPORT_VIDEO_IOCTL(0x081)
#define IOCTL_VIDEO_QUERY_AVAIL_MODES VPORT_VIDEO_IOCTL(0x100)
#define IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES VPORT_VIDEO_IOCTL(0x101)
#define IOCTL_VIDEO_QUERY_CURRENT_MODE VPORT_VIDEO_IOCTL(0x102)
#define IOCTL_VIDEO_SET_CURRENT_MODE VPORT_VIDEO_IOCTL(0x103)
#define IOCTL_VIDEO_RESET_DEVICE VPORT_VIDEO_IOCTL(0x104)
#define IOCTL_VIDEO_LOAD_AND_SET_FONT VPORT_VIDEO_IOCTL(0x105)
#define IOCTL_VIDEO_SET_PALETTE_REGISTERS VPORT_VIDEO_IOCTL(0x106)
#define IOCTL_VIDEO_SET_COLOR_REGISTERS VPORT_VIDEO_IOCTL(0x107)
#define IOCTL_VIDEO_ENABLE_CURSOR VPORT_VIDEO_IOCTL(0x108)
#define IOCTL_VIDEO_DISABLE_CURSOR VPORT_VIDEO_IOCTL(0x109)
#define IOCTL_VIDEO_SET_CURSOR_ATTR VPORT_VIDEO_IOCTL(0x10a)
#define IOCTL_VIDEO_QUERY_CURSOR_ATTR VPORT_VIDEO_IOCTL(0x10b)
#define IOCTL_VIDEO_SET_CURSOR_POSITION VPORT_VIDEO_IOCTL(0x10c)
#define IOCTL_VIDEO_QUERY_CURSOR_POSITION VPORT_VIDEO_IOCTL(0x10d)
#define IOCTL_VIDEO_ENABLE_POINTER VPORT_VIDEO_IOCTL(0x10e)
#define IOCTL_VIDEO_DISABLE_POINTER VPORT_VIDEO_IOCTL(0x10f)
#define IOCTL_VIDEO_SET_POINTER_ATTR VPORT_VIDEO_IOCTL(0x110)
#define IOCTL_VIDEO_QUERY_POINTER_ATTR VPORT_VIDEO_IOCTL(0x111)
#define IOCTL_VIDEO_SET_POINTER_POSITION VPORT_VIDEO_IOCTL(0x112)
#define IOCTL_VIDEO_QUERY_POINTER_POSITION VPORT_VIDEO_IOCTL(0x113)
#define IOCTL_VIDEO_QUERY_POINTER_CAPABILITIES VPORT_VIDEO_IOCTL(0x114)
#define IOCTL_VIDEO_GET_BANK_SELECT_CODE VPORT_VIDEO_IOCTL(0x115)
#define IOCTL_VIDEO_MAP_VIDEO_MEMORY VPORT_VIDEO_IOCTL(0x116)
#define IOCTL_VIDEO_UNMAP_VIDEO_MEMORY VPORT_VIDEO_IOCTL(0x117)
#define IOCTL_VIDEO_QUERY_PUBLIC_ACCESS_RANGES VPORT_VIDEO_IOCTL(0x118)
#define IOCTL_VIDEO_FREE_PUBLIC_ACCESS_RANGES VPORT_VIDEO_IOCTL(0x119)
#define IOCTL_VIDEO_QUERY_COLOR_CAPABILITIES VPORT_VIDEO_IOCTL(0x11a)
#define IOCTL_VIDEO_SET_POWER_MANAGEMENT VPORT_VIDEO_IOCTL(0x11b)
#define IOCTL_VIDEO_GET_POWER_MANAGEMENT VPORT_VIDEO_IOCTL(0x11c)
#define IOCTL_VIDEO_SHARE_VIDEO_MEMORY VPORT_VIDEO_IOCTL(0x11d)
#define IOCTL_VIDEO_UNSHARE_VIDEO_MEMORY VPORT_VIDEO_IOCTL(0x11e)
#define IOCTL_VIDEO_GET_CHILD_STATE VPORT_VIDEO_IOCTL(0x120)
#define IOCTL_VIDEO_VALIDATE_CHILD_STATE_CONFIGURATION VPORT_VIDEO_IOCTL(0x121)
#define IOCTL_VIDEO_SET_CHILD_STATE_CONFIGURATION VPORT_VIDEO_IOCTL(0x122)
#define IOCTL_VIDEO_SWITCH_DUALVIEW VPORT_VIDEO_IOCTL(0x123)
#define IOCTL_VIDEO_QUERY_SUPPORTED_BRIGHTNESS VPORT_VIDEO_IOCTL(0x125)
#define IOCTL_VIDEO_QUERY_DISPLAY_BRIGHTNESS VPORT_VIDEO_IOCTL(0x126)
#define IOCTL_VIDEO_SET_DISPLAY_BRIGHTNESS VPORT_VIDEO_IOCTL(0x127)

/* ---- modes ----------------------------------------------------------------------------------- */

/* IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES, out */
typedef struct _VIDEO_NUM_MODES {
    ULONG NumModes;
    ULONG ModeInformationLength;
} VIDEO_NUM_MODES, *PVIDEO_NUM_MODES;

/* IOCTL_VIDEO_SET_CURRENT_MODE, in. The two upper bits of RequestedMode are flags. */
typedef struct _VIDEO_MODE {
    ULONG RequestedMode;
} VIDEO_MODE, *PVIDEO_MODE;

#define VIDEO_MODE_MAP_MEM_LINEAR 0x40000000
#define VIDEO_MODE_NO_ZERO_MEMORY 0x80000000

/* IOCTL_VIDEO_QUERY_AVAIL_MODES (array) and _QUERY_CURRENT_MODE, out */
typedef struct _VIDEO_MODE_INFORMATION {
    ULONG Length;
    ULONG ModeIndex;
    ULONG VisScreenWidth;
    ULONG VisScreenHeight;
    ULONG ScreenStride;
    ULONG NumberOfPlanes;
    ULONG BitsPerPlane;
    ULONG Frequency;
    ULONG XMillimeter;
    ULONG YMillimeter;
    ULONG NumberRedBits;
    ULONG NumberGreenBits;
    ULONG NumberBlueBits;
    ULONG RedMask;
    ULONG GreenMask;
    ULONG BlueMask;
    ULONG AttributeFlags;
    ULONG VideoMemoryBitmapWidth;
    ULONG VideoMemoryBitmapHeight;
    ULONG DriverSpecificAttributeFlags;
} VIDEO_MODE_INFORMATION, *PVIDEO_MODE_INFORMATION;

/* VIDEO_MODE_INFORMATION.AttributeFlags */
#define VIDEO_MODE_COLOR 0x0001
#define VIDEO_MODE_GRAPHICS 0x0002
#define VIDEO_MODE_PALETTE_DRIVEN 0x0004
#define VIDEO_MODE_MANAGED_PALETTE 0x0008
#define VIDEO_MODE_INTERLACED 0x0010
#define VIDEO_MODE_NO_OFF_SCREEN 0x0020
#define VIDEO_MODE_NO_64_BIT_ACCESS 0x0040
#define VIDEO_MODE_BANKED 0x0080
#define VIDEO_MODE_LINEAR 0x0100

/* ---- memory ---------------------------------------------------------------------------------- */

/* IOCTL_VIDEO_MAP_VIDEO_MEMORY, _UNMAP_VIDEO_MEMORY and others, in */
typedef struct _VIDEO_MEMORY {
    PVOID RequestedVirtualAddress;
} VIDEO_MEMORY, *PVIDEO_MEMORY;

/* IOCTL_VIDEO_MAP_VIDEO_MEMORY, out */
typedef struct _VIDEO_MEMORY_INFORMATION {
    PVOID VideoRamBase;
    ULONG VideoRamLength;
    PVOID FrameBufferBase;
    ULONG FrameBufferLength;
} VIDEO_MEMORY_INFORMATION, *PVIDEO_MEMORY_INFORMATION;

/* IOCTL_VIDEO_SHARE_VIDEO_MEMORY, in and out */
typedef struct _VIDEO_SHARE_MEMORY {
    HANDLE ProcessHandle;
    ULONG ViewOffset;
    ULONG ViewSize;
    PVOID RequestedVirtualAddress;
} VIDEO_SHARE_MEMORY, *PVIDEO_SHARE_MEMORY;

typedef struct _VIDEO_SHARE_MEMORY_INFORMATION {
    ULONG SharedViewOffset;
    ULONG SharedViewSize;
    PVOID VirtualAddress;
} VIDEO_SHARE_MEMORY_INFORMATION, *PVIDEO_SHARE_MEMORY_INFORMATION;

/* IOCTL_VIDEO_QUERY_PUBLIC_ACCESS_RANGES, out (array) */
typedef struct _VIDEO_PUBLIC_ACCESS_RANGES {
    ULONG InIoSpace;
    ULONG MappedInIoSpace;
    PVOID VirtualAddress;
} VIDEO_PUBLIC_ACCESS_RANGES, *PVIDEO_PUBLIC_ACCESS_RANGES;

/* ---- banks ----------------------------------------------------------------------------------- */

typedef enum _VIDEO_BANK_TYPE {
    VideoNotBanked = 0,
    VideoBanked1RW,
    VideoBanked1R1W,
    VideoBanked2RW,
    NumVideoBankTypes
} VIDEO_BANK_TYPE, *PVIDEO_BANK_TYPE;

/* IOCTL_VIDEO_GET_BANK_SELECT_CODE, out */
typedef struct _VIDEO_BANK_SELECT {
    ULONG Length;
    ULONG Size;
    ULONG BankingFlags;
    ULONG BankingType;
    ULONG PlanarHCBankingType;
    ULONG BitmapWidthInBytes;
    ULONG BitmapSize;
    ULONG Granularity;
    ULONG PlanarHCGranularity;
    ULONG CodeOffset;
    ULONG PlanarHCBankCodeOffset;
    ULONG PlanarHCEnableCodeOffset;
    ULONG PlanarHCDisableCodeOffset;
} VIDEO_BANK_SELECT, *PVIDEO_BANK_SELECT;

/* VIDEO_BANK_SELECT.BankingFlags */
#define PLANAR_HC 0x00000001

/* ---- colours --------------------------------------------------------------------------------- */

typedef struct _VIDEO_COLOR_CAPABILITIES {
    ULONG Length;
    ULONG AttributeFlags;
    LONG RedPhosphoreDecay;
    LONG GreenPhosphoreDecay;
    LONG BluePhosphoreDecay;
    LONG WhiteChromaticity_x;
    LONG WhiteChromaticity_y;
    LONG WhiteChromaticity_Y;
    LONG RedChromaticity_x;
    LONG RedChromaticity_y;
    LONG GreenChromaticity_x;
    LONG GreenChromaticity_y;
    LONG BlueChromaticity_x;
    LONG BlueChromaticity_y;
    LONG WhiteGamma;
    LONG RedGamma;
    LONG GreenGamma;
    LONG BlueGamma;
} VIDEO_COLOR_CAPABILITIES, *PVIDEO_COLOR_CAPABILITIES;

/* VIDEO_COLOR_CAPABILITIES.AttributeFlags */
#define VIDEO_DEVICE_COLOR 0x00000001
#define VIDEO_OPTIONAL_GAMMET_TABLE 0x00000002

typedef struct _VIDEO_CLUTDATA {
    UCHAR Red;
    UCHAR Green;
    UCHAR Blue;
    UCHAR Unused;
} VIDEO_CLUTDATA, *PVIDEO_CLUTDATA;

/* IOCTL_VIDEO_SET_COLOR_REGISTERS, in */
typedef struct {
    USHORT NumEntries;
    USHORT FirstEntry;
    union {
        VIDEO_CLUTDATA RgbArray;
        ULONG RgbLong;
    } LookupTable[1];
} VIDEO_CLUT, *PVIDEO_CLUT;

/* IOCTL_VIDEO_SET_PALETTE_REGISTERS, in */
typedef struct _VIDEO_PALETTE_DATA {
    USHORT NumEntries;
    USHORT FirstEntry;
    USHORT Colors[1];
} VIDEO_PALETTE_DATA, *PVIDEO_PALETTE_DATA;

/* ---- pointer, cursor, font ------------------------------------------------------------------- */

typedef struct _VIDEO_CURSOR_POSITION {
    SHORT Column;
    SHORT Row;
} VIDEO_CURSOR_POSITION, *PVIDEO_CURSOR_POSITION;

typedef struct _VIDEO_CURSOR_ATTRIBUTES {
    USHORT Width;
    USHORT Height;
    SHORT Column;
    SHORT Row;
    UCHAR Rate;
    UCHAR Enable;
} VIDEO_CURSOR_ATTRIBUTES, *PVIDEO_CURSOR_ATTRIBUTES;

typedef struct _VIDEO_POINTER_POSITION {
    SHORT Column;
    SHORT Row;
} VIDEO_POINTER_POSITION, *PVIDEO_POINTER_POSITION;

typedef struct _VIDEO_POINTER_ATTRIBUTES {
    ULONG Flags;
    ULONG Width;
    ULONG Height;
    ULONG WidthInBytes;
    ULONG Enable;
    SHORT Column;
    SHORT Row;
    UCHAR Pixels[1];
} VIDEO_POINTER_ATTRIBUTES, *PVIDEO_POINTER_ATTRIBUTES;

typedef struct _VIDEO_POINTER_CAPABILITIES {
    ULONG Flags;
    ULONG MaxWidth;
    ULONG MaxHeight;
    ULONG HWPtrBitmapStart;
    ULONG HWPtrBitmapEnd;
} VIDEO_POINTER_CAPABILITIES, *PVIDEO_POINTER_CAPABILITIES;

/* VIDEO_POINTER_ATTRIBUTES.Flags, VIDEO_POINTER_CAPABILITIES.Flags */
#define VIDEO_MODE_ASYNC_POINTER 0x01
#define VIDEO_MODE_MONO_POINTER 0x02
#define VIDEO_MODE_COLOR_POINTER 0x04
#define VIDEO_MODE_ANIMATE_START 0x08
#define VIDEO_MODE_ANIMATE_UPDATE 0x10

typedef struct _VIDEO_LOAD_FONT_INFORMATION {
    USHORT WidthInPixels;
    USHORT HeightInPixels;
    ULONG FontSize;
    UCHAR Font[1];
} VIDEO_LOAD_FONT_INFORMATION, *PVIDEO_LOAD_FONT_INFORMATION;

/* ---- power, children, brightness ------------------------------------------------------------- */

typedef enum _VIDEO_POWER_STATE {
    VideoPowerUnspecified = 0,
    VideoPowerOn = 1,
    VideoPowerStandBy,
    VideoPowerSuspend,
    VideoPowerOff,
    VideoPowerHibernate,
    VideoPowerShutdown,
    VideoPowerMaximum
} VIDEO_POWER_STATE, *PVIDEO_POWER_STATE;

typedef struct _VIDEO_POWER_MANAGEMENT {
    ULONG Length;
    ULONG DPMSVersion;
    ULONG PowerState;
} VIDEO_POWER_MANAGEMENT, *PVIDEO_POWER_MANAGEMENT;

#define VIDEO_CHILD_ACTIVE 0x00000001
#define VIDEO_CHILD_DETACHED 0x00000002
#define VIDEO_CHILD_NOPRUNE_FREQ 0x80000000
#define VIDEO_CHILD_NOPRUNE_RESOLUTION 0x40000000

#define VIDEO_DUALVIEW_REMOVABLE 0x00000001
#define VIDEO_DUALVIEW_PRIMARY 0x80000000
#define VIDEO_DUALVIEW_SECONDARY 0x40000000

typedef struct _DISPLAY_BRIGHTNESS {
    UCHAR ucDisplayPolicy;
    UCHAR ucACBrightness;
    UCHAR ucDCBrightness;
} DISPLAY_BRIGHTNESS, *PDISPLAY_BRIGHTNESS;

#define DISPLAYPOLICY_AC 0x00000001
#define DISPLAYPOLICY_DC 0x00000002
#define DISPLAYPOLICY_BOTH 0x00000003

/* ---- VGA state (full-screen VDM) ------------------------------------------------------------- */

typedef struct _VIDEO_HARDWARE_STATE_HEADER {
    ULONG Length;
    UCHAR PortValue[0x30];
    ULONG AttribIndexDataState;
    ULONG BasicSequencerOffset;
    ULONG BasicCrtContOffset;
    ULONG BasicGraphContOffset;
    ULONG BasicAttribContOffset;
    ULONG BasicDacOffset;
    ULONG BasicLatchesOffset;
    ULONG ExtendedSequencerOffset;
    ULONG ExtendedCrtContOffset;
    ULONG ExtendedGraphContOffset;
    ULONG ExtendedAttribContOffset;
    ULONG ExtendedDacOffset;
    ULONG ExtendedValidatorStateOffset;
    ULONG ExtendedMiscDataOffset;
    ULONG PlaneLength;
    ULONG Plane1Offset;
    ULONG Plane2Offset;
    ULONG Plane3Offset;
    ULONG Plane4Offset;
    ULONG VGAStateFlags;
    ULONG DIBOffset;
    ULONG DIBBitsPerPixel;
    ULONG DIBXResolution;
    ULONG DIBYResolution;
    ULONG DIBXlatOffset;
    ULONG DIBXlatLength;
    ULONG VesaInfoOffset;
    PVOID FrameBufferData;
} VIDEO_HARDWARE_STATE_HEADER, *PVIDEO_HARDWARE_STATE_HEADER;

/* VIDEO_HARDWARE_STATE_HEADER.VGAStateFlags */
#define VIDEO_STATE_NON_STANDARD_VGA 0x00000001
#define VIDEO_STATE_UNEMULATED_VGA_STATE 0x00000002
#define VIDEO_STATE_PACKED_CHAIN4_MODE 0x00000004

typedef struct _VIDEO_HARDWARE_STATE {
    PVIDEO_HARDWARE_STATE_HEADER StateHeader;
    ULONG StateLength;
} VIDEO_HARDWARE_STATE, *PVIDEO_HARDWARE_STATE;

/* IOCTL_VIDEO_REGISTER_VDM: out */
typedef struct _VIDEO_REGISTER_VDM {
    ULONG MinimumStateSize;
} VIDEO_REGISTER_VDM, *PVIDEO_REGISTER_VDM;

/* IOCTL_VIDEO_ENABLE_VDM, IOCTL_VIDEO_DISABLE_VDM: in */
typedef struct _VIDEO_VDM {
    HANDLE ProcessHandle;
} VIDEO_VDM, *PVIDEO_VDM;

/* ---- events ---------------------------------------------------------------------------------- */

/* What VideoPortCreateEvent hands out; opaque to the miniport. */
typedef struct _ENG_EVENT {
    PVOID pKEvent;
    ULONG fFlags;
} ENG_EVENT, *PENG_EVENT;
#ifndef _WINDDI_
typedef struct _ENG_EVENT *PEVENT;
#endif

#endif /* _NTDDVDEO_ */
