/* SPDX-License-Identifier: MIT */
/* The program videoport-i386: a machine process for i386 drivers. Started by `videoport run` only. */
#include "run/job.h"

int main(void)
{
    return vport_run_machine();
}
