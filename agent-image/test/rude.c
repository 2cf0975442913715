/* Uses the masking channel as no client should. First argument: the channel's path; then what to
 * do, and how often. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int connected(void) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    int room = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        printf("connect: %s\n", strerror(errno));
        exit(1);
    }
    return fd;
}

/* Sends a message and prints the answer. */
static void tell(const char *what, const void *message, size_t size) {
    int fd = connected();
    char answer[4096];
    ssize_t sent = send(fd, message, size, MSG_NOSIGNAL);
    ssize_t n = sent < 0 ? -1 : recv(fd, answer, sizeof answer, 0);
    if (n > 0)
        printf("%s: %.*s\n", what, (int)n, answer);
    else
        printf("%s: %s\n", what, n == 0 ? "closed" : strerror(errno));
    close(fd);
}

static void garbage(void) {
    static char long_message[150000];
    char bytes[300];
    memset(long_message, 'x', sizeof long_message);
    memset(bytes, 'N', sizeof bytes);
    tell("no NUL", "value", 5);
    tell("name", "a-b\0value", 9);
    tell("digit", "1a\0value", 8);
    bytes[65] = '\0';
    tell("long name", bytes, sizeof bytes);
    long_message[0] = '\0';
    tell("long value", long_message, (64 << 10) + 2);
    tell("huge", long_message, sizeof long_message);
    tell("empty", "", 0);
}

int main(int count, char **arguments) {
    if (count < 3)
        return 2;
    strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
    const char *what = arguments[2];
    int times = count > 3 ? atoi(arguments[3]) : 1;
    int confirmed = 0;
    char answer[4096];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "garbage") == 0)
        garbage();
    for (int i = 0; i < times; i++) {
        if (strcmp(what, "silent") == 0) { /* connects and says nothing */
            (void)connected();
        } else if (strcmp(what, "deaf") == 0) { /* asks, more than once, and never reads */
            int fd = connected();
            for (int n = 0; n < 3; n++)
                send(fd, "\0canary", 7, MSG_NOSIGNAL);
        } else if (strcmp(what, "vanish") == 0) { /* asks and is gone */
            int fd = connected();
            send(fd, "\0canary", 7, MSG_NOSIGNAL);
            close(fd);
        } else if (strcmp(what, "many") == 0) { /* asks again and again */
            int fd = connected();
            send(fd, "\0canary", 7, MSG_NOSIGNAL);
            confirmed += recv(fd, answer, sizeof answer, 0) == 1 && answer[0] == '+';
            close(fd);
        } else if (strcmp(what, "imitate") == 0) { /* puts a socket of its own in the place */
            unlink(arguments[1]);
            int server = socket(AF_UNIX, SOCK_SEQPACKET, 0);
            bind(server, (struct sockaddr *)&address, sizeof address);
            listen(server, 5);
            puts("up");
            int fd = accept(server, NULL, NULL);
            ssize_t got = recv(fd, answer, sizeof answer, 0);
            printf("got %zd bytes\n", got);
            send(fd, "+", 1, MSG_NOSIGNAL);
            return 0;
        }
    }
    if (strcmp(what, "many") == 0)
        printf("confirmed %d\n", confirmed);
    if (strcmp(what, "silent") == 0 || strcmp(what, "deaf") == 0) {
        puts("up");
        pause();
    }
    return 0;
}
