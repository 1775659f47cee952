/* SPDX-License-Identifier: MIT */
/*
 * The contract suite's program:
 *
 *     contract [--seed N] [--only PATTERN] ADAPTER-SPEC...
 *
 * runs every clause's tests on each adapter. VPORT_SEED is the seed when none is given. PATTERN is
 * cmocka's: "sd_0*".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

static const struct family {
    const char *name;
    const struct CMUnitTest *tests;
    const size_t *count;
} families[] = {
    {"VideoPortStartDma", sd_tests, &sd_count},
    {"VideoPortStartDma, offset and length", sd_length_tests, &sd_length_count},
    {"VideoPortStartDma, the queue", sd_queue_tests, &sd_queue_count},
    {"VideoPortStartDma, refusals", sd_refusal_tests, &sd_refusal_count},
    {"HwVidExecuteDma", ex_tests, &ex_count},
    {"VideoPortCompleteDma", cd_tests, &cd_count},
    {"adapters", ga_tests, &ga_count},
    {"locked buffers", lb_tests, &lb_count},
    {"common buffers", cb_tests, &cb_count},
    {"structures", sg_tests, &sg_count},
    {"map registers", mr_tests, &mr_count},
    {"WDM under the port", mr_wdm_tests, &mr_wdm_count},
};

static int run_adapter(const char *spec, uint64_t seed)
{
    int failed = 0;

    printf("contract on %s, seed %llu (VPORT_SEED)\n", spec, (unsigned long long)seed);
    if (!rig_select(spec, seed)) {
        fprintf(stderr,
                "contract: the suite knows no bus for the adapter %s (tests/contract/rig.c)\n",
                spec);
        return 1;
    }
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        failed += _cmocka_run_group_tests(families[i].name, families[i].tests, *families[i].count,
                                          NULL, NULL);
    if (!rig_skips_expected()) {
        fprintf(stderr, "contract: these are not the tests that %s is known not to show\n", spec);
        failed++;
    }
    return failed;
}

static int usage(void)
{
    fprintf(stderr, "usage: contract [--seed N] [--only PATTERN] ADAPTER-SPEC...\n");
    return 2;
}

int main(int argc, char **argv)
{
    const char *text = getenv("VPORT_SEED");
    int failed = 0, i = 1;

    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        if (!strcmp(argv[i], "--seed"))
            text = argv[i + 1];
        else if (!strcmp(argv[i], "--only"))
            cmocka_set_test_filter(argv[i + 1]);
        else
            return usage();
    }
    if (i == argc || argv[i][0] == '-')
        return usage();
    for (; i < argc; i++)
        failed += run_adapter(argv[i], text ? strtoull(text, NULL, 0) : 1);
    return failed != 0;
}
