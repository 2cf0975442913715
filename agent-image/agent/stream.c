#define _GNU_SOURCE
#include "stream.h"

#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEADER ((size_t)5)

/* One frame of the greatest size; a second one need not fit, it waits in the pipe. */
static unsigned char incoming[HEADER + FRAME_PAYLOAD_MAX];
static size_t in_start, in_end;

/* A frame of output fills a pipe of the usual 64 KiB exactly. */
#define OUTPUT_MAX ((size_t)65536 - HEADER)
#define LONGEST (CHANNEL_REQUEST_MAX > OUTPUT_MAX ? CHANNEL_REQUEST_MAX : OUTPUT_MAX)
static unsigned char outgoing[HEADER + LONGEST + 4 * (HEADER + CONTROL_TEXT_MAX)];
static size_t out_start, out_end;
static bool out_is_secret;

static int original_flags[2];

void stream_open(void) {
    for (int fd = 0; fd < 2; fd++) {
        original_flags[fd] = fcntl(fd, F_GETFL);
        if (original_flags[fd] >= 0)
            (void)fcntl(fd, F_SETFL, original_flags[fd] | O_NONBLOCK);
    }
}

void stream_close(void) {
    /* In reverse: both may be the same terminal, whose first flags are the true ones. */
    for (int fd = 1; fd >= 0; fd--)
        if (original_flags[fd] >= 0)
            (void)fcntl(fd, F_SETFL, original_flags[fd]);
}

ssize_t stream_receive(void) {
    if (in_start > 0) {
        memmove(incoming, incoming + in_start, in_end - in_start);
        explicit_bzero(incoming + (in_end - in_start), in_start);
        in_end -= in_start;
        in_start = 0;
    }
    ssize_t n;
    do
        n = read(STDIN_FILENO, incoming + in_end, sizeof incoming - in_end);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        in_end += (size_t)n;
    if (n < 0 && errno != EAGAIN)
        return 0; /* a stream that cannot be read has ended */
    return n;
}

bool stream_has_room(void) { return in_end - in_start < sizeof incoming; }

enum arrival stream_next(struct frame *frame) {
    const unsigned char *header = incoming + in_start;
    size_t available = in_end - in_start;
    if (available < HEADER)
        return INCOMPLETE;
    frame->type = header[0];
    frame->size =
        (size_t)header[1] << 24 | (size_t)header[2] << 16 | (size_t)header[3] << 8 | header[4];
    if (frame->size > FRAME_PAYLOAD_MAX)
        return TOO_LONG;
    if (available < HEADER + frame->size)
        return INCOMPLETE;
    frame->payload = incoming + in_start + HEADER;
    return ARRIVED;
}

void stream_take(const struct frame *frame) {
    explicit_bzero(frame->payload, frame->size);
    in_start += HEADER + frame->size;
    if (in_start == in_end)
        in_start = in_end = 0;
}

bool stream_inside_frame(void) { return in_start != in_end; }

static void put_header(char type, size_t size) {
    unsigned char *header = outgoing + out_end;
    header[0] = (unsigned char)type;
    header[1] = (unsigned char)(size >> 24);
    header[2] = (unsigned char)(size >> 16);
    header[3] = (unsigned char)(size >> 8);
    header[4] = (unsigned char)size;
}

bool stream_can_answer(void) { return sizeof outgoing - out_end >= HEADER + CONTROL_TEXT_MAX; }

void stream_answer(char type, const char *format, ...) {
    if (!stream_can_answer())
        return;
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf((char *)outgoing + out_end + HEADER, CONTROL_TEXT_MAX, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 0 : (size_t)length;
    if (size >= CONTROL_TEXT_MAX)
        size = CONTROL_TEXT_MAX - 1;
    put_header(type, size);
    out_end += HEADER + size;
}

void stream_send(char type, const void *payload, size_t size) {
    put_header(type, size);
    memcpy(outgoing + HEADER, payload, size);
    out_end = HEADER + size;
    out_is_secret = true;
}

bool stream_is_flushed(void) { return out_end == 0; }

ssize_t stream_forward(int fd) {
    ssize_t n;
    do
        n = read(fd, outgoing + HEADER, OUTPUT_MAX);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        put_header('O', (size_t)n);
        out_end = HEADER + (size_t)n;
    }
    if (n < 0 && errno != EAGAIN)
        return 0;
    return n;
}

bool stream_flush(void) {
    while (out_start < out_end) {
        ssize_t n = write(STDOUT_FILENO, outgoing + out_start, out_end - out_start);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        out_start += (size_t)n;
    }
    if (out_is_secret)
        explicit_bzero(outgoing, out_end);
    out_is_secret = false;
    out_start = out_end = 0;
    return true;
}
