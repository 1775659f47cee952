/* SPDX-License-Identifier: MIT */
/*
 * What the path StartDma -> HwVidExecuteDma -> CompleteDma must not do once it is warm, nor
 * VideoPortLockBuffer and VideoPortUnlockBuffer of the machine's memory: allocate, take a mutex
 * (but the queue's, if it has to wait), enter the kernel. Shown on whole machines, through a
 * miniport's own calls.
 *
 * Each case runs in a child process. The linker sends every way to memory and to mutexes through
 * this file, which counts; and a seccomp filter on the thread turns any system call into a signal,
 * whose handler tells the parent which one it was.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/port.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* else the runtime makes system calls of its own */
#endif

enum { WARM_UP = 300, ROUNDS = 3000, PAGE = VPORT_BENCH_PAGE, WINDOWS = 64 };

/* ---- Counting --------------------------------------------------------------------------- */

/* This thread's: the machine's own threads may do what they like. */
static _Thread_local unsigned calls;
static _Thread_local unsigned mutexes;
static _Thread_local const char *last; /* that was called */

#define COUNTED(counter, type, name, parameters, ...)                                              \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        counter++;                                                                                 \
        last = #name;                                                                              \
        return __real_##name(__VA_ARGS__);                                                         \
    }

COUNTED(calls, void *, malloc, (size_t size), size)
COUNTED(calls, void *, calloc, (size_t count, size_t size), count, size)
COUNTED(calls, void *, realloc, (void *old, size_t size), old, size)
COUNTED(calls, void *, aligned_alloc, (size_t alignment, size_t size), alignment, size)
COUNTED(calls, void, free, (void *memory), memory)
COUNTED(calls, void *, mmap,
        (void *at, size_t size, int protection, int flags, int file, off_t offset), at, size,
        protection, flags, file, offset)
COUNTED(calls, int, munmap, (void *at, size_t size), at, size)
COUNTED(calls, int, mprotect, (void *at, size_t size, int protection), at, size, protection)
COUNTED(calls, int, madvise, (void *at, size_t size, int advice), at, size, advice)
COUNTED(mutexes, int, pthread_mutex_lock, (pthread_mutex_t * mutex), mutex)

/* ---- System calls ----------------------------------------------------------------------- */

/* How a child ends; the parent reads it from the exit status. */
enum ending {
    CLEAN,
    ALLOCATED,
    NOT_DONE, /* the transfers did not work, or there were reports */
    SYSTEM_CALL,
    NO_FILTER, /* this kernel has no seccomp */
};

static void on_system_call(int signal, siginfo_t *info, void *context)
{
    static const char text[] = "    system call ";
    char number[4] = {(char)('0' + info->si_syscall / 100 % 10),
                      (char)('0' + info->si_syscall / 10 % 10), (char)('0' + info->si_syscall % 10),
                      '\n'};

    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0 || write(STDERR_FILENO, number, 4) < 0)
        _exit(SYSTEM_CALL);
    _exit(SYSTEM_CALL);
}

/* From here on this thread may write, end, and nothing else. */
static bool forbid_system_calls(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    struct sigaction action = {.sa_sigaction = on_system_call, .sa_flags = SA_SIGINFO};

    sigaction(SIGSYS, &action, NULL);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* ---- Cases ------------------------------------------------------------------------------ */

struct path {
    struct vport_bench_port port;
    uint32_t length; /* of a transfer */
    bool locks;      /* instead: the buffer is locked and unlocked */
    bool queued;     /* two at a time over the registers of one */
    bool broken;     /* the miniport makes a system call of its own */
    bool allocates;  /* the miniport allocates */
    bool failed;
    unsigned calls; /* that were made while it mattered */
};

static void complete(struct path *path, PVP_SCATTER_GATHER_LIST *list, bool to_device)
{
    vport_bench_complete(&path->port, *list, to_device);
    *list = NULL;
}

/* One transfer, or one that goes and one that waits for its registers. */
static void transfer(struct path *path, uint64_t offset, bool to_device)
{
    PVP_SCATTER_GATHER_LIST first = NULL, second = NULL;
    uint32_t length = path->length, again = path->length;

    path->failed |= !vport_bench_start(&path->port, offset, &length, to_device, &first) || !first ||
                    length != path->length;
    if (path->queued)
        path->failed |=
            !vport_bench_start(&path->port, offset, &again, to_device, &second) || second;
    if (path->failed)
        return;
    if (path->broken)
        syscall(SYS_getppid);
    if (path->allocates)
        free(*(void *volatile *)&(void *){malloc(100)});
    complete(path, &first, to_device);
    if (path->queued && !second)
        path->failed = true;
    else if (path->queued)
        complete(path, &second, to_device);
}

static void lock_and_unlock(struct path *path, uint64_t offset, bool write)
{
    PVOID mdl = VideoPortLockBuffer(path->port.extension, path->port.memory + offset, path->length,
                                    write ? VpModifyAccess : VpReadAccess);

    path->failed |= !mdl;
    if (mdl)
        VideoPortUnlockBuffer(path->port.extension, mdl);
}

static void transfers(struct path *path, unsigned rounds)
{
    void (*once)(struct path *, uint64_t, bool) = path->locks ? lock_and_unlock : transfer;

    for (unsigned i = 0; i < rounds && !path->failed; i++)
        once(path, (uint64_t)(i % WINDOWS) * path->length, i % 2);
}

static void body(void *context)
{
    struct path *path = context;

    transfers(path, WARM_UP);
    if (path->failed)
        return;
    if (!SANITIZED && !forbid_system_calls())
        _exit(NO_FILTER);
    calls = mutexes = 0;
    transfers(path, ROUNDS);
    path->calls = calls + (path->queued ? 0 : mutexes); /* the queue has a lock */
    if (path->calls && write(STDERR_FILENO, last, strlen(last)) < 0)
        _exit(ALLOCATED);
    if (!SANITIZED) /* the filter stays on this thread: it can do nothing more than end */
        _exit(path->failed ? NOT_DONE : path->calls ? ALLOCATED : CLEAN);
}

static int child(struct path *path, const struct vport_bench_port_config *config)
{
    if (!vport_bench_port_open(&path->port, config)) {
        fprintf(stderr, "    %s\n", path->port.error);
        return NOT_DONE;
    }
    vport_bench_port_call(&path->port, body, path);
    if (vport_bench_port_close(&path->port) || path->failed)
        return NOT_DONE;
    return path->calls ? ALLOCATED : CLEAN;
}

static enum ending run(struct path path, const char *adapter, bool reach32)
{
    struct vport_bench_port_config config = {.adapter = adapter,
                                             .max_length = path.queued ? PAGE : 64 * PAGE,
                                             .reach32 = reach32,
                                             .memory = (uint64_t)WINDOWS * path.length,
                                             .skip_regions = 1};
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(child(&path, &config));
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_FILTER)
        skip();
    return WEXITSTATUS(status);
}

static void clean_in_both_modes(struct path path, const char *keys, bool reach32)
{
    static const char *const modes[] = {"deterministic", "threaded"};
    char adapter[128];

    for (size_t i = 0; i < 2; i++) {
        snprintf(adapter, sizeof(adapter), "sim:%s,mode=%s", keys, modes[i]);
        assert_int_equal(run(path, adapter, reach32), CLEAN);
    }
}

static void one_page_makes_no_call(void **state)
{
    clean_in_both_modes((struct path){.length = PAGE}, "frames=scattered", false);
}

static void sixteen_scattered_pages_make_no_call(void **state)
{
    clean_in_both_modes((struct path){.length = 16 * PAGE}, "frames=scattered", false);
}

/* The second region of "contiguous" lies above 4 GiB. */
static void a_bounced_page_makes_no_call(void **state)
{
    clean_in_both_modes((struct path){.length = PAGE}, "frames=contiguous", true);
}

static void sixteen_bounced_pages_make_no_call(void **state)
{
    clean_in_both_modes((struct path){.length = 16 * PAGE}, "frames=contiguous", true);
}

static void a_transfer_that_waits_makes_no_call(void **state)
{
    clean_in_both_modes((struct path){.length = PAGE, .queued = true},
                        "frames=contiguous,map-registers=1", true);
}

static void without_coherence_nothing_changes(void **state)
{
    clean_in_both_modes((struct path){.length = 4 * PAGE}, "frames=scattered,coherent=off", false);
}

static void locking_makes_no_call(void **state)
{
    static const uint32_t pages[] = {1, 16, 24, 25, 256, 1024};

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        clean_in_both_modes((struct path){.length = pages[i] * PAGE, .locks = true},
                            "frames=scattered", false);
}

static void a_system_call_is_noticed(void **state)
{
    if (SANITIZED)
        skip();
    assert_int_equal(run((struct path){.length = PAGE, .broken = true}, "sim", false), SYSTEM_CALL);
}

static void an_allocation_is_noticed(void **state)
{
    assert_int_equal(run((struct path){.length = PAGE, .allocates = true}, "sim", false),
                     ALLOCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_call_is_noticed),
        cmocka_unit_test(an_allocation_is_noticed),
        cmocka_unit_test(one_page_makes_no_call),
        cmocka_unit_test(sixteen_scattered_pages_make_no_call),
        cmocka_unit_test(a_bounced_page_makes_no_call),
        cmocka_unit_test(sixteen_bounced_pages_make_no_call),
        cmocka_unit_test(a_transfer_that_waits_makes_no_call),
        cmocka_unit_test(without_coherence_nothing_changes),
        cmocka_unit_test(locking_makes_no_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
