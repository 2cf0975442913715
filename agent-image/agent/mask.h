/* The command mayfly-mask: the other end of the masking channel, for job authors. */
#ifndef MAYFLY_MASK_H
#define MAYFLY_MASK_H

#include <stdbool.h>

/* Whether the program was called by this name. */
bool mask_is_called(const char *program);

/* Runs the command. Returns its exit code. */
int mask_run(int count, char **arguments);

#endif
