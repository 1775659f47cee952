/* SPDX-License-Identifier: MIT */
/* Giving up what a driver has no business with. See jail.h. */
#include "run/jail.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
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

/* Where there is a lower limit already, that stays. */
static bool limit(int resource, rlim_t most)
{
    struct rlimit value;

    if (getrlimit(resource, &value) != 0)
        return false;
    if (most > value.rlim_max)
        most = value.rlim_max;
    value.rlim_cur = value.rlim_max = most;
    return setrlimit(resource, &value) == 0;
}

/* Address space counts, as the system limits nothing else of what a process can take at once. What
 * it has without mapping it is in the files that it was given: their size is limited. */
static bool limit_memory(uint64_t more)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;
    bool known = file && fscanf(file, "%lu", &pages) == 1;
    rlim_t now = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);

    if (file)
        fclose(file);
    if (!known)
        errno = ENOENT;
    return known && limit(RLIMIT_AS, now > RLIM_INFINITY - more ? RLIM_INFINITY : now + more) &&
           limit(RLIMIT_FSIZE, VPORT_JOB_SCREEN);
}

bool vport_jail_enter(int filter_descriptor, uint64_t memory)
{
    size_t length;
    struct sock_filter *filter = vport_job_slurp(filter_descriptor, &length);
    struct sock_fprog program = {(unsigned short)(length / sizeof(*filter)), filter};
    bool entered;

    if (!filter)
        return false;
    entered = limit(RLIMIT_CORE, 0) && (!memory || limit_memory(memory)) &&
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (entered && program.len)
        entered =
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
    free(filter);
    return entered;
}
