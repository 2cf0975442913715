/* The running step: its processes, its input and output, its end. */
#ifndef MAYFLY_STEP_H
#define MAYFLY_STEP_H

#include <stdbool.h>
#include <stddef.h>

void step_init(void);

/* Starts the requested step. False: `E` has been queued and the step forgotten. */
bool step_start(void);

/* Whether a step's processes may be alive or its output is not all sent. */
bool step_is_active(void);

/* Bytes for the step's standard input. False while there is no room: the frame has to wait. */
bool step_feed(const unsigned char *bytes, size_t size);

/* Ends the step's standard input after what is queued. */
void step_end_input(void);

/* A signal to every process of the step. */
void step_signal(int number);

/* Moves everything on as far as it goes without waiting: reaps, writes input, forwards output,
 * kills what is left over, queues `X`. */
void step_advance(void);

/* What to wait for: descriptors (-1 for none) and a limit in milliseconds (-1 for none). */
int step_output_fd(void);
int step_input_fd(void);
int step_timeout_ms(void);

/* Kills the step, if any, and removes its files: the agent is about to end. */
void step_abandon(void);

#endif
