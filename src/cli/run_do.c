/* SPDX-License-Identifier: MIT */
/* The work of `videoport run`: files in, the machine process, files out. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/file.h"
#include "cli/message.h"
#include "cli/png_file.h"
#include "cli/output.h"
#include "cli/run.h"
#include "ldr/pe.h"
#include "run/account.h"
#include "run/supervisor.h"

enum { DRIVER_MAX = 256 << 20, PICTURE_MAX = 64 << 20 /* pixels */ };

struct run {
    struct vport_run_options *options;
    char *driver; /* the file's bytes */
    size_t driver_size;
    bool is_image;
    struct vport_pe pe;
    uint32_t *picture;
    char program[PATH_MAX];
    struct vport_output screenshot;
    struct vport_account *account;
    struct vport_supervisor_result result;
};

/* ---- What is given ---- */

static int read_driver(struct run *run)
{
    const char *path = run->options->driver;
    char error[VPORT_PE_ERROR];

    run->driver = vport_file_read(path, DRIVER_MAX, &run->driver_size);
    if (!run->driver) {
        vport_message("%s: %s", path, strerror(errno));
        return VPORT_EXIT_FAILED;
    }
    if (run->driver_size >= 4 && !memcmp(run->driver, "\177ELF", 4)) {
        run->options->job.shared_object = true;
        return VPORT_EXIT_OK;
    }
    if (vport_pe_parse(run->driver, run->driver_size, &run->pe, error) != VPORT_OK) {
        vport_message("%s: %s", path, error);
        return VPORT_EXIT_FAILED;
    }
    run->is_image = true;
    return VPORT_EXIT_OK;
}

/* A shared object is opened by its path, which must not be searched for; an image is shown by its
 * name. */
static int name_driver(struct run *run)
{
    const char *path = run->options->driver;
    const char *slash = strrchr(path, '/');

    run->options->job.driver =
        run->options->job.shared_object ? realpath(path, NULL) : strdup(slash ? slash + 1 : path);
    if (run->options->job.driver)
        return VPORT_EXIT_OK;
    vport_message("%s: %s", path, strerror(errno));
    return VPORT_EXIT_FAILED;
}

static int read_picture(struct run *run)
{
    struct vport_job *job = &run->options->job;
    const char *path = run->options->picture;
    char error[VPORT_PNG_ERROR_TEXT] = "";
    struct vport_png_reader *reader;
    bool good = false;

    if (!path)
        return VPORT_EXIT_OK;
    reader = vport_png_open(path, &job->picture_width, &job->picture_height, error);
    if (reader && (uint64_t)job->picture_width * job->picture_height > PICTURE_MAX)
        snprintf(error, sizeof(error), "larger than %d pixels", PICTURE_MAX);
    else if (reader)
        run->picture = malloc((size_t)job->picture_width * job->picture_height * 4);
    if (run->picture)
        good = vport_png_read(reader, run->picture, error);
    if (reader)
        vport_png_close(reader);
    if (!good)
        vport_message("%s: %s", path, error[0] ? error : "no memory");
    return good ? VPORT_EXIT_OK : VPORT_EXIT_FAILED;
}

/* ---- The other program ---- */

/* Beside this one, or in the libexec beside its bin, wherever that was moved to, or where it was
 * installed (the build says where). */
static int find_i386(struct run *run)
{
    static const char *const beside[] = {"videoport-i386", "../libexec/videoport/videoport-i386"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    self[length > 0 ? length : 0] = '\0';
    slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        snprintf(run->program, sizeof(run->program), "%.*s/%s", PATH_MAX - 40, self, beside[i]);
        if (access(run->program, X_OK) == 0)
            return VPORT_EXIT_OK;
    }
    snprintf(run->program, sizeof(run->program), "%s/videoport-i386", VPORT_LIBEXECDIR);
    if (access(run->program, X_OK) == 0)
        return VPORT_EXIT_OK;
    vport_message(
        "%s: an i386 driver needs the program videoport-i386, which is neither beside this one "
        "nor in %s",
        run->options->driver, VPORT_LIBEXECDIR);
    return VPORT_EXIT_ENVIRONMENT;
}

/*
 * A shared object's memcpy is the C library's, and it may name registers. Then each access has to
 * be emulated, which the machine's process does for vectors of up to 16 bytes and string
 * instructions: the library is told to keep to those.
 */
static void choose_copies(void)
{
    setenv("GLIBC_TUNABLES",
           "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-AVX_Fast_Unaligned_Load", 0);
}

static int find_program(struct run *run)
{
    if (!run->is_image)
        choose_copies();
    if (run->is_image && run->pe.machine == VPORT_PE_I386)
        return find_i386(run);
    snprintf(run->program, sizeof(run->program), "/proc/self/exe");
    return VPORT_EXIT_OK;
}

static int supervise(struct run *run)
{
    static const char *const arguments[] = {"videoport", "machine-process", NULL};
    struct vport_supervisor_request request = {
        .job = &run->options->job,
        .driver = run->driver,
        .driver_size = run->driver_size,
        .picture = run->picture,
        .sandbox = run->options->sandbox,
        .timeout = run->options->timeout,
        .program = run->program,
        .arguments = arguments,
        .i386 = run->is_image && run->pe.machine == VPORT_PE_I386,
        .line = vport_account_line,
        .context = run->account,
    };
    int error = vport_supervise(&request, &run->result);

    if (error)
        vport_message("the machine's process cannot be started: %s", strerror(error));
    return error ? VPORT_EXIT_FAILED : VPORT_EXIT_OK;
}

/* ---- What comes out ---- */

static int write_screenshot(struct run *run)
{
    char error[VPORT_PNG_ERROR_TEXT];
    uint32_t width, height;
    int problem;

    if (!run->screenshot.stream)
        return VPORT_EXIT_OK;
    if (!vport_account_screen(run->account, &width, &height) ||
        run->result.screen_size / 4 / width < height)
        return VPORT_EXIT_OK; /* the account says why there is none */
    if (!vport_png_write(run->screenshot.stream, run->result.screen, width, height,
                         (size_t)width * 4, error)) {
        vport_message("%s: not written: %s", run->options->screenshot, error);
        return VPORT_EXIT_FAILED;
    }
    problem = vport_output_commit(&run->screenshot);
    if (problem)
        vport_message("%s: not written: %s", run->options->screenshot, strerror(problem));
    return problem ? VPORT_EXIT_FAILED : VPORT_EXIT_OK;
}

static int write_outputs(struct run *run)
{
    int code = VPORT_EXIT_OK;

    for (unsigned i = 0; i < run->options->job.ioctls; i++) {
        size_t length;
        const uint8_t *bytes = vport_account_output(run->account, i, &length);

        if (run->options->output[i] && bytes &&
            !vport_file_write(run->options->output[i], bytes, length))
            code = VPORT_EXIT_FAILED;
    }
    return code;
}

static int run_through(struct run *run)
{
    int code = read_driver(run);
    int error;

    if (code == VPORT_EXIT_OK)
        code = name_driver(run);
    if (code == VPORT_EXIT_OK)
        code = read_picture(run);
    if (code == VPORT_EXIT_OK)
        code = find_program(run);
    if (code != VPORT_EXIT_OK)
        return code;
    if (run->options->screenshot) {
        error = vport_output_open(&run->screenshot, run->options->screenshot);
        if (error) {
            vport_message("%s: cannot be written: %s", run->options->screenshot, strerror(error));
            return VPORT_EXIT_FAILED;
        }
        run->options->job.screenshot = true;
    }
    run->account = vport_account_begin(run->options->job.driver, run->driver, run->driver_size,
                                       run->options->json);
    return run->account ? supervise(run) : VPORT_EXIT_FAILED;
}

int vport_run_do(struct vport_run_options *options)
{
    struct run run = {.options = options};
    int code = run_through(&run), written = VPORT_EXIT_OK;

    if (code == VPORT_EXIT_OK) {
        written = write_screenshot(&run);
        if (written == VPORT_EXIT_OK)
            written = write_outputs(&run);
    }
    if (run.account)
        code = code == VPORT_EXIT_OK ? vport_account_end(run.account, &run.result) : code;
    vport_output_abandon(&run.screenshot);
    free(run.result.screen);
    free(run.picture);
    free(run.driver);
    for (unsigned i = 0; i < options->job.ioctls; i++)
        free((char *)(uintptr_t)options->output[i]);
    options->job.adapter = NULL; /* the command line's, not ours */
    vport_job_free(&options->job);
    return code == VPORT_EXIT_OK ? written : code;
}
