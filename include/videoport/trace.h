/* SPDX-License-Identifier: MIT */
/*
 * The trace: one line per thing that happened in a machine, in order.
 *
 * A trace carries no host address and no wall-clock time, so that in deterministic mode the same
 * seed gives the same bytes. When no sink is set an event costs one load and one branch.
 */
#ifndef VIDEOPORT_TRACE_H
#define VIDEOPORT_TRACE_H

#include <stdatomic.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * kind, and how its (at most four) numbers are printed. Numbers are what the room that emits them
 * says: adapters and operations are named by small ordinals, memory by logical addresses and
 * lengths in bytes, directions by 1 = to-device, 0 = from-device.
 */
#define VPORT_TRACE_EVENTS(X)                                                                      \
    X(ADAPTER_CREATE, "adapter %llu create registers=%llu reach=%#llx max_length=%llu")            \
    X(ADAPTER_DESTROY, "adapter %llu destroy outstanding=%llu")                                    \
    X(MAP, "adapter %llu map op=%llu length=%llu to_device=%llu")                                  \
    X(ELEMENT, "op %llu element=%llu address=%#llx length=%llu")                                   \
    X(BOUNCE, "op %llu bounce bytes=%llu to_device=%llu")                                          \
    X(QUEUE, "adapter %llu queue length=%llu need=%llu free=%llu")                                 \
    X(READY, "adapter %llu ready op=%llu elements=%llu bounced=%llu")                              \
    X(UNMAP, "adapter %llu unmap op=%llu length=%llu to_device=%llu")                              \
    X(LOCK, "lock pages=%llu access=%llu")                                                         \
    X(UNLOCK, "unlock pages=%llu")                                                                 \
    X(IRQL, "irql %llu")                                                                           \
    X(INTERRUPT, "interrupt line=%llu claimed=%llu")                                               \
    X(DPC, "dpc %llu")                                                                             \
    X(TIMER, "timer %llu")                                                                         \
    X(DEVICE_READ, "device read address=%#llx length=%llu")                                        \
    X(DEVICE_WRITE, "device write address=%#llx length=%llu")                                      \
    X(DEVICE_EVENT, "device event=%llu value=%llu")                                                \
    X(REGISTER_READ, "register read space=%llu address=%#llx width=%llu value=%#llx")              \
    X(REGISTER_WRITE, "register write space=%llu address=%#llx width=%llu value=%#llx")            \
    X(REQUEST, "request code=%#llx status=%llu information=%llu")                                  \
    X(LOOP, "loop class=%llu now=%llu")

enum vport_trace_kind {
#define VPORT_TRACE_ENUM(name, format) VPORT_TRACE_##name,
    VPORT_TRACE_EVENTS(VPORT_TRACE_ENUM)
#undef VPORT_TRACE_ENUM
        VPORT_TRACE_KINDS
};

/* Receives one line without a newline. Called on the thread where it happened; calls are serialised
 * by the trace. */
typedef void vport_trace_sink(void *context, const char *line);

struct vport_trace;

struct vport_trace *vport_trace_create(void);
void vport_trace_destroy(struct vport_trace *trace);

/* NULL turns the trace off. Set it while the machine is idle. */
void vport_trace_set_sink(struct vport_trace *trace, vport_trace_sink *sink, void *context);

/*
 * The next ordinal, from 1, by which the trace names an adapter or an operation of this machine; 0
 * when `trace` is NULL. Any thread; an operation asks only while the trace is on.
 */
enum vport_trace_names { VPORT_TRACE_NAME_ADAPTER, VPORT_TRACE_NAME_OPERATION, VPORT_TRACE_NAMES };
uint64_t vport_trace_name(struct vport_trace *trace, enum vport_trace_names kind);

/* The slow half of vport_trace(): formats and hands over. */
void vport_trace_write(struct vport_trace *trace, enum vport_trace_kind kind, uint64_t a,
                       uint64_t b, uint64_t c, uint64_t d);

#ifndef __cplusplus /* which does not know C11's atomics; it sees the trace through a sink */

struct vport_trace_switch {
    _Atomic int on;
};

/* `trace` may be NULL: then it is off. */
static inline int vport_trace_on(struct vport_trace *trace)
{
    return __builtin_expect(!!trace, 1) &&
           __builtin_expect(atomic_load_explicit(&((struct vport_trace_switch *)trace)->on,
                                                 memory_order_relaxed),
                            0);
}

static inline void vport_trace(struct vport_trace *trace, enum vport_trace_kind kind, uint64_t a,
                               uint64_t b, uint64_t c, uint64_t d)
{
    if (vport_trace_on(trace))
        vport_trace_write(trace, kind, a, b, c, d);
}

#endif

#ifdef __cplusplus
}
#endif
#endif
