/* Tries a TCP connection until it succeeds or the time is over. */
#ifndef MAYFLY_PROBE_H
#define MAYFLY_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* Begins. False when the text is not ip:port:seconds. */
bool probe_start(const char *text, size_t size);

bool probe_is_active(void);

/* Goes on as far as it goes without waiting; queues `T` when the answer is known. */
void probe_advance(void);

/* What to wait for: a descriptor to become writable (-1 for none), milliseconds (-1 for none). */
int probe_fd(void);
int probe_timeout_ms(void);

#endif
