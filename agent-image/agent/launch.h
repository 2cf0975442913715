/* From a request to a running process. */
#ifndef MAYFLY_LAUNCH_H
#define MAYFLY_LAUNCH_H

#include "request.h"

#include <sys/types.h>

struct launched {
    pid_t pid;
    int input;  /* where its standard input is written, non-blocking */
    int output; /* where its standard output and error are read, non-blocking */
};

/* Opens what the kernel closes to a process that is not dumpable. To be called before it is. */
void launch_init(void);

/* Starts the request's program as a session of its own. False after noting a fault. */
bool launch(const struct request *request, struct launched *launched);

#endif
