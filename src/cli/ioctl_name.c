/* SPDX-License-Identifier: MIT */
/* The video requests' names. See ioctl_name.h. */
#include "cli/ioctl_name.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include <ntdef.h>
#include <devioctl.h>
#include <ntddvdeo.h>

static const struct {
    const char *name; /* without the prefix */
    uint32_t code;
} names[] = {
#define NAME(name) {#name, IOCTL_VIDEO_##name},
    NAME(ENABLE_VDM) NAME(DISABLE_VDM) NAME(REGISTER_VDM) NAME(SET_OUTPUT_DEVICE_POWER_STATE)
        NAME(GET_OUTPUT_DEVICE_POWER_STATE) NAME(MONITOR_DEVICE) NAME(ENUM_MONITOR_PDO)
            NAME(INIT_WIN32K_CALLBACKS) NAME(HANDLE_VIDEOPARAMETERS) NAME(IS_VGA_DEVICE) NAME(
                USE_DEVICE_IN_SESSION) NAME(PREPARE_FOR_EARECOVERY) NAME(SAVE_HARDWARE_STATE)
                NAME(RESTORE_HARDWARE_STATE) NAME(QUERY_AVAIL_MODES) NAME(QUERY_NUM_AVAIL_MODES)
                    NAME(QUERY_CURRENT_MODE) NAME(SET_CURRENT_MODE) NAME(RESET_DEVICE) NAME(
                        LOAD_AND_SET_FONT) NAME(SET_PALETTE_REGISTERS) NAME(SET_COLOR_REGISTERS)
                        NAME(ENABLE_CURSOR) NAME(DISABLE_CURSOR) NAME(SET_CURSOR_ATTR) NAME(
                            QUERY_CURSOR_ATTR) NAME(SET_CURSOR_POSITION) NAME(QUERY_CURSOR_POSITION)
                            NAME(ENABLE_POINTER) NAME(DISABLE_POINTER) NAME(SET_POINTER_ATTR)
                                NAME(QUERY_POINTER_ATTR) NAME(SET_POINTER_POSITION)
                                    NAME(QUERY_POINTER_POSITION) NAME(QUERY_POINTER_CAPABILITIES)
                                        NAME(GET_BANK_SELECT_CODE) NAME(MAP_VIDEO_MEMORY) NAME(
                                            UNMAP_VIDEO_MEMORY) NAME(QUERY_PUBLIC_ACCESS_RANGES)
                                            NAME(FREE_PUBLIC_ACCESS_RANGES) NAME(
                                                QUERY_COLOR_CAPABILITIES) NAME(SET_POWER_MANAGEMENT)
                                                NAME(GET_POWER_MANAGEMENT) NAME(SHARE_VIDEO_MEMORY)
                                                    NAME(UNSHARE_VIDEO_MEMORY) NAME(GET_CHILD_STATE)
                                                        NAME(VALIDATE_CHILD_STATE_CONFIGURATION)
                                                            NAME(SET_CHILD_STATE_CONFIGURATION)
                                                                NAME(SWITCH_DUALVIEW) NAME(
                                                                    QUERY_SUPPORTED_BRIGHTNESS)
                                                                    NAME(QUERY_DISPLAY_BRIGHTNESS)
                                                                        NAME(SET_DISPLAY_BRIGHTNESS)
#undef NAME
};

bool vport_ioctl_find(const char *text, uint32_t *code)
{
    static const char prefix[] = "IOCTL_VIDEO_";
    unsigned long long number;
    char *end;

    errno = 0;
    number = strtoull(text, &end, 0);
    *code = (uint32_t)number;
    if (*text >= '0' && *text <= '9')
        return *end == '\0' && errno == 0 && number <= UINT32_MAX;
    if (!strncasecmp(text, prefix, sizeof(prefix) - 1))
        text += sizeof(prefix) - 1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcasecmp(names[i].name, text)) {
            *code = names[i].code;
            return true;
        }
    return false;
}
