#define _GNU_SOURCE
#include "channel.h"

#include "clock.h"
#include "places.h"
#include "request.h"
#include "stream.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A client sends its request at once; one that does not must not keep a place for ever. */
#ifndef SILENCE_MS
#define SILENCE_MS 10000
#endif
#define PAUSE_MS 100

static int listener = -1;
static int64_t paused_until;

/* Those that have sent nothing yet, or wait for their turn, in the order of their coming. What they
 * have sent stays with the kernel till then, so the agent keeps one request only. */
static struct {
    int fd;
    int64_t until;
} clients[CHANNEL_CLIENTS_MAX];
static size_t client_count;

/* The daemon owes an answer; to nobody, when the step has ended meanwhile. */
static bool asked;
static int asking = -1;

static char request[CHANNEL_REQUEST_MAX];

bool channel_is_name(const char *name, size_t length) {
    if (length == 0 || length > CHANNEL_NAME_MAX)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return true;
}

bool channel_open(void) {
    /* Of one message each: a request is there as a whole or not at all. */
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CHANNEL};
    (void)unlink(CHANNEL);
    /* Open to every user of the container: an image's root may run parts of a job as others. */
    mode_t before = umask(0111);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_open = listener >= 0 &&
                   bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                   listen(listener, CHANNEL_CLIENTS_MAX) == 0;
    int error = errno;
    umask(before);
    if (!is_open)
        request_fault("the masking channel %s cannot be created: %s", CHANNEL, strerror(error));
    return is_open;
}

static void forget_client(size_t index) {
    client_count--;
    memmove(clients + index, clients + index + 1, (client_count - index) * sizeof clients[0]);
}

static void drop_client(size_t index) {
    close(clients[index].fd);
    forget_client(index);
}

void channel_close(void) {
    while (client_count > 0)
        drop_client(client_count - 1);
    if (asking >= 0)
        close(asking);
    asking = -1;
    if (listener < 0)
        return;
    close(listener);
    listener = -1;
    (void)unlink(CHANNEL);
}

static bool can_ask(void) { return listener >= 0 && !asked && stream_is_flushed(); }

static bool can_accept(void) {
    return client_count < CHANNEL_CLIENTS_MAX && now_ms() >= paused_until;
}

static void accept_clients(void) {
    while (can_accept()) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            clients[client_count].fd = fd;
            clients[client_count++].until = now_ms() + SILENCE_MS;
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            paused_until = now_ms() + PAUSE_MS; /* no descriptor or no memory now */
        }
    }
}

static void tell(int fd, const char *answer, size_t size) {
    (void)!send(fd, answer, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Why the request is none, or NULL. */
static const char *flaw(size_t size) {
    static const char too_long[] = "-the value is longer than 65536 bytes";
    if (size > sizeof request)
        return too_long;
    const char *end = memchr(request, '\0', size);
    size_t name = end == NULL ? 0 : (size_t)(end - request);
    if (end == NULL || (name > 0 && !channel_is_name(request, name)))
        return "-the request is not a name of letters, digits and underscores, NUL, value";
    return size - name - 1 > CHANNEL_VALUE_MAX ? too_long : NULL;
}

/* Reads what the client wants, if it has said it. False when the client is to stay. */
static bool serve_client(size_t index) {
    int fd = clients[index].fd;
    /* With MSG_TRUNC the length is the message's own, also where it does not fit. */
    ssize_t n = recv(fd, request, sizeof request, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR) && now_ms() < clients[index].until)
        return false;
    const char *refusal = n > 0 ? flaw((size_t)n) : NULL;
    if (n > 0 && refusal == NULL) {
        stream_send('M', request, (size_t)n);
        asked = true;
        asking = fd;
        forget_client(index);
    } else {
        if (refusal != NULL)
            tell(fd, refusal, strlen(refusal));
        drop_client(index);
    }
    explicit_bzero(request, sizeof request);
    return true;
}

void channel_advance(void) {
    if (!can_ask())
        return;
    accept_clients();
    for (size_t index = 0; index < client_count && !asked;)
        if (!serve_client(index))
            index++;
}

bool channel_answer(const unsigned char *answer, size_t size) {
    if (!asked || size == 0 || size > CONTROL_TEXT_MAX || (answer[0] != '+' && answer[0] != '-'))
        return false;
    asked = false;
    if (asking >= 0) {
        tell(asking, (const char *)answer, size);
        close(asking);
    }
    asking = -1;
    return true;
}

void channel_watch(struct pollfd *events) {
    /* Nothing while no request can be taken: whoever waits is still there afterwards. */
    bool watched = can_ask();
    events[0] = (struct pollfd){.fd = watched && can_accept() ? listener : -1, .events = POLLIN};
    for (size_t i = 0; i < CHANNEL_CLIENTS_MAX; i++)
        events[1 + i] = (struct pollfd){.fd = watched && i < client_count ? clients[i].fd : -1,
                                        .events = POLLIN};
}

int channel_timeout_ms(void) {
    if (!can_ask())
        return -1;
    int64_t now = now_ms();
    /* The one that came first is the first to be dropped. */
    int64_t until = client_count > 0 ? clients[0].until : INT64_MAX;
    if (paused_until > now && paused_until < until)
        until = paused_until;
    if (until == INT64_MAX)
        return -1;
    return until < now ? 0 : (int)(until - now);
}
