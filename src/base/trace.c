/* SPDX-License-Identifier: MIT */
/* The trace: formats one line per event and hands it over, one at a time. Knows nothing of what the
 * events mean. */
#include <videoport/trace.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_SIZE = 256 };

struct vport_trace {
    struct vport_trace_switch enabled; /* first: vport_trace() knows no more */
    pthread_mutex_t lock;              /* one line at a time */
    vport_trace_sink *sink;
    void *context;
    _Atomic uint64_t names[VPORT_TRACE_NAMES];
};

static const char *const formats[VPORT_TRACE_KINDS] = {
#define VPORT_TRACE_FORMAT(name, format) [VPORT_TRACE_##name] = format,
    VPORT_TRACE_EVENTS(VPORT_TRACE_FORMAT)
#undef VPORT_TRACE_FORMAT
};

struct vport_trace *vport_trace_create(void)
{
    struct vport_trace *trace = calloc(1, sizeof(*trace));

    if (trace)
        pthread_mutex_init(&trace->lock, NULL);
    return trace;
}

void vport_trace_destroy(struct vport_trace *trace)
{
    if (!trace)
        return;
    pthread_mutex_destroy(&trace->lock);
    free(trace);
}

void vport_trace_set_sink(struct vport_trace *trace, vport_trace_sink *sink, void *context)
{
    pthread_mutex_lock(&trace->lock);
    trace->sink = sink;
    trace->context = context;
    atomic_store_explicit(&trace->enabled.on, sink != NULL, memory_order_relaxed);
    pthread_mutex_unlock(&trace->lock);
}

uint64_t vport_trace_name(struct vport_trace *trace, enum vport_trace_names kind)
{
    if (!trace)
        return 0;
    return atomic_fetch_add_explicit(&trace->names[kind], 1, memory_order_relaxed) + 1;
}

void vport_trace_write(struct vport_trace *trace, enum vport_trace_kind kind, uint64_t a,
                       uint64_t b, uint64_t c, uint64_t d)
{
    char line[LINE_SIZE];

    snprintf(line, sizeof(line), formats[kind], (unsigned long long)a, (unsigned long long)b,
             (unsigned long long)c, (unsigned long long)d);
    pthread_mutex_lock(&trace->lock);
    if (trace->sink)
        trace->sink(trace->context, line);
    pthread_mutex_unlock(&trace->lock);
}
