#define _GNU_SOURCE
#include "mask.h"

#include "channel.h"
#include "places.h"
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "mayfly-mask"

#define EXIT_REFUSED 1
#define EXIT_USAGE 64
#define EXIT_UNAVAILABLE 69

/* Who may answer. A process of the step can put another socket in the place of the agent's, but it
 * cannot be process 1. An agent under test is not either; 0 believes anybody. */
#ifndef AGENT_PID
#define AGENT_PID 1
#endif

/* The name, NUL, the value, and a byte to see that there is more. */
static char request[CHANNEL_REQUEST_MAX + 1];

bool mask_is_called(const char *program) {
    const char *slash = strrchr(program, '/');
    return strcmp(slash == NULL ? program : slash + 1, NAME) == 0;
}

static _Noreturn void end(int code, const char *why, const char *more) {
    explicit_bzero(request, sizeof request);
    fprintf(stderr, NAME ": not masked: %s%s\n", why, more);
    _exit(code);
}

static _Noreturn void usage(FILE *to, int code) {
    fputs(
        "usage: " NAME " [--name NAME] <VALUE\n"
        "\n"
        "Hides the value on standard input in the job's log, in everything printed after this\n"
        "command has ended with 0. It is read from there because arguments can be seen by other\n"
        "processes and in traces of the shell.\n"
        "\n"
        "  --name NAME   how statistics call the value: letters, digits, underscores, 64 at most\n"
        "\n"
        "Ends with 1 when the value cannot be masked, 64 for wrong arguments, 69 when nobody\n"
        "can be asked to mask it; then nothing is masked.\n",
        to);
    fflush(to);
    _exit(code);
}

/* Writes name and NUL into the request and returns their length. */
static size_t put_name(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--help") == 0)
        usage(stdout, EXIT_SUCCESS);
    const char *name = "";
    if (count == 3 && strcmp(arguments[1], "--name") == 0)
        name = arguments[2];
    else if (count != 1)
        usage(stderr, EXIT_USAGE);
    size_t length = strlen(name);
    if (count == 3 && !channel_is_name(name, length))
        end(EXIT_USAGE,
            "--name must be a letter or an underscore, and up to 63 letters, digits and "
            "underscores",
            "");
    memcpy(request, name, length + 1);
    return length + 1;
}

static size_t read_value(char *value) {
    size_t size = 0;
    for (;;) {
        ssize_t n = read(STDIN_FILENO, value + size, CHANNEL_VALUE_MAX + 1 - size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            end(EXIT_UNAVAILABLE, "standard input cannot be read: ", strerror(errno));
        if (n == 0)
            return size;
        size += (size_t)n;
        if (size > CHANNEL_VALUE_MAX)
            end(EXIT_REFUSED,
                "the value is longer than 65536 bytes; mask only the confidential part", "");
    }
}

static int connect_to_agent(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CHANNEL};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int connected;
    do
        connected = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof address);
    while (connected < 0 && errno == EINTR);
    if (connected < 0 && (errno == ENOENT || errno == ECONNREFUSED))
        end(EXIT_UNAVAILABLE,
            "only script and after_script of a job can add values, and this is neither", "");
    if (connected < 0)
        end(EXIT_UNAVAILABLE, CHANNEL " cannot be reached: ", strerror(errno));
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (AGENT_PID != 0 &&
        (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid != AGENT_PID))
        end(EXIT_UNAVAILABLE, "another process has taken the place of Mayfly's at " CHANNEL, "");
    return fd;
}

/* Waits as long as the agent does: where the log is taken slowly, so is this. */
static int ask(int fd, size_t size) {
    /* One message must fit, also where the system's standard is small. */
    int room = 4 * (int)CHANNEL_REQUEST_MAX;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    ssize_t n;
    do
        n = send(fd, request, size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        end(EXIT_UNAVAILABLE, "the value cannot be sent: ", strerror(errno));
    explicit_bzero(request, sizeof request);
    static char answer[CONTROL_TEXT_MAX + 1];
    do
        n = recv(fd, answer, sizeof answer - 1, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0 && answer[0] == '+')
        return EXIT_SUCCESS;
    if (n > 0 && answer[0] == '-')
        end(EXIT_REFUSED, answer + 1, "");
    end(EXIT_UNAVAILABLE, "the step is being ended", "");
}

int mask_run(int count, char **arguments) {
    /* Other processes of the same user shall not look into this one. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    size_t name = put_name(count, arguments);
    size_t value = read_value(request + name);
    return ask(connect_to_agent(), name + value);
}
