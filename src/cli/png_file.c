/* SPDX-License-Identifier: MIT */
/*
 * PNG through libpng. libpng leaves a failing call by longjmp; each function that sets up a return
 * point touches no automatic variable that changes after it.
 */
#include "cli/png_file.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_PER_PIXEL = 4 };

struct vport_png_reader {
    FILE *stream;
    png_structp png;
    png_infop info;
};

static void on_error(png_structp png, png_const_charp text)
{
    char *error = png_get_error_ptr(png);

    if (error[0] == '\0')
        snprintf(error, VPORT_PNG_ERROR_TEXT, "damaged PNG file: %s", text);
    longjmp(png_jmpbuf(png), 1);
}

/* A warning is about something that does not change the pixels. */
static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep bytes, size_t length)
{
    FILE *stream = png_get_io_ptr(png);
    char *error = png_get_error_ptr(png);

    if (fread(bytes, 1, length, stream) == length)
        return;
    snprintf(error, VPORT_PNG_ERROR_TEXT, "%s",
             ferror(stream) ? strerror(errno) : "the file ends in the middle");
    png_error(png, "read");
}

/* Everything becomes 8-bit B, G, R and a zero byte. */
static void read_transform(png_structp png, png_infop info)
{
    png_set_expand(
        png); /* palette and 1, 2, 4 bits to 8, transparency to alpha, which is then dropped */
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    if ((png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) == 0)
        png_set_gray_to_rgb(png);
    png_set_bgr(png);
    png_set_filler(png, 0, PNG_FILLER_AFTER);
}

/* Signature and header. */
static bool read_header(struct vport_png_reader *reader, char *error)
{
    png_byte signature[8];
    size_t length = fread(signature, 1, sizeof(signature), reader->stream);

    if (ferror(reader->stream)) {
        snprintf(error, VPORT_PNG_ERROR_TEXT, "%s", strerror(errno));
        return false;
    }
    if (length < sizeof(signature) || png_sig_cmp(signature, 0, sizeof(signature)) != 0) {
        snprintf(error, VPORT_PNG_ERROR_TEXT, "%s",
                 length == 0 ? "the file is empty" : "not a PNG file");
        return false;
    }
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, error, on_error, on_warning);
    reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
    if (!reader->info) {
        snprintf(error, VPORT_PNG_ERROR_TEXT, "out of memory");
        return false;
    }
    if (setjmp(png_jmpbuf(reader->png)))
        return false;
    png_set_read_fn(reader->png, reader->stream, on_read);
    png_set_sig_bytes(reader->png, sizeof(signature));
    png_read_info(reader->png, reader->info);
    return true;
}

struct vport_png_reader *vport_png_open(const char *path, uint32_t *width, uint32_t *height,
                                        char *error)
{
    struct vport_png_reader *reader = calloc(1, sizeof(*reader));

    error[0] = '\0';
    if (!reader) {
        snprintf(error, VPORT_PNG_ERROR_TEXT, "out of memory");
        return NULL;
    }
    reader->stream = fopen(path, "rbe");
    if (!reader->stream)
        snprintf(error, VPORT_PNG_ERROR_TEXT, "%s", strerror(errno));
    if (!reader->stream || !read_header(reader, error)) {
        vport_png_close(reader);
        return NULL;
    }
    *width = png_get_image_width(reader->png, reader->info);
    *height = png_get_image_height(reader->png, reader->info);
    return reader;
}

bool vport_png_read(struct vport_png_reader *reader, void *pixels, char *error)
{
    size_t stride = (size_t)png_get_image_width(reader->png, reader->info) * BYTES_PER_PIXEL;
    uint32_t height = png_get_image_height(reader->png, reader->info);
    int passes;

    error[0] = '\0';
    png_set_error_fn(reader->png, error, on_error, on_warning);
    if (setjmp(png_jmpbuf(reader->png)))
        return false;
    read_transform(reader->png, reader->info);
    passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    if (png_get_rowbytes(reader->png, reader->info) != stride)
        png_error(reader->png, "unexpected row size");
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++)
            png_read_row(reader->png, (png_bytep)pixels + y * stride, NULL);
    png_read_end(reader->png, NULL);
    return true;
}

void vport_png_close(struct vport_png_reader *reader)
{
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    if (reader->stream)
        fclose(reader->stream);
    free(reader);
}

static void on_write(png_structp png, png_bytep bytes, size_t length)
{
    char *error = png_get_error_ptr(png);

    if (fwrite(bytes, 1, length, png_get_io_ptr(png)) == length)
        return;
    snprintf(error, VPORT_PNG_ERROR_TEXT, "%s", strerror(errno));
    png_error(png, "write");
}

static void on_flush(png_structp png)
{
    (void)png; /* the stream's owner flushes */
}

static bool write_rows(png_structp png, png_infop info, const png_byte *pixels, uint32_t width,
                       uint32_t height, size_t stride)
{
    if (setjmp(png_jmpbuf(png)))
        return false;
    png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 6);
    png_write_info(png, info);
    png_set_filler(png, 0, PNG_FILLER_AFTER);
    png_set_bgr(png);
    for (uint32_t y = 0; y < height; y++)
        png_write_row(png, pixels + y * stride);
    png_write_end(png, NULL);
    return true;
}

bool vport_png_write(FILE *stream, const void *pixels, uint32_t width, uint32_t height,
                     size_t stride, char *error)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, error, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool written = false;

    error[0] = '\0';
    if (info) {
        png_set_write_fn(png, stream, on_write, on_flush);
        written = write_rows(png, info, pixels, width, height, stride);
    } else {
        snprintf(error, VPORT_PNG_ERROR_TEXT, "out of memory");
    }
    png_destroy_write_struct(&png, &info);
    return written;
}
