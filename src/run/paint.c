/* SPDX-License-Identifier: MIT */
/* Drawing the test picture. See paint.h. */
#include "run/paint.h"

#include <stdlib.h>
#include <string.h>

#include <ntdef.h>
#include <devioctl.h>
#include <ntddvdeo.h>

#include "host/inside.h"
#include "run/trap_machine.h"

/* Eight bars, under them a grey ramp, a white frame around all. */
/* Colour of the test picture's pixel, 0x00RRGGBB. */
static uint32_t paint_colour(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    static const uint32_t bars[8] = {0xffffff, 0xffff00, 0x00ffff, 0x00ff00,
                                     0xff00ff, 0xff0000, 0x0000ff, 0x000000};

    if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
        return 0xffffff;
    if (y < height - height / 4)
        return bars[(uint64_t)x * 8 / width];
    return 0x010101 * (uint32_t)((uint64_t)x * 255 / width);
}

/* The upper bits of an 8-bit component at the place of `mask`. */
static uint32_t place(uint32_t component, uint32_t mask)
{
    unsigned low = mask ? (unsigned)__builtin_ctz(mask) : 0;
    unsigned bits = mask ? 32 - (unsigned)__builtin_clz(mask >> low) : 0;

    if (!mask)
        return 0;
    return (bits > 8 ? component << (bits - 8) : component >> (8 - bits)) << low & mask;
}

static uint32_t pixel_of(const struct vport_mode_info *mode, uint32_t colour)
{
    uint32_t red = colour >> 16, green = colour >> 8 & 255, blue = colour & 255;

    if (mode->bits == 8) /* the palette below: three bits, three, two */
        return (red & 0xe0) | (green & 0xe0) >> 3 | blue >> 6;
    return place(red, mode->red) | place(green, mode->green) | place(blue, mode->blue);
}

static void set_palette(struct vport_machine *machine)
{
    struct {
        USHORT count, first;
        VIDEO_CLUTDATA colour[256];
    } palette = {.count = 256};

    for (unsigned i = 0; i < 256; i++)
        palette.colour[i] = (VIDEO_CLUTDATA){.Red = (UCHAR)((i >> 5) * 255 / 7),
                                             .Green = (UCHAR)((i >> 2 & 7) * 255 / 7),
                                             .Blue = (UCHAR)((i & 3) * 255 / 3)};
    vport_machine_control(machine, IOCTL_VIDEO_SET_COLOR_REGISTERS, &palette, sizeof(palette), NULL,
                          0, NULL);
}

/* Drivers leave the masks out where they are the usual ones. */
static void default_masks(struct vport_mode_info *mode)
{
    bool five = mode->bits == 15;

    if (mode->red || mode->green || mode->blue)
        return;
    mode->red = mode->bits >= 24 ? 0xff0000 : five ? 0x7c00 : 0xf800;
    mode->green = mode->bits >= 24 ? 0x00ff00 : five ? 0x03e0 : 0x07e0;
    mode->blue = mode->bits >= 24 ? 0x0000ff : 0x001f;
}

/* The frame buffer: memory, or, where the bus has none to give, addresses that only the register
 * routines reach. */
struct canvas {
    const struct vport_mode_info *mode;
    uint8_t *frame_buffer;
    uint8_t *row; /* one row of the picture */
    uint32_t row_bytes;
    bool memory;
    bool reachable;
};

static void probe(void *context)
{
    struct canvas *canvas = context;
    uint8_t *last = canvas->frame_buffer +
                    (size_t)(canvas->mode->height - 1) * canvas->mode->stride + canvas->row_bytes -
                    1;

    canvas->memory = MmIsAddressValid(canvas->frame_buffer) && MmIsAddressValid(last);
    canvas->reachable = canvas->memory || (vport_trap_owns((uintptr_t)canvas->frame_buffer) &&
                                           vport_trap_owns((uintptr_t)last));
}

static void make_row(struct canvas *canvas, uint32_t y)
{
    const struct vport_mode_info *mode = canvas->mode;
    uint32_t bytes = (mode->bits + 7) / 8;

    for (uint32_t x = 0; x < mode->width; x++) {
        uint32_t pixel = pixel_of(mode, paint_colour(x, y, mode->width, mode->height));

        memcpy(canvas->row + (size_t)x * bytes, &pixel, bytes);
    }
}

static void draw(void *context)
{
    struct canvas *canvas = context;
    uint32_t words = canvas->row_bytes / 4, rest = canvas->row_bytes % 4;

    for (uint32_t y = 0; y < canvas->mode->height; y++) {
        uint8_t *to = canvas->frame_buffer + (size_t)y * canvas->mode->stride;

        make_row(canvas, y);
        if (canvas->memory) {
            memcpy(to, canvas->row, canvas->row_bytes);
            continue;
        }
        WRITE_REGISTER_BUFFER_ULONG((volatile ULONG *)to, (PULONG)canvas->row, words);
        WRITE_REGISTER_BUFFER_UCHAR(to + 4 * words, canvas->row + 4 * words, rest);
    }
}

/* ---- Four planes: a VGA's, of which its registers choose the one that is written ---- */

enum {
    VGA_SEQUENCER = 0x3c4,
    VGA_GRAPHICS = 0x3ce,
    MAP_MASK = 2,
    PLANES = 4,
};

static bool is_planar(const struct vport_mode_info *mode)
{
    return mode->planes == PLANES && mode->bits == PLANES;
}

/* In bytes. A driver's mode may be nonsense: no product of its members fits in 32 bits for sure. */
static uint64_t row_length(const struct vport_mode_info *mode)
{
    return is_planar(mode) ? mode->width / 8 : (uint64_t)mode->width * ((mode->bits + 7) / 8);
}

/* The colour's number among the sixteen that a VGA begins with: intensity, red, green, blue. */
static uint32_t vga_colour(uint32_t colour)
{
    static const uint8_t greys[] = {0, 8, 7, 15};
    uint32_t red = colour >> 16, green = colour >> 8 & 255, blue = colour & 255;

    if (red == green && green == blue)
        return greys[(red + 42) / 85];
    return 8u | (red ? 4 : 0) | (green ? 2 : 0) | (blue ? 1 : 0);
}

static void vga_set(ULONG_PTR port, UCHAR index, UCHAR value)
{
    WRITE_PORT_UCHAR((PUCHAR)port, index);
    WRITE_PORT_UCHAR((PUCHAR)(port + 1), value);
}

static void make_plane_row(struct canvas *canvas, uint32_t y, unsigned plane)
{
    const struct vport_mode_info *mode = canvas->mode;

    memset(canvas->row, 0, canvas->row_bytes);
    for (uint32_t x = 0; x < mode->width; x++) {
        uint32_t colour = vga_colour(paint_colour(x, y, mode->width, mode->height));

        canvas->row[x / 8] |= (uint8_t)((colour >> plane & 1) << (7 - x % 8));
    }
}

static void draw_planes(void *context)
{
    static const UCHAR plain[][2] = {{0, 0}, {1, 0}, {3, 0}, {5, 0}, {8, 0xff}};
    struct canvas *canvas = context;

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        vga_set(VGA_GRAPHICS, plain[i][0], plain[i][1]);
    for (unsigned plane = 0; plane < PLANES; plane++) {
        vga_set(VGA_SEQUENCER, MAP_MASK, (UCHAR)(1u << plane));
        for (uint32_t y = 0; y < canvas->mode->height; y++) {
            make_plane_row(canvas, y, plane);
            WRITE_REGISTER_BUFFER_UCHAR(canvas->frame_buffer + (size_t)y * canvas->mode->stride,
                                        canvas->row, canvas->row_bytes);
        }
    }
    vga_set(VGA_SEQUENCER, MAP_MASK, 0x0f);
}

static const char *check_mode(const struct vport_mode_info *mode, uint32_t length)
{
    uint64_t row = row_length(mode);

    if (!is_planar(mode) && (mode->planes > 1 || mode->bits < 8 || mode->bits > 32))
        return "the mode has neither 8 to 32 bits a pixel nor four planes";
    if (mode->flags & VIDEO_MODE_BANKED)
        return "the mode is banked";
    if (mode->stride < row)
        return "the mode's stride is shorter than its rows";
    if ((uint64_t)(mode->height - 1) * mode->stride + row > length)
        return "the mapped frame buffer is shorter than the mode's picture";
    return NULL;
}

const char *vport_paint(struct vport_machine *machine, const struct vport_mode_info *wanted,
                        void *frame_buffer, uint32_t length)
{
    struct vport_mode_info mode = *wanted;
    struct canvas canvas = {
        .mode = &mode, .frame_buffer = frame_buffer, .row_bytes = (uint32_t)row_length(&mode)};
    const char *problem = check_mode(&mode, length);

    if (problem)
        return problem;
    vport_machine_call(machine, probe, &canvas);
    if (!canvas.reachable)
        return "the frame buffer's address is not one of memory";
    canvas.row = malloc(canvas.row_bytes + sizeof(uint32_t));
    if (!canvas.row)
        return "there is no memory for a row";
    if (mode.bits == 8)
        set_palette(machine);
    default_masks(&mode);
    vport_machine_call(machine, is_planar(&mode) ? draw_planes : draw, &canvas);
    free(canvas.row);
    return NULL;
}
