/* SPDX-License-Identifier: MIT */
/*
 * The qtest client: see qtest.h. Whoever has the lock reads the socket: the session that waits for
 * answers, or, when there is none, the thread that polls the ready descriptor. That descriptor is
 * an epoll set holding the socket, which a session takes out of it for as long as it lasts, so that
 * nobody is woken for answers that somebody else is already looking for.
 */
#include "bus/qemu/qtest.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arith.h"
#include "bus/qemu/base64.h"
#include "bus/qemu/qtest_line.h"

enum {
    LINE_MOST = 128 + (VPORT_QTEST_CHUNK + 2) / 3 * 4, /* longest line either side may send */
    OUT_SIZE = 2 * LINE_MOST,
    IN_SIZE = 2 * LINE_MOST,
    /*
     * Looks at the socket this often before sleeping, some 200 us. QEMU answers within 8 us when it
     * is awake on another processor and within 100 when it is not; who goes to sleep too soon makes
     * it two who have to be woken.
     */
    LOOKS = 1000,
    BETWEEN_YIELDS = 8, /* looks; on a busy computer it may be QEMU who needs this processor */
};

/* On a single processor looking around only keeps QEMU from answering (17 us without it). */
static unsigned looks_worthwhile(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1 ? 0 : LOOKS;
}

/* What becomes of an answer. */
struct answer {
    enum { NOTHING, NUMBER, BYTES } kind;
    void *into; /* uint64_t, or `length` bytes */
    size_t length;
};

struct vport_qtest {
    struct vport_qtest_config config;
    int ready;
    pthread_mutex_t lock;
    enum vport_status status; /* of the session */
    _Atomic bool dead;
    unsigned looks; /* at the socket before sleeping */
    bool armed;     /* the ready descriptor watches the socket */

    struct answer answers[VPORT_QTEST_FLIGHT]; /* expected, a ring */
    unsigned first, expected;

    uint64_t combined_address; /* writes that are kept back */
    size_t combined_length;
    char combined[VPORT_QTEST_COMBINED];

    size_t out_used, out_sent;
    size_t in_used;
    char out[OUT_SIZE];
    char in[IN_SIZE];
};

static void die(struct vport_qtest *qtest, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void die(struct vport_qtest *qtest, const char *format, ...)
{
    char why[256];
    va_list arguments;

    if (atomic_exchange(&qtest->dead, true))
        return;
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    qtest->expected = 0;
    qtest->out_used = qtest->out_sent = qtest->in_used = 0;
    /* The end of a stream stays readable for ever; nobody is to wake up for it again. */
    epoll_ctl(qtest->ready, EPOLL_CTL_DEL, qtest->config.fd, NULL);
    qtest->config.died(qtest->config.context, why);
}

/* The first failure of a session stays. */
static void fail(struct vport_qtest *qtest, enum vport_status status)
{
    if (qtest->status == VPORT_OK)
        qtest->status = status;
}

static bool is_dead(const struct vport_qtest *qtest)
{
    return atomic_load_explicit(&qtest->dead, memory_order_acquire);
}

/* ---- What comes in ---- */

static bool take_value(const struct answer *answer, const struct vport_qtest_line *line)
{
    switch (answer->kind) {
    case NUMBER:
        return vport_qtest_parse_number(line->value, line->value_length, answer->into);
    case BYTES:
        return vport_base64_decode(line->value, line->value_length, answer->into, answer->length);
    case NOTHING:
        break;
    }
    return line->value_length == 0;
}

static void take_answer(struct vport_qtest *qtest, const struct vport_qtest_line *line)
{
    const struct answer *answer = &qtest->answers[qtest->first];

    if (qtest->expected == 0) {
        die(qtest, "QEMU answered a command that was never sent");
        return;
    }
    if (!take_value(answer, line)) {
        die(qtest, "QEMU's answer \"%.*s\" is not what its command asks for",
            (int)vport_min_u64(line->value_length, 40), line->value);
        return;
    }
    qtest->first = (qtest->first + 1) % VPORT_QTEST_FLIGHT;
    qtest->expected--;
}

static void take_line(struct vport_qtest *qtest, const char *text, size_t length)
{
    struct vport_qtest_line line = vport_qtest_parse_line(text, length);

    switch (line.kind) {
    case VPORT_QTEST_OK:
        take_answer(qtest, &line);
        break;
    case VPORT_QTEST_IRQ:
        qtest->config.irq(qtest->config.context, line.irq, line.level);
        break;
    case VPORT_QTEST_FAIL:
        die(qtest, "QEMU refused a command: \"%.*s\"", (int)vport_min_u64(line.value_length, 80),
            line.value);
        break;
    case VPORT_QTEST_UNKNOWN:
        die(qtest, "QEMU said \"%.*s\", which is not qtest",
            (int)vport_min_u64(line.value_length, 40), line.value);
        break;
    }
}

static void take_lines(struct vport_qtest *qtest)
{
    char *line = qtest->in;
    char *end = qtest->in + qtest->in_used;
    char *newline;

    while (!is_dead(qtest) && (newline = memchr(line, '\n', (size_t)(end - line)))) {
        take_line(qtest, line, (size_t)(newline - line));
        line = newline + 1;
    }
    if (is_dead(qtest))
        return;
    qtest->in_used = (size_t)(end - line);
    memmove(qtest->in, line, qtest->in_used);
    if (qtest->in_used == IN_SIZE)
        die(qtest, "QEMU said a line of more than %d characters", IN_SIZE);
}

/* true if anything was there, be it the end. */
static bool receive_some(struct vport_qtest *qtest)
{
    ssize_t got =
        recv(qtest->config.fd, qtest->in + qtest->in_used, IN_SIZE - qtest->in_used, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got < 0) {
        die(qtest, "the connection to QEMU failed: %s", strerror(errno));
    } else if (got == 0) {
        die(qtest, "QEMU is gone");
    } else {
        qtest->in_used += (size_t)got;
        take_lines(qtest);
    }
    return true;
}

/* ---- What goes out ---- */

/* Sending failed. What QEMU said last may still be there to read, its end among it. */
static void lose(struct vport_qtest *qtest, int error)
{
    while (!is_dead(qtest) && receive_some(qtest))
        ;
    die(qtest, "the connection to QEMU failed: %s", strerror(error));
}

/* true if anything could be sent. */
static bool send_some(struct vport_qtest *qtest)
{
    ssize_t sent;

    if (qtest->out_sent == qtest->out_used)
        return false;
    sent = send(qtest->config.fd, qtest->out + qtest->out_sent, qtest->out_used - qtest->out_sent,
                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (sent < 0) {
        lose(qtest, errno);
        return true;
    }
    qtest->out_sent += (size_t)sent;
    if (qtest->out_sent == qtest->out_used)
        qtest->out_sent = qtest->out_used = 0;
    return true;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Sleeps until the socket can do what is wanted of it, or `deadline`. */
static void sleep_until(struct vport_qtest *qtest, uint64_t deadline)
{
    struct pollfd socket = {.fd = qtest->config.fd, .events = POLLIN};
    uint64_t now = now_ms();

    if (qtest->out_sent < qtest->out_used)
        socket.events |= POLLOUT;
    if (now >= deadline) {
        die(qtest, "QEMU did not answer within %u ms", qtest->config.timeout);
        return;
    }
    poll(&socket, 1, (int)(deadline - now));
}

/* Sends and receives until everything is sent and at most `left` answers are missing. */
static void exchange(struct vport_qtest *qtest, unsigned left)
{
    uint64_t deadline = 0;
    unsigned looks = 0;

    while (!is_dead(qtest) && (qtest->out_sent < qtest->out_used || qtest->expected > left)) {
        bool moved = send_some(qtest);

        if (is_dead(qtest))
            break;
        moved |= receive_some(qtest);
        if (moved) {
            looks = 0;
            deadline = 0;
        } else if (++looks <= qtest->looks) {
            if (looks % BETWEEN_YIELDS == 0)
                sched_yield();
        } else {
            if (deadline == 0)
                deadline = now_ms() + qtest->config.timeout;
            sleep_until(qtest, deadline);
        }
    }
}

/*
 * Room for one more line; NULL when the client is dead. The lines of a session go out when it ends,
 * or when half of the buffer is full.
 */
static char *line_begin(struct vport_qtest *qtest)
{
    if (qtest->expected == VPORT_QTEST_FLIGHT)
        exchange(qtest, VPORT_QTEST_FLIGHT / 2);
    else if (OUT_SIZE - qtest->out_used < LINE_MOST)
        exchange(qtest, VPORT_QTEST_FLIGHT);
    return is_dead(qtest) ? NULL : qtest->out + qtest->out_used;
}

static void line_end(struct vport_qtest *qtest, char *end, struct answer answer)
{
    unsigned last = (qtest->first + qtest->expected) % VPORT_QTEST_FLIGHT;

    *end++ = '\n';
    qtest->answers[last] = answer;
    qtest->expected++;
    qtest->out_used = (size_t)(end - qtest->out);
}

static void command(struct vport_qtest *qtest, struct answer answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void command(struct vport_qtest *qtest, struct answer answer, const char *format, ...)
{
    char *line = line_begin(qtest);
    va_list arguments;
    int length;

    if (!line)
        return;
    va_start(arguments, format);
    length = vsnprintf(line, LINE_MOST, format, arguments);
    va_end(arguments);
    line_end(qtest, line + length, answer);
}

/* ---- Commands ---- */

/*
 * The letter of a width in the protocol; 0, and the session fails, for one that it does not have.
 */
static char width_letter(struct vport_qtest *qtest, unsigned width, unsigned widest)
{
    static const char letters[] = {[1] = 'b', [2] = 'w', [4] = 'l', [8] = 'q'};

    if (width <= widest && letters[width] != 0)
        return letters[width];
    fail(qtest, VPORT_E_INVALID);
    return 0;
}

static bool in_space(struct vport_qtest *qtest, uint64_t address, size_t length, uint64_t size)
{
    if (vport_range_fits(address, length, size))
        return true;
    fail(qtest, VPORT_E_RANGE);
    return false;
}

static uint64_t truncated(uint64_t value, unsigned width)
{
    return width == 8 ? value : value & ((UINT64_C(1) << 8 * width) - 1);
}

void vport_qtest_read(struct vport_qtest *qtest, uint64_t address, unsigned width, uint64_t *value)
{
    char letter = width_letter(qtest, width, 8);

    if (letter && in_space(qtest, address, width, UINT64_MAX))
        command(qtest, (struct answer){.kind = NUMBER, .into = value}, "read%c 0x%" PRIx64, letter,
                address);
}

void vport_qtest_write(struct vport_qtest *qtest, uint64_t address, unsigned width, uint64_t value)
{
    char letter = width_letter(qtest, width, 8);

    if (letter && in_space(qtest, address, width, UINT64_MAX))
        command(qtest, (struct answer){.kind = NOTHING}, "write%c 0x%" PRIx64 " 0x%" PRIx64, letter,
                address, truncated(value, width));
}

void vport_qtest_in(struct vport_qtest *qtest, uint64_t port, unsigned width, uint64_t *value)
{
    char letter = width_letter(qtest, width, 4);

    if (letter && in_space(qtest, port, width, VPORT_QTEST_PORTS))
        command(qtest, (struct answer){.kind = NUMBER, .into = value}, "in%c 0x%" PRIx64, letter,
                port);
}

void vport_qtest_out(struct vport_qtest *qtest, uint64_t port, unsigned width, uint64_t value)
{
    char letter = width_letter(qtest, width, 4);

    if (letter && in_space(qtest, port, width, VPORT_QTEST_PORTS))
        command(qtest, (struct answer){.kind = NOTHING}, "out%c 0x%" PRIx64 " 0x%" PRIx64, letter,
                port, truncated(value, width));
}

void vport_qtest_read_bytes(struct vport_qtest *qtest, uint64_t address, void *data, size_t length)
{
    char *byte = data;

    if (!in_space(qtest, address, length, UINT64_MAX))
        return;
    while (length > 0) {
        size_t chunk = vport_min_u64(length, VPORT_QTEST_CHUNK);

        command(qtest, (struct answer){.kind = BYTES, .into = byte, .length = chunk},
                "b64read 0x%" PRIx64 " 0x%zx", address, chunk);
        address += chunk;
        byte += chunk;
        length -= chunk;
    }
}

static void write_chunk(struct vport_qtest *qtest, uint64_t address, const void *data,
                        size_t length)
{
    char *line = line_begin(qtest);

    if (!line)
        return;
    line += sprintf(line, "b64write 0x%" PRIx64 " 0x%zx ", address, length);
    vport_base64_encode(data, length, line);
    line_end(qtest, line + vport_base64_length(length), (struct answer){.kind = NOTHING});
}

void vport_qtest_write_bytes(struct vport_qtest *qtest, uint64_t address, const void *data,
                             size_t length)
{
    const char *byte = data;

    if (!in_space(qtest, address, length, UINT64_MAX))
        return;
    while (length > 0) {
        size_t chunk = vport_min_u64(length, VPORT_QTEST_CHUNK);

        write_chunk(qtest, address, byte, chunk);
        address += chunk;
        byte += chunk;
        length -= chunk;
    }
}

void vport_qtest_intercept(struct vport_qtest *qtest, const char *path)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789/._-";
    size_t length = strlen(path);

    if (length == 0 || length > 64 || strspn(path, allowed) != length)
        fail(qtest, VPORT_E_INVALID);
    else
        command(qtest, (struct answer){.kind = NOTHING}, "irq_intercept_in %s", path);
}

/* ---- Sessions ---- */

/* Whether the ready descriptor watches the socket. */
static void arm(struct vport_qtest *qtest, bool on)
{
    struct epoll_event event = {.events = on ? EPOLLIN : 0};

    if (qtest->armed == on)
        return;
    qtest->armed = on;
    if (epoll_ctl(qtest->ready, EPOLL_CTL_MOD, qtest->config.fd, &event) != 0)
        die(qtest, "epoll_ctl failed: %s", strerror(errno));
}

/* Carries out what was kept back. */
static void write_combined(struct vport_qtest *qtest)
{
    size_t length = qtest->combined_length;

    qtest->combined_length = 0;
    if (length > 0)
        write_chunk(qtest, qtest->combined_address, qtest->combined, length);
}

void vport_qtest_begin(struct vport_qtest *qtest)
{
    pthread_mutex_lock(&qtest->lock);
    qtest->status = VPORT_OK;
    if (!is_dead(qtest))
        arm(qtest, false);
    write_combined(qtest);
}

static enum vport_status leave(struct vport_qtest *qtest)
{
    enum vport_status status;

    if (is_dead(qtest))
        fail(qtest, VPORT_E_DEVICE);
    else
        arm(qtest, true);
    status = qtest->status;
    pthread_mutex_unlock(&qtest->lock);
    return status;
}

enum vport_status vport_qtest_end(struct vport_qtest *qtest)
{
    exchange(qtest, 0);
    return leave(qtest);
}

enum vport_status vport_qtest_post(struct vport_qtest *qtest)
{
    exchange(qtest, VPORT_QTEST_FLIGHT);
    return leave(qtest);
}

static void keep_back(struct vport_qtest *qtest, const void *data, size_t length)
{
    memcpy(qtest->combined + qtest->combined_length, data, length);
    qtest->combined_length += length;
}

/* true: a neighbour of what was kept back before. No session: nothing is said to QEMU. */
static bool kept_with_neighbours(struct vport_qtest *qtest, uint64_t address, const void *data,
                                 size_t length)
{
    bool kept;

    pthread_mutex_lock(&qtest->lock);
    kept = qtest->combined_length > 0 && !is_dead(qtest) &&
           address == qtest->combined_address + qtest->combined_length &&
           length <= VPORT_QTEST_COMBINED - qtest->combined_length;
    if (kept)
        keep_back(qtest, data, length);
    pthread_mutex_unlock(&qtest->lock);
    return kept;
}

enum vport_status vport_qtest_combine(struct vport_qtest *qtest, uint64_t address, const void *data,
                                      size_t length)
{
    if (kept_with_neighbours(qtest, address, data, length))
        return VPORT_OK;
    vport_qtest_begin(qtest);
    qtest->combined_address = address;
    keep_back(qtest, data, length);
    return vport_qtest_post(qtest);
}

int vport_qtest_ready_fd(const struct vport_qtest *qtest)
{
    return qtest->ready;
}

void vport_qtest_receive(struct vport_qtest *qtest)
{
    vport_qtest_begin(qtest);
    while (!is_dead(qtest) && receive_some(qtest))
        ;
    (void)vport_qtest_post(qtest);
}

bool vport_qtest_dead(struct vport_qtest *qtest)
{
    return is_dead(qtest);
}

static bool open_ready(struct vport_qtest *qtest)
{
    struct epoll_event event = {.events = EPOLLIN};

    qtest->ready = epoll_create1(EPOLL_CLOEXEC);
    if (qtest->ready < 0)
        return false;
    if (epoll_ctl(qtest->ready, EPOLL_CTL_ADD, qtest->config.fd, &event) == 0)
        return true;
    close(qtest->ready);
    return false;
}

enum vport_status vport_qtest_create(const struct vport_qtest_config *config,
                                     struct vport_qtest **result)
{
    struct vport_qtest *qtest = calloc(1, sizeof(*qtest));

    *result = NULL;
    if (qtest) {
        qtest->config = *config;
        qtest->armed = true;
        qtest->looks = looks_worthwhile();
        if (open_ready(qtest)) {
            pthread_mutex_init(&qtest->lock, NULL);
            *result = qtest;
            return VPORT_OK;
        }
    }
    free(qtest);
    close(config->fd);
    return VPORT_E_NO_MEMORY;
}

void vport_qtest_destroy(struct vport_qtest *qtest)
{
    if (!qtest)
        return;
    close(qtest->ready);
    close(qtest->config.fd);
    pthread_mutex_destroy(&qtest->lock);
    free(qtest);
}
