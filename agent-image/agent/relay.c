#define _GNU_SOURCE
#include "relay.h"

#include "clock.h"
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER ((size_t)5)
#define ID ((size_t)2)
#define PEER ((size_t)6)

/* One turn of one connection; others have theirs before its next. */
#define PIECE ((size_t)32 << 10)

/* A name server's question over UDP has 512 bytes, or what both sides agreed on, which we never do. */
#define DATAGRAM ((size_t)1232)

#define BACKLOG 128

/* What one connection may have to say beside its bytes: a, w, e, x. */
#define CONTROL ((size_t)64)

enum state {
    FREE,
    OPEN,
    /* The socket is gone, our x is said or about to be; the daemon's x has not come. */
    LEFT
};

static struct connection {
    enum state state;
    int fd;
    unsigned char peer[4];
    uint16_t port;
    /* To be said, in this order. */
    bool say_accepted, say_ended, say_gone;
    bool gone_said, gone_heard;
    uint32_t taken; /* of the daemon's bytes, since the last w */
    /* From the network to the daemon. */
    size_t credit;
    bool in_ended;
    /* From the daemon to the network. */
    unsigned char *buffer;
    size_t start, end;
    bool out_ending, out_ended;
} connections[RELAY_CONNECTIONS_MAX];

static size_t slots, used;
static int listeners[RELAY_LISTENERS_MAX];
static size_t listener_count;
static int datagrams = -1;
static bool is_open;
static unsigned char *buffers;

static unsigned char out[4 * (HEADER + ID + PIECE) + RELAY_CONNECTIONS_MAX * CONTROL];
static size_t out_start, out_end;

/* ---- the stream's other direction */

/* Room for a piece, and for what any connection may have to say beside. */
#define ROOMY (HEADER + ID + PIECE + CONTROL)

static size_t out_room(void) {
    if (out_start > 0 && sizeof out - out_end < ROOMY) {
        memmove(out, out + out_start, out_end - out_start);
        out_end -= out_start;
        out_start = 0;
    }
    return sizeof out - out_end;
}

static unsigned char *begin_frame(char type, size_t size) {
    unsigned char *header = out + out_end;
    header[0] = (unsigned char)type;
    header[1] = (unsigned char)(size >> 24);
    header[2] = (unsigned char)(size >> 16);
    header[3] = (unsigned char)(size >> 8);
    header[4] = (unsigned char)size;
    return header + HEADER;
}

static void say(char type, size_t id, const unsigned char *more, size_t size) {
    unsigned char *payload = begin_frame(type, ID + size);
    payload[0] = (unsigned char)(id >> 8);
    payload[1] = (unsigned char)id;
    if (size > 0)
        memcpy(payload + ID, more, size);
    out_end += HEADER + ID + size;
}

/* False when nobody will ever read it. */
static bool flush(void) {
    while (out_start < out_end) {
        ssize_t n = write(STDOUT_FILENO, out + out_start, out_end - out_start);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        out_start += (size_t)n;
    }
    out_start = out_end = 0;
    return true;
}

/* ---- connections */

static void close_socket(struct connection *c) {
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->state = LEFT;
    c->say_gone = !c->gone_said;
    /* The pages go back to the kernel, which wipes them. */
    if (c->end > 0)
        (void)madvise(c->buffer, RELAY_WINDOW, MADV_DONTNEED);
    c->start = c->end = 0;
}

static void forget_if_over(struct connection *c) {
    if (c->state == LEFT && c->gone_said && c->gone_heard) {
        c->state = FREE;
        used--;
    }
}

static void close_if_done(struct connection *c) {
    if (c->in_ended && c->out_ended && !c->say_ended)
        close_socket(c);
}

static void deliver(struct connection *c) {
    while (c->start < c->end) {
        ssize_t n = send(c->fd, c->buffer + c->start, c->end - c->start, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN)
                close_socket(c);
            return;
        }
        c->start += (size_t)n;
        c->taken += (uint32_t)n;
    }
    c->start = c->end = 0;
    if (c->out_ending && !c->out_ended) {
        c->out_ended = true;
        (void)shutdown(c->fd, SHUT_WR);
        close_if_done(c);
    }
}

static void accept_from(int listener) {
    while (used < slots) {
        struct sockaddr_in peer, here;
        socklen_t peer_size = sizeof peer, here_size = sizeof here;
        int fd =
            accept4(listener, (struct sockaddr *)&peer, &peer_size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (getsockname(fd, (struct sockaddr *)&here, &here_size) != 0) {
            close(fd);
            continue;
        }
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        size_t id = 0;
        while (connections[id].state != FREE)
            id++;
        struct connection *c = &connections[id];
        *c = (struct connection){.state = OPEN,
                                 .fd = fd,
                                 .port = ntohs(here.sin_port),
                                 .say_accepted = true,
                                 .credit = RELAY_WINDOW,
                                 .buffer = buffers + id * RELAY_WINDOW};
        memcpy(c->peer, &peer.sin_addr, sizeof c->peer);
        used++;
    }
}

/* Reads once. There is room for a piece, and a credit. */
static void forward(struct connection *c, size_t id) {
    size_t size = c->credit < PIECE ? c->credit : PIECE;
    unsigned char *payload = out + out_end + HEADER;
    ssize_t n;
    do
        n = recv(c->fd, payload + ID, size, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        (void)begin_frame('d', ID + (size_t)n);
        payload[0] = (unsigned char)(id >> 8);
        payload[1] = (unsigned char)id;
        out_end += HEADER + ID + (size_t)n;
        c->credit -= (size_t)n;
    } else if (n == 0) {
        c->in_ended = true;
        c->say_ended = true;
    } else if (errno != EAGAIN) {
        close_socket(c);
    }
}

/* Says what a connection has to say. False when there is no room. */
static bool speak(struct connection *c, size_t id) {
    if (c->state == FREE)
        return true;
    if (out_room() < CONTROL)
        return false;
    if (c->say_accepted) {
        unsigned char more[6] = {(unsigned char)(c->port >> 8), (unsigned char)c->port};
        memcpy(more + 2, c->peer, sizeof c->peer);
        say('a', id, more, sizeof more);
        c->say_accepted = false;
    }
    if (c->state == OPEN && c->taken >= RELAY_WINDOW / 4) {
        unsigned char more[4] = {(unsigned char)(c->taken >> 24), (unsigned char)(c->taken >> 16),
                                 (unsigned char)(c->taken >> 8), (unsigned char)c->taken};
        say('w', id, more, sizeof more);
        c->taken = 0;
    }
    if (c->say_ended) {
        say('e', id, NULL, 0);
        c->say_ended = false;
        if (c->state == OPEN)
            close_if_done(c);
    }
    if (c->say_gone) {
        say('x', id, NULL, 0);
        c->say_gone = false;
        c->gone_said = true;
        forget_if_over(c);
    }
    return true;
}

/* ---- datagrams */

static void forward_datagram(void) {
    struct sockaddr_in peer;
    socklen_t peer_size = sizeof peer;
    unsigned char *payload = out + out_end + HEADER;
    ssize_t n = recvfrom(datagrams, payload + PEER, DATAGRAM, MSG_TRUNC, (struct sockaddr *)&peer,
                         &peer_size);
    if (n < 0 || (size_t)n > DATAGRAM)
        return; /* what is longer is no question that anybody here would answer */
    (void)begin_frame('q', PEER + (size_t)n);
    memcpy(payload, &peer.sin_addr, 4);
    memcpy(payload + 4, &peer.sin_port, 2);
    out_end += HEADER + PEER + (size_t)n;
}

static bool answer_datagram(const struct frame *frame) {
    if (frame->size < PEER || datagrams < 0)
        return false;
    struct sockaddr_in peer = {.sin_family = AF_INET};
    memcpy(&peer.sin_addr, frame->payload, 4);
    memcpy(&peer.sin_port, frame->payload + 4, 2);
    /* Lost like any datagram where it does not fit; who asked asks again. */
    (void)sendto(datagrams, frame->payload + PEER, frame->size - PEER, MSG_DONTWAIT | MSG_NOSIGNAL,
                 (struct sockaddr *)&peer, sizeof peer);
    return true;
}

/* ---- frames of the daemon */

static bool handle_data(struct connection *c, const unsigned char *bytes, size_t size) {
    if (c->state == LEFT)
        return true; /* on its way when we left */
    if (c->out_ending)
        return false;
    if (c->start > 0) {
        memmove(c->buffer, c->buffer + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
    }
    if (size > RELAY_WINDOW - c->end)
        return false;
    memcpy(c->buffer + c->end, bytes, size);
    c->end += size;
    deliver(c);
    return true;
}

static bool handle(const struct frame *frame) {
    if (frame->type == 'q')
        return answer_datagram(frame);
    if (frame->size < ID)
        return false;
    size_t id = (size_t)frame->payload[0] << 8 | frame->payload[1];
    if (id >= slots || connections[id].state == FREE)
        return false;
    struct connection *c = &connections[id];
    const unsigned char *more = frame->payload + ID;
    size_t size = frame->size - ID;
    if (c->gone_heard)
        return false;
    switch (frame->type) {
    case 'd':
        return handle_data(c, more, size);
    case 'w': {
        if (size != 4)
            return false;
        size_t credit = (size_t)more[0] << 24 | (size_t)more[1] << 16 | (size_t)more[2] << 8 |
                        (size_t)more[3];
        if (credit > RELAY_WINDOW - c->credit)
            return false;
        c->credit += credit;
        return true;
    }
    case 'e':
        if (c->out_ending)
            return false;
        c->out_ending = true;
        if (c->state == OPEN)
            deliver(c);
        return true;
    case 'x':
        c->gone_heard = true;
        if (c->state == OPEN)
            close_socket(c);
        forget_if_over(c);
        return true;
    default:
        return false;
    }
}

static bool handle_frames(void) {
    for (;;) {
        struct frame frame;
        switch (stream_next(&frame)) {
        case TOO_LONG:
            return false;
        case INCOMPLETE:
            return true;
        case ARRIVED:
            if (!handle(&frame))
                return false;
            stream_take(&frame);
        }
    }
}

/* ---- opening */

static bool fail(char *fault, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault, size, format, arguments);
    va_end(arguments);
    return false;
}

static int listen_on(int type, uint16_t port) {
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    here.sin_addr.s_addr = htonl(INADDR_ANY);
    if ((type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) ||
        bind(fd, (struct sockaddr *)&here, sizeof here) != 0 ||
        (type == SOCK_STREAM && listen(fd, BACKLOG) != 0)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* The number at *text, which it moves behind it; -1 if there is none up to max. */
static long number_at(const char **text, long max) {
    if (**text < '0' || **text > '9')
        return -1;
    char *rest;
    errno = 0;
    long number = strtol(*text, &rest, 10);
    *text = rest;
    return errno == 0 && number >= 1 && number <= max ? number : -1;
}

static bool skip(const char **text, const char *word) {
    size_t length = strlen(word);
    if (strncmp(*text, word, length) != 0)
        return false;
    *text += length;
    return true;
}

bool relay_open(const char *text, size_t size, char *fault, size_t fault_size) {
    static const char form[] = "frame N must be connections=N tcp=PORT,PORT udp=PORT";
    char copy[1024];
    if (is_open)
        return fail(fault, fault_size, "%s, once", form);
    if (size >= sizeof copy || memchr(text, '\0', size) != NULL)
        return fail(fault, fault_size, "%s", form);
    memcpy(copy, text, size);
    copy[size] = '\0';
    const char *at = copy;
    long count;
    if (!skip(&at, "connections=") || (count = number_at(&at, RELAY_CONNECTIONS_MAX)) < 0 ||
        !skip(&at, " tcp="))
        return fail(fault, fault_size, "%s", form);
    slots = (size_t)count;
    do {
        long port = number_at(&at, 65535);
        if (port < 0 || listener_count == RELAY_LISTENERS_MAX)
            return fail(fault, fault_size, "%s", form);
        int fd = listen_on(SOCK_STREAM, (uint16_t)port);
        if (fd < 0)
            return fail(fault, fault_size, "port %ld cannot be listened on: %s", port,
                        strerror(errno));
        listeners[listener_count++] = fd;
    } while (skip(&at, ","));
    if (skip(&at, " udp=")) {
        long port = number_at(&at, 65535);
        if (port < 0)
            return fail(fault, fault_size, "%s", form);
        datagrams = listen_on(SOCK_DGRAM, (uint16_t)port);
        if (datagrams < 0)
            return fail(fault, fault_size, "port %ld of UDP cannot be listened on: %s", port,
                        strerror(errno));
    }
    if (*at != '\0')
        return fail(fault, fault_size, "%s", form);
    buffers = mmap(NULL, slots * RELAY_WINDOW, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buffers == MAP_FAILED)
        return fail(fault, fault_size, "no memory for %zu connections", slots);
    is_open = true;
    return true;
}

bool relay_is_open(void) { return is_open; }

/* ---- the loop */

enum { EXIT_FINE = 0, EXIT_MACHINE = 71, EXIT_DEFECT = 76, EXIT_DEADLINE = 124 };

static bool wants_input(const struct connection *c) {
    return c->state == OPEN && !c->in_ended && c->credit > 0;
}

static bool wants_output(const struct connection *c) {
    return c->state == OPEN && c->start < c->end;
}

static int wait_ms(int64_t deadline) {
    if (deadline < 0)
        return -1;
    int64_t left = deadline - now_ms();
    return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

int relay_serve(int64_t deadline, char *defect, size_t defect_size) {
    enum { IN, OUT, DATAGRAM_IN, FIRST_LISTENER };
    enum { FIRST_CONNECTION = FIRST_LISTENER + RELAY_LISTENERS_MAX };
    static struct pollfd events[FIRST_CONNECTION + RELAY_CONNECTIONS_MAX];
    size_t turn = 0;
    for (;;) {
        if (!handle_frames()) {
            (void)snprintf(defect, defect_size, "a frame that a relay does not expect");
            return EXIT_DEFECT;
        }
        for (size_t id = 0; id < slots && speak(&connections[id], id); id++)
            ;
        if (!flush())
            return EXIT_FINE;

        bool room = out_room() >= ROOMY;
        events[IN] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        events[OUT] = (struct pollfd){.fd = out_start < out_end ? STDOUT_FILENO : -1,
                                      .events = POLLOUT};
        events[DATAGRAM_IN] = (struct pollfd){.fd = room ? datagrams : -1, .events = POLLIN};
        for (size_t i = 0; i < listener_count; i++)
            events[FIRST_LISTENER + i] =
                (struct pollfd){.fd = used < slots ? listeners[i] : -1, .events = POLLIN};
        for (size_t i = listener_count; i < RELAY_LISTENERS_MAX; i++)
            events[FIRST_LISTENER + i].fd = -1;
        for (size_t id = 0; id < slots; id++) {
            const struct connection *c = &connections[id];
            bool in = room && wants_input(c), output = wants_output(c);
            events[FIRST_CONNECTION + id] =
                (struct pollfd){.fd = in || output ? c->fd : -1,
                                .events = (short)((in ? POLLIN : 0) | (output ? POLLOUT : 0))};
        }
        int ready = poll(events, (nfds_t)(FIRST_CONNECTION + slots), wait_ms(deadline));
        if (ready < 0 && errno != EINTR)
            return EXIT_MACHINE;
        if (deadline >= 0 && now_ms() >= deadline)
            return EXIT_DEADLINE;
        if (ready <= 0)
            continue;

        if (events[IN].revents != 0 && stream_receive() == 0) {
            if (!stream_inside_frame())
                return EXIT_FINE;
            (void)snprintf(defect, defect_size, "the stream ended inside a frame");
            return EXIT_DEFECT;
        }
        if (events[DATAGRAM_IN].revents != 0)
            forward_datagram();
        /* Each has its turn, beginning with another one each time. */
        turn = turn + 1 < slots ? turn + 1 : 0;
        for (size_t i = 0; i < slots; i++) {
            size_t id = turn + i < slots ? turn + i : turn + i - slots;
            short happened = events[FIRST_CONNECTION + id].revents;
            struct connection *c = &connections[id];
            if ((happened & (POLLOUT | POLLERR | POLLHUP)) != 0 && wants_output(c))
                deliver(c);
            if ((happened & (POLLIN | POLLERR | POLLHUP)) != 0 && wants_input(c) &&
                out_room() >= ROOMY)
                forward(c, id);
        }
        for (size_t i = 0; i < listener_count; i++)
            if (events[FIRST_LISTENER + i].revents != 0)
                accept_from(listeners[i]);
    }
}
