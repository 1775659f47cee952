/* SPDX-License-Identifier: MIT */
/* Reading and writing whole files. See file.h. */
#include "cli/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/output.h"

static void *read_stream(FILE *stream, size_t most, size_t *size)
{
    size_t room = 65536;
    char *bytes = NULL, *more;

    for (*size = 0;;) {
        more = realloc(bytes, room);
        if (!more)
            break;
        bytes = more;
        *size += fread(bytes + *size, 1, room - *size, stream);
        if (ferror(stream) || (*size > most && (errno = EFBIG)))
            break;
        if (feof(stream))
            return bytes;
        room *= 2;
    }
    free(bytes);
    return NULL;
}

void *vport_file_read(const char *path, size_t most, size_t *size)
{
    FILE *stream = fopen(path, "rbe");
    void *bytes = stream ? read_stream(stream, most, size) : NULL;
    int error = errno;

    if (stream)
        fclose(stream);
    errno = error;
    return bytes;
}

bool vport_file_write(const char *path, const void *bytes, size_t size)
{
    struct vport_output output = {0};
    int error = vport_output_open(&output, path);

    if (!error && size && fwrite(bytes, 1, size, output.stream) != size)
        error = errno ? errno : EIO;
    if (!error)
        error = vport_output_commit(&output);
    else
        vport_output_abandon(&output);
    if (error)
        vport_message("%s: not written: %s", path, strerror(error));
    return !error;
}
