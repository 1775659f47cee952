/* SPDX-License-Identifier: MIT */
/*
 * Pictures in PNG files, in both directions, one row at a time: never more than a few rows of
 * memory besides the caller's pixels. Files may be hostile. Knows no machine.
 */
#ifndef VPORT_CLI_PNG_FILE_H
#define VPORT_CLI_PNG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { VPORT_PNG_ERROR_TEXT = 256 };

struct vport_png_reader;

/*
 * Opens the file and reads its header. NULL: `error` (VPORT_PNG_ERROR_TEXT bytes) says why; it does
 * not repeat the path.
 */
struct vport_png_reader *vport_png_open(const char *path, uint32_t *width, uint32_t *height,
                                        char *error);
/*
 * Reads all pixels as XRGB8888 (bytes B, G, R, 0), rows top down without padding, to `pixels` (any
 * alignment; width * height * 4 bytes). Alpha is dropped, 16-bit samples keep their high byte,
 * smaller ones are expanded. Once. false: `error` says why.
 */
bool vport_png_read(struct vport_png_reader *reader, void *pixels, char *error);
void vport_png_close(struct vport_png_reader *reader);

/* Writes XRGB8888 rows that are `stride` bytes apart as an 8-bit RGB picture; does not close.
 * false: `error` says why. */
bool vport_png_write(FILE *stream, const void *pixels, uint32_t width, uint32_t height,
                     size_t stride, char *error);

#endif
