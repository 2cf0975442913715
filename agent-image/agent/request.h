/* What the daemon has said about the next step: collected frame by frame, complete at R. */
#ifndef MAYFLY_REQUEST_H
#define MAYFLY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A step that can be started. The pointers are valid until request_forget. */
struct request {
    char **arguments;
    char **environment;
    const char *directory; /* NULL for the image's */
    uid_t uid;
    gid_t gid;
    bool input_ended;
    bool has_channel; /* whether its processes may add values to be masked */
};

/* Finds the image's shell, once and before the first step. */
void request_init(void);

/* The image's shell, or the empty string. */
const char *request_shell(void);

/* Takes a frame that prepares the next step: V F U W O P A C. */
void request_prepare(char type, const char *payload, size_t size);

/* Notes that the next step's standard input is empty. */
void request_end_input(void);

/* Notes why the step cannot be started. The first reason is kept, and becomes the answer to R, so
 * that each R has exactly one. */
void request_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The reason, or NULL. */
const char *request_faulted(void);

/* Hands files and directories to the step's user and says what to start. False after a fault. */
bool request_complete(struct request *request);

/* Forgets everything but the files. Its memory goes back to the kernel, which wipes it. */
void request_forget(void);

/* Removes the step's files and its script. */
void request_remove_files(void);

#endif
