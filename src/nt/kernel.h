/* SPDX-License-Identifier: MIT */
/*
 * The NT floor's own parts, shared by the files of src/nt; no other room includes this.
 *
 * How services report misuse: each public service checks the IRQL it may be called at, and its
 * objects, before it does anything. A mistake becomes a report with the return address of the
 * driver's call; the service then does the least harmful thing that its documentation allows. There
 * are no exceptions here: a service that raises one in NT returns instead, and its comment says
 * what the caller sees.
 */
#ifndef VPORT_NT_KERNEL_H
#define VPORT_NT_KERNEL_H

#include <stdatomic.h>
#include <string.h>

#include "base/arith.h"
#include "base/thread.h"
#include "mem/blocks.h"
#include "nt/lock.h"
#include "nt/nt.h"

#define VPORT_SITE __builtin_return_address(0)

/*
 * The services that drivers call most have a short way and a long one. A function of the Windows
 * calling convention that calls one of ours has to save ten vector registers first, which costs
 * more than all the rest (5 ns against 2); so the short way calls nothing, and the long way is a
 * function of the Windows convention itself.
 */
#define VPORT_SHORT_WAY static inline __attribute__((always_inline))
#define VPORT_LONG_WAY  static __attribute__((noinline, cold))

/*
 * Reads one member of a processor by itself. Compilers like to test several with one wide load,
 * which stalls for a dozen cycles when one of them has just been written.
 */
#define VPORT_ALONE(member) __atomic_load_n(&(member), __ATOMIC_RELAXED)

enum {
    VPORT_NT_PROCESSORS = 32,     /* as many as KAFFINITY has bits on i386 */
    VPORT_NT_INTERRUPTS = 32,     /* connected at once */
    VPORT_NT_POOL_BUCKETS = 1024, /* power of two */
    VPORT_NT_FREED =
        64, /* pool blocks freed last, by address, to tell a double free from a foreign pointer */
    VPORT_NT_OBJECT_NAME = 128, /* longest object name in characters */
};

struct vport_nt_pool_block;
struct vport_nt_timer;
struct vport_nt_key;
struct vport_nt_handle;
struct vport_nt_device;
struct vport_nt_driver;

struct vport_nt_pool {
    struct vport_lock lock;
    struct vport_nt_pool_block *buckets[VPORT_NT_POOL_BUCKETS]; /* live blocks by address */
    const void *freed[VPORT_NT_FREED];
    unsigned next_freed;
    _Atomic bool short_of_memory; /* has been told */
};

struct vport_nt {
    struct vport_loop *loop;
    struct vport_space *space;
    struct vport_reports *reports;
    struct vport_trace *trace;
    void *hal;
    bool threaded;
    _Atomic uint32_t processors; /* numbers taken */

    struct vport_lock dpc_lock;
    _Atomic uint32_t dpcs; /* queued or running */

    struct vport_lock interrupt_lock;
    struct _KINTERRUPT *interrupts[VPORT_NT_INTERRUPTS];
    struct vport_nt_interrupt_ops interrupt_ops;
    void *interrupt_context;

    struct vport_lock timer_lock;
    LIST_ENTRY timers;    /* struct vport_nt_timer, set now */
    LIST_ENTRY io_timers; /* struct _IO_TIMER */

    struct vport_nt_pool pool;
    struct vport_lock mdl_lock; /* for MDLs whose unlocking had to wait (LB-A4) */
    struct vport_nt_memory_ops memory_ops;
    void *memory_context;
    LIST_ENTRY contiguous; /* struct vport_nt_contiguous; under object_lock */

    /* For everything below; held for moments, never while driver code runs. */
    struct vport_lock object_lock;
    LIST_ENTRY drivers;
    LIST_ENTRY devices;
    ULONG instances; /* devices ever made */
    LIST_ENTRY file_objects;
    LIST_ENTRY links; /* symbolic links */
    LIST_ENTRY lookasides;
    LIST_ENTRY work_items;
    LIST_ENTRY bugcheck_callbacks;
    KSPIN_LOCK cancel_lock;

    struct vport_lock registry_lock;
    struct vport_nt_key *registry;
    LIST_ENTRY files;
    struct vport_nt_handle *handles;
    ULONG handle_count;

    vport_nt_debug_sink *debug_sink;
    void *debug_context;
    vport_nt_bugcheck_handler *bugcheck_handler;
    void *bugcheck_context;
};

/* ---- Who runs where ---- */

static inline struct vport_cpu *vport_cpu_get(void)
{
    return vport_cpu_current;
}

/* KeGetCurrentIrql without the change of calling convention. */
static inline KIRQL vport_cpu_irql(void)
{
    struct vport_cpu *cpu = vport_cpu_current;

    return cpu ? cpu->irql : PASSIVE_LEVEL;
}

/* The calling thread's kernel or NULL. */
static inline struct vport_nt *vport_nt_get(void)
{
    struct vport_cpu *cpu = vport_cpu_current;

    return cpu ? cpu->nt : NULL;
}

/* Reports through the calling thread's kernel; outside of a machine nobody is there to hear it. */
void vport_nt_report(const char *rule, const void *site, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- IRQL ---- */

/* Reports that `function` was called at the wrong IRQL; always false. */
bool vport_nt_wrong_irql(const char *function, KIRQL lowest, KIRQL highest, const void *site);

/* true if the caller may call `function`, which allows IRQLs up to `highest`. */
static inline bool vport_nt_irql_at_most(const char *function, KIRQL highest, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_current;

    return __builtin_expect(!cpu || cpu->irql <= highest, 1) ||
           vport_nt_wrong_irql(function, 0, highest, site);
}

/* The same for a function that wants at least `lowest` too. */
static inline bool vport_nt_irql_between(const char *function, KIRQL lowest, KIRQL highest,
                                         const void *site)
{
    struct vport_cpu *cpu = vport_cpu_current;

    return __builtin_expect(!cpu || (cpu->irql >= lowest && cpu->irql <= highest), 1) ||
           vport_nt_wrong_irql(function, lowest, highest, site);
}

/* Raises without questions; returns the IRQL before. */
KIRQL vport_nt_raise(struct vport_cpu *cpu, KIRQL irql);
/* Lowers without questions, running what was deferred. Others may run when this returns. */
void vport_nt_lower(struct vport_cpu *cpu, KIRQL irql);
/*
 * true if this processor may go to `irql`: not below DISPATCH_LEVEL in a deferred routine or with a
 * lock.
 */
static inline bool vport_nt_may_lower(const struct vport_cpu *cpu, KIRQL irql)
{
    bool bound = VPORT_ALONE(cpu->inside) & VPORT_CPU_DPC || VPORT_ALONE(cpu->spin_locks);

    return irql <= VPORT_ALONE(cpu->irql) && !(bound && irql < DISPATCH_LEVEL);
}
/* Runs the processor's deferred routines, at DISPATCH_LEVEL. */
void vport_nt_run_dpcs(struct vport_cpu *cpu);

/* ---- Spin locks, waiting ---- */

void vport_nt_spin_acquire(struct vport_cpu *cpu, PKSPIN_LOCK lock, const char *function,
                           const void *site);
void vport_nt_spin_release(struct vport_cpu *cpu, PKSPIN_LOCK lock, const char *function,
                           const void *site);

/* A documented timeout (100 ns; negative: relative, NULL: never) as nanoseconds from now. */
uint64_t vport_nt_timeout(struct vport_nt *nt, const LARGE_INTEGER *timeout);
/* Waits; reports when nobody can ever make it come true. `what` says what is waited for. */
bool vport_nt_wait(struct vport_nt *nt, bool (*condition)(void *), void *context, uint64_t timeout,
                   const char *what, const void *site);
/* Something that a waiter may wait for has changed. */
static inline void vport_nt_wake(void)
{
    struct vport_nt *nt = vport_nt_get();

    if (nt)
        vport_loop_wake(nt->loop);
}

/* System time in 100 ns since 1601, from the loop's clock in deterministic mode. */
uint64_t vport_nt_system_time(struct vport_nt *nt);

/* ---- Registry, names ---- */

/*
 * Makes the key with this absolute path, and those above it. STATUS_OBJECT_NAME_INVALID,
 * STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS vport_nt_registry_create(struct vport_nt *nt, PCUNICODE_STRING path);
/* A handle to it, made if it is not there. */
NTSTATUS vport_nt_registry_open(struct vport_nt *nt, PCUNICODE_STRING path, HANDLE *handle);
/*
 * A counted string as ASCII for a report; returns `text`, which holds VPORT_NT_OBJECT_NAME bytes.
 */
const char *vport_nt_debug_name(PCUNICODE_STRING name, char *text);

/* ---- Memory ---- */

/*
 * true if [address, address + length) can be read. Asks the operating system: microseconds. Never
 * faults.
 */
bool vport_nt_readable(const volatile void *address, size_t length);
/* Copies it, or as much as can be read; returns how much. */
size_t vport_nt_read(void *to, const volatile void *from, size_t length);
/* Copies memory that is known to be readable, whosever it is. */
void vport_nt_peek(void *to, const volatile void *from, size_t length);

/* Pool for the kernel's own objects that drivers see: not reported as a driver's leak. */
void *vport_nt_pool_allocate(struct vport_nt *nt, POOL_TYPE type, SIZE_T bytes, ULONG tag,
                             const void *site);
/* false: not a live block of this kernel's (and reported). */
bool vport_nt_pool_free(struct vport_nt *nt, PVOID block, ULONG tag, const char *function,
                        const void *site);
/* true if this was a block's start and is none now; forgotten after some more frees. */
bool vport_nt_pool_freed(struct vport_nt *nt, const void *data);
/*
 * true if `address` lies in a live block; then its type and how many bytes there are from `address`
 * on.
 */
bool vport_nt_pool_find(struct vport_nt *nt, const volatile void *address, POOL_TYPE *type,
                        SIZE_T *rest);

/* true if `address` lies where MDLs are kept; *live: in one that was not freed. */
bool vport_nt_mdl_address(const volatile void *address, bool *live);
enum vport_status vport_nt_begin_mdls(void);
enum vport_status vport_nt_begin_lookasides(struct vport_nt *nt);
enum vport_status vport_nt_begin_registry(struct vport_nt *nt);
enum vport_status vport_nt_begin_objects(struct vport_nt *nt);

/*
 * ---- Ends ----
 * Called by vport_nt_destroy, in this order; each reports what drivers left and frees it.
 */

void vport_nt_end_interrupts(struct vport_nt *nt);
void vport_nt_end_timers(struct vport_nt *nt);
void vport_nt_end_work_items(struct vport_nt *nt);
void vport_nt_end_drivers(struct vport_nt *nt);
void vport_nt_end_objects(struct vport_nt *nt);
void vport_nt_end_mdls(struct vport_nt *nt);
void vport_nt_end_contiguous(struct vport_nt *nt);
void vport_nt_end_lookasides(struct vport_nt *nt);
void vport_nt_end_registry(struct vport_nt *nt);
void vport_nt_end_files(struct vport_nt *nt);
void vport_nt_end_pool(struct vport_nt *nt);

#endif
