/* One step: what it is given, its processes, its end. */
#ifndef MAYFLY_STEP_H
#define MAYFLY_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds on a clock that also counts while the machine is suspended. */
int64_t now_ms(void);

/* Opens what the kernel closes to a process that is not dumpable. To be called before it is. */
void step_keep_oom_score(void);

/* Finds the image's shell and whatever else must be known before the first step. */
void step_init(void);

/* The image's shell, or the empty string. */
const char *step_shell(void);

/* Takes a frame that prepares the next step (V F U W O P A). A fault is kept and becomes the
 * answer to R, so that each R has one answer. */
void step_prepare(char type, const char *payload, size_t size);

/* Starts the prepared step. False: `E` has been queued and the step forgotten. */
bool step_start(void);

/* Whether a step's processes may be alive or its output is not all sent. */
bool step_is_active(void);

/* Bytes for the step's standard input. False while there is no room: the frame has to wait. */
bool step_feed(const unsigned char *bytes, size_t size);

/* Ends the step's standard input after what is queued; before R, that of the next step. */
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
