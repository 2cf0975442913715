/* The relay: all that an agent does in a container that stands between a network without a way out
 * and the daemon. It carries bytes and understands none of them. See ../PROTOCOL.md. */
#ifndef MAYFLY_RELAY_H
#define MAYFLY_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What may be on the way in one direction of one connection before its receiver says more. */
#define RELAY_WINDOW ((size_t)128 << 10)

#define RELAY_CONNECTIONS_MAX 1024
#define RELAY_LISTENERS_MAX 64

/* Begins to listen as a frame N says, "connections=N tcp=PORT,PORT udp=PORT". False after filling
 * in what is wrong: with the frame, or with the machine. */
bool relay_open(const char *text, size_t size, char *fault, size_t fault_size);

/* Whether relay_open has succeeded. */
bool relay_is_open(void);

/* Carries bytes until the stream ends (0), a peer's defect (76), the deadline in milliseconds, -1
 * for none (124), or a fault of the machine (71). Returns the exit code; a defect is filled in. */
int relay_serve(int64_t deadline, char *defect, size_t defect_size);

#endif
