/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the video port's other services: a machine with a card that only the tests know,
 * and a miniport whose routines are the tests' to set. The DMA calls have the contract suite.
 */
#ifndef TESTS_VIDEOPRT_PORT_H
#define TESTS_VIDEOPRT_PORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <videoport/device.h>
#include <videoport/host.h>

#include "videoprt/videoprt.h"

/* The card: BAR 0 registers, BAR 1 ports, BAR 2 memory. Writing 1 to register 0 raises the
 * interrupt, 0 lowers it; reading anywhere else gives CARD_VALUE of the offset. */
struct card {
    struct vport_device *device;
    uint32_t level;
    struct { /* the last write, and how many there were */
        unsigned bar, width, count;
        uint64_t offset, value;
    } write;
    uint8_t memory[4096] __attribute__((aligned(4096)));
};

#define CARD_VALUE(offset) (0xA0A1A2A3A4A5A6A7u + (offset))

/* What the miniport does; set before port_start. NULL: find maps BAR 0, start_io knows no request,
 * interrupt is not its own. */
struct miniport {
    VIDEO_HW_INITIALIZATION_DATA
    data;              /* filled by port_begin with routines that do nothing; tests change it */
    ULONG init_status; /* VideoPortInitialize's answer */
    VIDEO_PORT_CONFIG_INFO config; /* as HwVidFindAdapter got it */
    VP_STATUS (*find)(PVOID extension, PVIDEO_PORT_CONFIG_INFO config);
    VP_STATUS (*start_io)(PVOID extension, PVIDEO_REQUEST_PACKET packet);
    BOOLEAN (*interrupt)(PVOID extension);
    unsigned finds, initializes, interrupts, timers;
    PUCHAR registers; /* BAR 0, mapped by the standard HwVidFindAdapter */
};

struct port {
    struct card card;
    struct miniport driver;
    struct vport_machine *machine;
    PVOID extension; /* HwDeviceExtension */
};

extern struct port port;

/* Bytes of the card's ROM, 0x55 0xAA and then the low byte of each offset; 0: it has none. Of the
 * next port_begin. */
extern unsigned card_rom_length;

/* Makes the machine; `keys` are of "sim", or "". */
void port_begin(const char *keys);
/* Starts the miniport; VPORT_OK, or what vport_machine_start said. */
enum vport_status port_start(void);
/* Ends everything; `reports` reports that no test has looked at may have been made. */
void port_end(uint64_t reports);

/* Exactly one report since the last look, of this rule. */
void expect_report(const char *rule);
void expect_silence(void);

/* Runs the test's body as driver code at PASSIVE_LEVEL. */
void port_call(void (*body)(void));

#endif
