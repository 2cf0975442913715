/* The two directions of the stream to the daemon: frames in, frames out. See ../PROTOCOL.md. */
#ifndef MAYFLY_STREAM_H
#define MAYFLY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FRAME_PAYLOAD_MAX ((size_t)1 << 20)
#define CONTROL_TEXT_MAX ((size_t)4096)

struct frame {
    unsigned char type;
    unsigned char *payload;
    size_t size;
};

enum arrival { ARRIVED, INCOMPLETE, TOO_LONG };

/* Makes descriptors 0 and 1 the stream. Ends the process if there is no memory for it. */
void stream_open(void);

/* Undoes what stream_open did to descriptors that may be somebody's terminal. */
void stream_close(void);

/* Reads what there is. 0 at the end of input, -1 when there is nothing now. */
ssize_t stream_receive(void);

/* Whether the buffer has room for more; false while a complete frame waits unhandled. */
bool stream_has_room(void);

/* Looks at the next frame without taking it. The payload is valid until stream_take. */
enum arrival stream_next(struct frame *frame);

/* Removes the frame that stream_next showed, and wipes its payload: it may be a secret. */
void stream_take(const struct frame *frame);

/* Whether bytes of an unfinished frame are in the buffer. */
bool stream_inside_frame(void);

/* Queues a frame of text. The caller has asked stream_can_answer, or is one of the few frames that
 * the queue has room for beyond a full frame of output. */
void stream_answer(char type, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Queues a frame that may be secret: it is wiped when it has been written. Only on a flushed
 * stream, and not longer than the channel's longest request. */
void stream_send(char type, const void *payload, size_t size);

bool stream_can_answer(void);

/* Whether everything queued has been written. */
bool stream_is_flushed(void);

/* Reads once from a non-blocking descriptor and queues what came as output. Only on a flushed
 * stream: so the daemon's pace is the step's pace, and the queue needs room for one frame only.
 * Returns the number of bytes, 0 at the end, -1 when there is nothing now. */
ssize_t stream_forward(int fd);

/* Writes what can be written without waiting. False when nobody will ever read it. */
bool stream_flush(void);

#endif
