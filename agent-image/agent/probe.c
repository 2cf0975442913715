#define _GNU_SOURCE
#include "probe.h"

#include "clock.h"
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRY_MS 1000
#define PAUSE_MS 100
#define SECONDS_MAX 3600

static union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;
static socklen_t address_size;

static bool active;
static int fd = -1;
static int64_t until, next_event; /* the end of this try, or of the pause before the next */

/* Cuts ":number" off the end. */
static long last_number(char *text, long max) {
    char *colon = strrchr(text, ':');
    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return -1;
    char *rest;
    errno = 0;
    long number = strtol(colon + 1, &rest, 10);
    *colon = '\0';
    return errno == 0 && *rest == '\0' && number >= 1 && number <= max ? number : -1;
}

bool probe_start(const char *text, size_t size) {
    char copy[128];
    if (size >= sizeof copy || memchr(text, '\0', size) != NULL)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    long seconds = last_number(copy, SECONDS_MAX);
    long port = last_number(copy, 65535);
    if (seconds < 0 || port < 0)
        return false;
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, copy, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
        address_size = sizeof address.v4;
    } else if (inet_pton(AF_INET6, copy, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
        address_size = sizeof address.v6;
    } else {
        return false;
    }
    until = now_ms() + seconds * 1000;
    next_event = 0;
    active = true;
    return true;
}

bool probe_is_active(void) { return active; }

static void end_try(void) {
    if (fd >= 0)
        close(fd);
    fd = -1;
    next_event = now_ms() + PAUSE_MS;
}

static void answer(const char *result) {
    end_try();
    active = false;
    stream_answer('T', "%s", result);
}

static void begin_try(void) {
    fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (connect(fd, &address.any, address_size) == 0 || errno == EINPROGRESS))
        next_event = now_ms() + TRY_MS;
    else
        end_try();
}

/* A port of this machine that nobody listens on may connect to itself; that is nobody's answer. */
static bool is_self_connected(void) {
    struct sockaddr_storage here, there;
    memset(&here, 0, sizeof here);
    memset(&there, 0, sizeof there);
    socklen_t here_size = sizeof here, there_size = sizeof there;
    return getsockname(fd, (struct sockaddr *)&here, &here_size) == 0 &&
           getpeername(fd, (struct sockaddr *)&there, &there_size) == 0 &&
           here_size == there_size && memcmp(&here, &there, here_size) == 0;
}

static bool is_connected(void) {
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    if (poll(&writable, 1, 0) <= 0)
        return false;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0 &&
        !is_self_connected())
        return true;
    end_try();
    return false;
}

void probe_advance(void) {
    if (!active)
        return;
    int64_t now = now_ms();
    if (fd >= 0 && is_connected()) {
        answer("ok");
    } else if (now >= until) {
        answer("timeout");
    } else if (now >= next_event) {
        end_try();
        begin_try();
    }
}

int probe_fd(void) { return fd; }

int probe_timeout_ms(void) {
    if (!active)
        return -1;
    int64_t wait = (next_event < until ? next_event : until) - now_ms();
    return wait < 0 ? 0 : (int)wait;
}
