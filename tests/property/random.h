/* SPDX-License-Identifier: MIT */
/* Random numbers of a property test: from VPORT_SEED or the clock, and the seed is printed. */
#ifndef VPORT_TESTS_RANDOM_H
#define VPORT_TESTS_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t mixed = random->state += 0x9e3779b97f4a7c15;

    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

/* 0 .. limit - 1 */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

static inline bool random_chance(struct random *random, unsigned percent)
{
    return random_below(random, 100) < percent;
}

/* Seeds, and says how to have the same run again. */
static inline struct random random_start(void)
{
    const char *given = getenv("VPORT_SEED");
    struct timespec now;
    struct random random;

    clock_gettime(CLOCK_REALTIME, &now);
    random.state = given ? strtoull(given, NULL, 0)
                         : (uint64_t)now.tv_sec * 1000000007 + (uint64_t)now.tv_nsec;
    printf("VPORT_SEED=%llu\n", (unsigned long long)random.state);
    fflush(stdout);
    return random;
}

#endif
