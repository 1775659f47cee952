/* SPDX-License-Identifier: MIT */
/* Giving up what a driver has no business with. See jail.h. */
#include "run/jail.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/job.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

void vport_jail_close_from(int first)
{
    long most = sysconf(_SC_OPEN_MAX);

    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
        return;
    for (int descriptor = first; descriptor < most; descriptor++)
        close(descriptor);
}

static bool limit(int resource, rlim_t most)
{
    struct rlimit value = {most, most};

    return setrlimit(resource, &value) == 0;
}

bool vport_jail_enter(int filter_descriptor)
{
    size_t length;
    struct sock_filter *filter = vport_job_slurp(filter_descriptor, &length);
    struct sock_fprog program = {(unsigned short)(length / sizeof(*filter)), filter};
    bool entered;

    if (!filter)
        return false;
    entered = limit(RLIMIT_CORE, 0) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (entered && program.len)
        entered =
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
    free(filter);
    return entered;
}
