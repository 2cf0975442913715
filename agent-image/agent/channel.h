/* The masking channel: through it processes of the step add values that are hidden in the log from
 * then on. A socket, so that nothing that a step prints can be taken for it. See ../PROTOCOL.md. */
#ifndef MAYFLY_CHANNEL_H
#define MAYFLY_CHANNEL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* One message each way: a name (or none), NUL, the value; '+', or '-' and the reason. */
#define CHANNEL_NAME_MAX ((size_t)64)
#define CHANNEL_VALUE_MAX ((size_t)64 << 10)
#define CHANNEL_REQUEST_MAX (CHANNEL_NAME_MAX + 1 + CHANNEL_VALUE_MAX)

#define CHANNEL_CLIENTS_MAX 16
#define CHANNEL_EVENTS (1 + CHANNEL_CLIENTS_MAX)

/* Whether a name is a letter or an underscore, followed by letters, digits and underscores. */
bool channel_is_name(const char *name, size_t length);

/* Opens the channel for the step that is about to start. False after noting a fault. */
bool channel_open(void);

/* Closes it, if it is open, with all its connections. */
void channel_close(void);

/* Moves on as far as it goes without waiting: takes connections, queues `M` for one request. Only
 * one at a time is with the daemon, and only on a flushed stream, so behind all output that was
 * read before. */
void channel_advance(void);

/* Hands the daemon's answer to whoever asked. False when nobody did, or when it is none. */
bool channel_answer(const unsigned char *answer, size_t size);

/* What to wait for: fills CHANNEL_EVENTS entries; and milliseconds (-1 for none). */
void channel_watch(struct pollfd *events);
int channel_timeout_ms(void);

#endif
