/* SPDX-License-Identifier: MIT */
/*
 * The system calls of a machine that runs: memory without new code, time, threads and their waking,
 * and the descriptors it already has. No file is opened, no connection made, no process started or
 * signalled. Anything else raises SIGSYS, which crash.c tells of.
 */
#include "run/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const allowed[] = {
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "read",
    "readv",
    "pread64",
    "write",
    "writev",
    "pwrite64",
    "lseek",
    "_llseek",
    "close",
    "fstat",
    "fstat64",
    "ftruncate",
    "ftruncate64",
    "poll",
    "ppoll",
    "ppoll_time64",
    "select",
    "_newselect",
    "pselect6",
    "epoll_wait",
    "epoll_pwait",
    "epoll_ctl",
    "epoll_create1",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "sendmsg",
    "recvmsg",
    "sendto",
    "recvfrom",
    "send", /* i386: as socketcall(), of which the library lets these pass and no others */
    "recv",
    "shutdown",
    "futex",
    "futex_time64",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "sched_yield",
    "sched_getaffinity",
    "gettid",
    "getpid",
    "clock_gettime",
    "clock_gettime64",
    "clock_getres",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "nanosleep",
    "gettimeofday",
    "time",
    "getrandom",
    "getcpu",
    "rt_sigprocmask",
    "rt_sigaction",
    "rt_sigreturn",
    "sigreturn",
    "sigaltstack",
    "exit",
    "exit_group",
    "restart_syscall",
    "getrlimit",
    "ugetrlimit",
    "sysinfo",
    "membarrier",
};

/* A call with conditions on its arguments. Not every machine has every call. */
static int allow(scmp_filter_ctx filter, const char *name, unsigned count,
                 const struct scmp_arg_cmp *conditions)
{
    int number = seccomp_syscall_resolve_name(name);
    int result;

    if (number == __NR_SCMP_ERROR)
        return 0;
    result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, conditions);
    return result == -EDOM || result == -EEXIST ? 0 : result;
}

/* No new code; of a file's blocks, giving back only. */
static int allow_memory(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    struct scmp_arg_cmp give_back =
        SCMP_A1(SCMP_CMP_EQ, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
    int result = allow(filter, "mmap", 1, &no_code);

    if (!result)
        result = allow(filter, "mmap2", 1, &no_code);
    if (!result)
        result = allow(filter, "mprotect", 1, &no_code);
    return result ? result : allow(filter, "fallocate", 1, &give_back);
}

/*
 * Threads, but no processes; clone3 says that it does not exist, so that the C library uses clone.
 */
static int allow_threads(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
    int clone3 = seccomp_syscall_resolve_name("clone3");
    int result = allow(filter, "clone", 1, &thread);

    if (!result && clone3 != __NR_SCMP_ERROR)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), clone3, 0);
    return result;
}

/*
 * What names a process may name this one only: abort(), looking at memory that may be gone, and
 * asking for limits (the machine does when memory is short) without setting any.
 */
static int allow_self(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
    struct scmp_arg_cmp ask[] = {SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0)};
    int result = allow(filter, "tgkill", 1, &self);

    if (!result)
        result = allow(filter, "process_vm_readv", 1, &self);
    return result ? result : allow(filter, "prlimit64", 2, ask);
}

static int fill(scmp_filter_ctx filter, bool for_i386)
{
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRAP);

    if (!result && for_i386)
        result = seccomp_arch_add(filter, SCMP_ARCH_X86);
    if (!result && for_i386)
        result = seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && !result; i++)
        result = allow(filter, allowed[i], 0, NULL);
    if (!result)
        result = allow_memory(filter);
    if (!result)
        result = allow_threads(filter);
    return result ? result : allow_self(filter);
}

int vport_jail_write_filter(int descriptor, bool for_i386)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    int result = filter ? fill(filter, for_i386) : -ENOMEM;

    if (!result)
        result = seccomp_export_bpf(filter, descriptor);
    if (filter)
        seccomp_release(filter);
    return -result;
}

char *vport_jail_call_name(uint32_t architecture, uint32_t number)
{
    return seccomp_syscall_resolve_num_arch(architecture, (int)number);
}
