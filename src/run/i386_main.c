/* SPDX-License-Identifier: MIT */
/*
 * The program videoport-i386: a machine process for i386 drivers. Started by `videoport run` only.
 *
 * KUSER_SHARED_DATA is at an address where the system may have put this process's stack: a driver's
 * reads would find that instead of being noticed. Then the program starts once more, for another
 * place of the stack.
 */
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run/job.h"
#include "run/trap_machine.h"

enum { PAGE = 4096, ATTEMPTS = 16 };

/* argv has one more word each time. */
int main(int argc, char *argv[])
{
    void *wanted = (void *)VPORT_TRAP_SHARED_PAGE;
    void *page =
        mmap(wanted, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (page == MAP_FAILED && argc < ATTEMPTS) {
        char *again[ATTEMPTS + 1];

        for (int i = 0; i <= argc; i++)
            again[i] = argv[0];
        again[argc + 1] = NULL;
        execv("/proc/self/exe", again);
    }
    return vport_run_machine();
}
