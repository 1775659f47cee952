/* SPDX-License-Identifier: MIT */
/*
 * Several threads on one adapter: starting, a "device" that moves the bytes, ending on other
 * threads than the one that started, waiting for registers all the while. Made for ThreadSanitizer;
 * the bytes are checked as well.
 */
#include "dma_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 4000, PAGES = 6, HANDED = 8 };

static struct toy *toy;
static struct vport_dma_adapter *adapter;
static struct vport_reports *reports;
static _Atomic unsigned errors;

/* What a worker has in the air. */
struct job {
    struct vport_pages pages;
    struct vport_frame frames[PAGES];
    char bytes[PAGES * 4096];
    uint32_t offset, length;
    bool to_device;
    struct vport_dma_list *_Atomic list;
    _Atomic bool done;
};

/* Lists on their way to whoever ends them next, with their jobs. */
static struct job *_Atomic handed[HANDED];

static void VPORT_DRIVER_CALL ready(const uintptr_t *user, struct vport_dma_list *list)
{
    atomic_store(&((struct job *)user[0])->list, list);
}

static bool device_works(struct job *job, struct vport_dma_list *list)
{
    char moved[PAGES * 4096];

    if (list_bytes(list) != job->length)
        return false;
    if (!job->to_device)
        return device_scatter(toy, list, job->bytes + job->offset);
    return device_gather(toy, list, moved) &&
           memcmp(moved, job->bytes + job->offset, job->length) == 0;
}

/* Any thread: the device's part, then the end of the operation. */
static void complete(struct job *job)
{
    struct vport_dma_list *list = atomic_exchange(&job->list, NULL);

    if (!device_works(job, list) || vport_dma_unmap(adapter, list, job->to_device) != VPORT_OK)
        errors++;
    atomic_store(&job->done, true);
}

/* Hands a job over and completes the one found in its place, so that most end on another thread. */
static void pass_on(struct job *job, unsigned place)
{
    struct job *other = atomic_exchange(&handed[place % HANDED], job);

    if (other)
        complete(other);
}

static void wait_for(struct job *job, unsigned place)
{
    while (!atomic_load(&job->list)) {
        pass_on(NULL, place++);
        sched_yield();
    }
}

static void finish(struct job *job, unsigned place)
{
    while (!atomic_load(&job->done)) {
        pass_on(NULL, place++);
        sched_yield();
    }
}

static void start(struct job *job, unsigned *seed)
{
    struct vport_dma_request request = {
        .pages = &job->pages, .ready = ready, .user = {(uintptr_t)job}};

    job->offset = (uint32_t)rand_r(seed) % 9000;
    job->length = 1 + (uint32_t)rand_r(seed) % ((PAGES - 1) * 4096 - job->offset);
    job->to_device = rand_r(seed) & 1;
    fill(job->bytes + job->offset, job->length, *seed);
    if (job->to_device)
        toy_store(toy, &job->pages, job->offset, job->bytes + job->offset, job->length);
    request.offset = job->offset;
    request.length = job->length;
    request.to_device = job->to_device;
    atomic_store(&job->done, false);
    if (vport_dma_map(adapter, &request) != VPORT_OK)
        abort();
}

static void *work(void *context)
{
    unsigned index = (unsigned)(uintptr_t)context, seed = index + 1;
    struct job *job = calloc(1, sizeof(*job));
    char *back = malloc(PAGES * 4096);

    for (unsigned i = 0; i < PAGES; i++) /* every other page out of reach; no frame shared */
        job->frames[i] = toy_frame(toy, (i % 2 ? 200 : 100) + index * 10 + i);
    toy_pages(&job->pages, job->frames, index * 100, (PAGES - 1) * 4096);
    for (int round = 0; round < ROUNDS; round++) {
        start(job, &seed);
        wait_for(job, seed);
        pass_on(job, (unsigned)rand_r(&seed));
        finish(job, seed);
        toy_fetch(toy, &job->pages, job->offset, back, job->length);
        if (memcmp(back, job->bytes + job->offset, job->length) != 0)
            errors++;
    }
    if (vport_pages_users(&job->pages))
        errors++;
    free(back);
    free(job);
    return NULL;
}

static void run(bool scatter_gather, uint32_t registers)
{
    struct toy_config config = {.low = 200, .high = 100};
    struct vport_dma_constraints constraints = limits(0xffffffff, scatter_gather, registers);
    struct vport_dma_statistics values;
    pthread_t threads[THREADS];

    toy = toy_create(&config);
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
    errors = 0;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    values = statistics(adapter);
    assert_int_equal(errors, 0);
    assert_int_equal(values.operations[0] + values.operations[1], THREADS * ROUNDS);
    assert_int_equal(values.outstanding + values.waiting, 0);
    assert_true(values.queued[0] + values.queued[1] > 0);
    assert_int_equal(vport_reports_count(reports, NULL), 0);
    vport_dma_adapter_destroy(adapter);
    assert_int_equal(toy->frames_in_use, 0);
    vport_reports_destroy(reports);
    toy_destroy(toy);
}

static void threads_share_an_adapter_and_its_registers(void **state)
{
    run(true, 6);
}

static void threads_share_runs_of_registers(void **state)
{
    run(false, 8);
}

/* ---- The same list ended by two threads at once ---- */

static struct vport_dma_list *_Atomic contested;
static _Atomic unsigned ended;
static pthread_barrier_t both;

static void VPORT_DRIVER_CALL contest(const uintptr_t *user, struct vport_dma_list *list)
{
    atomic_store(&contested, list);
}

static void *end_contested(void *context)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&both);
        if (vport_dma_unmap(adapter, atomic_load(&contested), true) == VPORT_OK)
            ended++;
        pthread_barrier_wait(&both);
    }
    return NULL;
}

static void cd_a2_of_two_threads_one_ends_a_list(void **state)
{
    struct toy_config config = {.low = 20};
    struct vport_dma_constraints constraints = limits(0xffffffff, true, 6);
    struct vport_frame frame;
    struct vport_pages pages;
    struct vport_dma_request request = {
        .pages = &pages, .length = 10, .to_device = true, .ready = contest};
    pthread_t thread;

    toy = toy_create(&config);
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
    frame = toy_frame(toy, 1);
    toy_pages(&pages, &frame, 0, 4096);
    pthread_barrier_init(&both, NULL, 2);
    ended = 0;
    assert_int_equal(pthread_create(&thread, NULL, end_contested, NULL), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_int_equal(vport_dma_map(adapter, &request), VPORT_OK);
        pthread_barrier_wait(&both);
        if (vport_dma_unmap(adapter, atomic_load(&contested), true) == VPORT_OK)
            ended++;
        pthread_barrier_wait(&both);
        assert_int_equal(ended, i + 1);
        assert_int_equal(vport_pages_users(&pages), 0);
    }
    pthread_join(thread, NULL);
    assert_int_equal(vport_reports_count(reports, "CD-A2"), ROUNDS);
    pthread_barrier_destroy(&both);
    vport_dma_adapter_destroy(adapter);
    vport_reports_destroy(reports);
    toy_destroy(toy);
}

/* ---- An adapter that goes while its last operations end elsewhere ---- */

enum { LATE = 3 };

static struct op late[LATE];

static void *end_late(void *context)
{
    struct op *op = context;

    pthread_barrier_wait(&both);
    if (vport_dma_unmap(adapter, op->list, true) != VPORT_OK)
        errors++;
    return NULL;
}

static void ga_a4_the_last_to_end_frees_the_adapter(void **state)
{
    struct toy_config config = {.low = 40, .high = 20};
    struct vport_dma_constraints constraints = limits(0xffffffff, true, 6);
    struct vport_frame frame;
    struct vport_pages pages;

    toy = toy_create(&config);
    frame = toy_frame(toy, 50);
    errors = 0;
    for (int round = 0; round < 300; round++) {
        pthread_t threads[LATE];

        adapter = toy_adapter(toy, &constraints, NULL);
        toy_pages(&pages, &frame, 0, 4096);
        pthread_barrier_init(&both, NULL, LATE + 1);
        for (int i = 0; i < LATE; i++) {
            assert_int_equal(begin(adapter, &late[i], &pages, 0, 10, true), VPORT_OK);
            assert_int_equal(pthread_create(&threads[i], NULL, end_late, &late[i]), 0);
        }
        pthread_barrier_wait(&both);
        vport_dma_adapter_destroy(adapter);
        for (int i = 0; i < LATE; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&both);
        assert_int_equal(errors, 0);
        assert_int_equal(toy->frames_in_use, 0);
        assert_int_equal(vport_pages_users(&pages), 0);
    }
    toy_destroy(toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_an_adapter_and_its_registers),
        cmocka_unit_test(threads_share_runs_of_registers),
        cmocka_unit_test(cd_a2_of_two_threads_one_ends_a_list),
        cmocka_unit_test(ga_a4_the_last_to_end_frees_the_adapter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
