/* SPDX-License-Identifier: MIT */
/*
 * Pictures through any miniport of this project: the private IOCTLs of miniports/blit_ioctl.h as
 * three calls, for the command and for benchmarks. Knows no adapter.
 */
#ifndef VPORT_HOST_BLIT_H
#define VPORT_HOST_BLIT_H

#include <videoport/host.h>

/* Sets a mode of exactly width x height pixels. `error` (VPORT_ERROR_TEXT bytes) says what the
 * driver answered. */
enum vport_status vport_blit_set_mode(struct vport_machine *machine, uint32_t width,
                                      uint32_t height, char *error);

/*
 * Memory for pixels as a program would have them: malloc's, or the machine's own where the adapter
 * wants that; begins at an odd byte of a page. NULL when there is none.
 */
void *vport_blit_memory_alloc(struct vport_machine *machine, size_t length);
void vport_blit_memory_free(struct vport_machine *machine, void *memory);

/*
 * Moves width x height XRGB8888 pixels, no padding, any alignment, to or from the top left of what
 * the adapter shows. VPORT_E_DEVICE: the driver refused, or moved another number of bytes; `error`
 * says which. VPORT_E_UNSUPPORTED: nothing can be read back from this adapter.
 */
enum vport_status vport_blit_write(struct vport_machine *machine, const void *pixels,
                                   uint32_t width, uint32_t height, char *error);
enum vport_status vport_blit_read(struct vport_machine *machine, void *pixels, uint32_t width,
                                  uint32_t height, char *error);

#endif
