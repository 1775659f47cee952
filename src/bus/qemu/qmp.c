/* SPDX-License-Identifier: MIT */
/* The QMP client: see qmp.h. One JSON object a line, both ways; one lock from a command to its
 * answer. */
#include "bus/qemu/qmp.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MOST = 65536 };

struct vport_qmp {
    int fd;
    unsigned timeout;
    pthread_mutex_t lock;
    bool dead;
    char why[VPORT_QMP_TEXT]; /* of its death */
    char version[32];
    uint64_t count[VPORT_QMP_EVENTS];
    size_t used;
    char in[LINE_MOST];
};

static const char *const event_names[VPORT_QMP_EVENTS] = {
    [VPORT_QMP_SHUTDOWN] = "SHUTDOWN",
    [VPORT_QMP_RESET] = "RESET",
    [VPORT_QMP_STOP] = "STOP",
    [VPORT_QMP_RESUME] = "RESUME",
    [VPORT_QMP_GUEST_PANICKED] = "GUEST_PANICKED",
};

static enum vport_status die(struct vport_qmp *qmp, const char *why, const char *detail)
{
    if (!qmp->dead)
        snprintf(qmp->why, sizeof(qmp->why), "%s%s", why, detail);
    qmp->dead = true;
    return VPORT_E_DEVICE;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* VPORT_OK once the socket can be read or written; VPORT_E_TIMEOUT. */
static enum vport_status wait_for(struct vport_qmp *qmp, short what, uint64_t deadline)
{
    struct pollfd socket = {.fd = qmp->fd, .events = what};

    for (;;) {
        uint64_t now = now_ms();

        if (now >= deadline)
            return VPORT_E_TIMEOUT;
        if (poll(&socket, 1, (int)(deadline - now)) > 0)
            return VPORT_OK;
    }
}

static enum vport_status send_all(struct vport_qmp *qmp, const char *text, size_t length,
                                  uint64_t deadline)
{
    while (length > 0) {
        ssize_t sent = send(qmp->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent >= 0) {
            text += sent;
            length -= (size_t)sent;
        } else if (errno != EAGAIN && errno != EINTR) {
            return die(qmp, "the connection to QEMU's monitor failed: ", strerror(errno));
        } else if (wait_for(qmp, POLLOUT, deadline) != VPORT_OK) {
            return die(qmp, "QEMU's monitor takes no command", "");
        }
    }
    return VPORT_OK;
}

/* Fills the buffer further. VPORT_E_TIMEOUT leaves everything as it is. */
static enum vport_status receive(struct vport_qmp *qmp, uint64_t deadline)
{
    enum vport_status status = wait_for(qmp, POLLIN, deadline);
    ssize_t got;

    if (status != VPORT_OK)
        return status;
    if (qmp->used == LINE_MOST)
        return die(qmp, "QEMU's monitor said a line without an end", "");
    got = recv(qmp->fd, qmp->in + qmp->used, LINE_MOST - qmp->used, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return VPORT_OK;
    if (got < 0)
        return die(qmp, "the connection to QEMU's monitor failed: ", strerror(errno));
    if (got == 0)
        return die(qmp, "QEMU is gone", "");
    qmp->used += (size_t)got;
    return VPORT_OK;
}

/* The next object that QEMU says, the caller's to decref. */
static enum vport_status next_object(struct vport_qmp *qmp, uint64_t deadline, json_t **object)
{
    char *newline;

    while (!(newline = memchr(qmp->in, '\n', qmp->used))) {
        enum vport_status status = receive(qmp, deadline);

        if (status != VPORT_OK)
            return status;
    }
    *object = json_loadb(qmp->in, (size_t)(newline - qmp->in), 0, NULL);
    qmp->used -= (size_t)(newline + 1 - qmp->in);
    memmove(qmp->in, newline + 1, qmp->used);
    if (json_is_object(*object))
        return VPORT_OK;
    json_decref(*object);
    return die(qmp, "QEMU's monitor said something that is no JSON object", "");
}

/* true if `object` was an event. */
static bool take_event(struct vport_qmp *qmp, const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "event"));

    for (int i = 0; name && i < VPORT_QMP_EVENTS; i++)
        if (strcmp(name, event_names[i]) == 0)
            qmp->count[i]++;
    return name != NULL;
}

static enum vport_status refused(const json_t *failure, char *error)
{
    const char *words = json_string_value(json_object_get(failure, "desc"));

    if (error)
        snprintf(error, VPORT_QMP_TEXT, "%s", words ? words : "no reason given");
    return VPORT_E_INVALID;
}

static enum vport_status answer(struct vport_qmp *qmp, uint64_t deadline, char *error)
{
    enum vport_status status;
    json_t *object;
    bool event;

    do {
        status = next_object(qmp, deadline, &object);
        if (status == VPORT_E_TIMEOUT)
            return die(qmp, "QEMU's monitor does not answer", "");
        if (status != VPORT_OK)
            return status;
        event = take_event(qmp, object);
        if (!event && json_object_get(object, "error"))
            status = refused(json_object_get(object, "error"), error);
        else if (!event && !json_object_get(object, "return"))
            status = die(qmp, "QEMU's monitor said something that is no answer", "");
        json_decref(object);
    } while (event);
    return status;
}

static enum vport_status execute(struct vport_qmp *qmp, const char *command, json_t *arguments,
                                 char *error)
{
    uint64_t deadline = now_ms() + qmp->timeout;
    json_t *request = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    enum vport_status status = text ? VPORT_OK : VPORT_E_NO_MEMORY;

    if (status == VPORT_OK)
        status = send_all(qmp, text, strlen(text), deadline);
    if (status == VPORT_OK)
        status = send_all(qmp, "\n", 1, deadline);
    if (status == VPORT_OK)
        status = answer(qmp, deadline, error);
    free(text);
    json_decref(request);
    return status;
}

enum vport_status vport_qmp_execute(struct vport_qmp *qmp, const char *command, json_t *arguments,
                                    char *error)
{
    enum vport_status status = VPORT_E_DEVICE;

    pthread_mutex_lock(&qmp->lock);
    if (qmp->dead)
        json_decref(arguments);
    else
        status = execute(qmp, command, arguments, error);
    if (qmp->dead && error)
        snprintf(error, VPORT_QMP_TEXT, "%s", qmp->why);
    pthread_mutex_unlock(&qmp->lock);
    return status;
}

void vport_qmp_quit(struct vport_qmp *qmp)
{
    static const char text[] = "{\"execute\":\"quit\"}\n";

    pthread_mutex_lock(&qmp->lock);
    if (!qmp->dead)
        (void)send_all(qmp, text, sizeof(text) - 1,
                       now_ms() + 100); /* the caller sees it end, or not */
    pthread_mutex_unlock(&qmp->lock);
}

uint64_t vport_qmp_count(struct vport_qmp *qmp, enum vport_qmp_event event)
{
    uint64_t count;

    pthread_mutex_lock(&qmp->lock);
    count = qmp->count[event];
    pthread_mutex_unlock(&qmp->lock);
    return count;
}

enum vport_status vport_qmp_wait(struct vport_qmp *qmp, enum vport_qmp_event event, uint64_t seen)
{
    uint64_t deadline = now_ms() + qmp->timeout;
    enum vport_status status = VPORT_OK;
    json_t *object;

    pthread_mutex_lock(&qmp->lock);
    while (status == VPORT_OK && qmp->count[event] <= seen) {
        status = qmp->dead ? VPORT_E_DEVICE : next_object(qmp, deadline, &object);
        if (status == VPORT_OK) {
            if (!take_event(qmp, object))
                status = die(qmp, "QEMU's monitor answered a command that was never sent", "");
            json_decref(object);
        }
    }
    pthread_mutex_unlock(&qmp->lock);
    return status;
}

static enum vport_status greet(struct vport_qmp *qmp)
{
    json_t *greeting;
    int major = 0;
    int minor = 0;
    int micro = 0;
    enum vport_status status = next_object(qmp, now_ms() + qmp->timeout, &greeting);

    if (status == VPORT_E_TIMEOUT)
        return die(qmp, "QEMU's monitor does not greet", "");
    if (status != VPORT_OK)
        return status;
    if (json_unpack(greeting, "{s:{s:{s:{s:i,s:i,s:i}}}}", "QMP", "version", "qemu", "major",
                    &major, "minor", &minor, "micro", &micro) != 0)
        status = die(qmp, "QEMU's monitor greets with something else than its version", "");
    snprintf(qmp->version, sizeof(qmp->version), "%d.%d.%d", major, minor, micro);
    json_decref(greeting);
    return status;
}

enum vport_status vport_qmp_create(int fd, unsigned timeout, struct vport_qmp **result, char *error)
{
    struct vport_qmp *qmp = calloc(1, sizeof(*qmp));
    enum vport_status status;

    *result = NULL;
    if (!qmp) {
        close(fd);
        return VPORT_E_NO_MEMORY;
    }
    qmp->fd = fd;
    qmp->timeout = timeout;
    pthread_mutex_init(&qmp->lock, NULL);
    status = greet(qmp);
    if (status == VPORT_OK)
        status = execute(qmp, "qmp_capabilities", NULL, error);
    if (status == VPORT_OK) {
        *result = qmp;
        return VPORT_OK;
    }
    if (qmp->dead)
        snprintf(error, VPORT_QMP_TEXT, "%s", qmp->why);
    vport_qmp_destroy(qmp);
    return status == VPORT_E_INVALID ? VPORT_E_DEVICE : status;
}

void vport_qmp_destroy(struct vport_qmp *qmp)
{
    if (!qmp)
        return;
    close(qmp->fd);
    pthread_mutex_destroy(&qmp->lock);
    free(qmp);
}

const char *vport_qmp_version(const struct vport_qmp *qmp)
{
    return qmp->version;
}
