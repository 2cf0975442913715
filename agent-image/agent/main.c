/* mayfly-agent: process 1 of each of Mayfly's containers. PROTOCOL.md is its contract. */
#define _GNU_SOURCE
#include "channel.h"
#include "clock.h"
#include "launch.h"
#include "mask.h"
#include "probe.h"
#include "relay.h"
#include "request.h"
#include "step.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_USAGE 64
#define EXIT_MACHINE 71
#define EXIT_DEFECT 76
#define EXIT_DEADLINE 124

#define LAST_WORDS_MS 1000
#define DEADLINE_MAX_S (366L * 24 * 3600)

static _Noreturn void end(int code) {
    step_abandon();
    stream_close();
    _exit(code);
}

/* The peer does not keep to the protocol. It is told, if it listens, and left. */
static _Noreturn void end_for_defect(const char *defect) {
    stream_answer('E', "%s", defect);
    int64_t until = now_ms() + LAST_WORDS_MS;
    while (stream_flush() && !stream_is_flushed() && now_ms() < until) {
        struct pollfd writable = {.fd = STDOUT_FILENO, .events = POLLOUT};
        (void)poll(&writable, 1, 100);
    }
    end(EXIT_DEFECT);
}

/* From the answer on, this agent is a relay and nothing else. */
static void open_relay(const char *text, size_t size) {
    char fault[256];
    if (!relay_open(text, size, fault, sizeof fault))
        end_for_defect(fault);
    stream_answer('N', "%s", "");
}

/* False when the frame cannot be handled yet and has to stay where it is. */
static bool handle(const struct frame *frame) {
    const char *text = (const char *)frame->payload;
    switch (frame->type) {
    case 'I':
        return step_feed(frame->payload, frame->size);
    case 'Z':
        if (step_is_active())
            step_end_input();
        else
            request_end_input();
        return true;
    case 'K':
        if (frame->size != 1 || frame->payload[0] < 1 || frame->payload[0] >= NSIG)
            end_for_defect("frame K must hold one byte, the number of a signal");
        step_signal(frame->payload[0]);
        return true;
    case 'M':
        if (!channel_answer(frame->payload, frame->size))
            end_for_defect("frame M must answer an M, with + or - and a reason");
        return true;
    default:
        break;
    }
    if (strchr("VFUWOPACRTN", frame->type) == NULL || frame->type == '\0')
        end_for_defect("unknown type of frame");
    if (step_is_active())
        end_for_defect("while a step runs, only frames I, Z, K and M may come");
    /* These may be answered. A daemon that does not read its answers waits for its next frame. */
    if (!stream_can_answer())
        return false;
    if (frame->type == 'N')
        open_relay(text, frame->size);
    else if (frame->type == 'R')
        (void)step_start();
    else if (frame->type != 'T')
        request_prepare((char)frame->type, text, frame->size);
    else if (!probe_start(text, frame->size))
        end_for_defect("frame T must be ip:port:seconds, of 1 to 3600 seconds");
    return true;
}

/* Handles what has arrived. True when a complete frame had to stay. */
static bool handle_frames(void) {
    while (!probe_is_active() && !relay_is_open()) {
        struct frame frame;
        switch (stream_next(&frame)) {
        case TOO_LONG:
            end_for_defect("a frame's payload is longer than 1 MiB");
        case INCOMPLETE:
            return false;
        case ARRIVED:
            if (!handle(&frame))
                return true;
            stream_take(&frame);
        }
    }
    return true;
}

static int sooner(int a, int b) {
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

static int until_deadline(int64_t deadline) {
    if (deadline < 0)
        return -1;
    int64_t left = deadline - now_ms();
    if (left <= 0)
        end(EXIT_DEADLINE);
    return left > 3600000 ? 3600000 : (int)left;
}

static void read_frames(void) {
    if (stream_receive() != 0)
        return;
    if (stream_inside_frame())
        end_for_defect("the stream ended inside a frame");
    end(EXIT_SUCCESS);
}

static _Noreturn void relay(int64_t deadline) {
    char defect[128];
    int code = relay_serve(deadline, defect, sizeof defect);
    if (code == EXIT_DEFECT)
        end_for_defect(defect);
    end(code);
}

static _Noreturn void serve(int64_t deadline, int children) {
    for (;;) {
        step_advance();
        probe_advance();
        if (!stream_flush())
            end(EXIT_SUCCESS); /* nobody will ever read */
        if (relay_is_open() && stream_is_flushed())
            relay(deadline);
        channel_advance();
        /* Last, so that whatever was in the way of a frame is seen to be gone. */
        bool stalled = handle_frames();

        /* The end of the input is noticed also while no frame can be taken: a hang-up needs no
         * reading, and POLLRDHUP says the same of a socket. What waits unread is then of no
         * interest to anybody. Without a hang-up, frames behind a full queue of standard input
         * wait for the step to read, K among them: a daemon that finds its writes blocked can
         * always close the stream. */
        enum { DAEMON_IN, DAEMON_OUT, STEP_OUT, STEP_IN, CHILDREN, PROBE, CHANNEL_FIRST };
        enum { COUNT = CHANNEL_FIRST + CHANNEL_EVENTS };
        bool reading = !stalled && stream_has_room();
        struct pollfd events[COUNT] = {
            [DAEMON_IN] = {.fd = STDIN_FILENO,
                           .events = (short)(POLLRDHUP | (reading ? POLLIN : 0))},
            [DAEMON_OUT] = {.fd = stream_is_flushed() ? -1 : STDOUT_FILENO, .events = POLLOUT},
            [STEP_OUT] = {.fd = step_output_fd(), .events = POLLIN},
            [STEP_IN] = {.fd = step_input_fd(), .events = POLLOUT},
            [CHILDREN] = {.fd = children, .events = POLLIN},
            [PROBE] = {.fd = probe_fd(), .events = POLLOUT},
        };
        channel_watch(events + CHANNEL_FIRST);
        int timeout = sooner(sooner(step_timeout_ms(), probe_timeout_ms()),
                             sooner(channel_timeout_ms(), until_deadline(deadline)));
        if (poll(events, COUNT, timeout) < 0) {
            if (errno == EINTR)
                continue;
            end(EXIT_MACHINE);
        }
        if (events[CHILDREN].revents != 0) {
            struct signalfd_siginfo ignored[8];
            (void)!read(children, ignored, sizeof ignored);
        }
        short in = events[DAEMON_IN].revents;
        bool busy = step_is_active() || probe_is_active();
        if ((in & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) != 0 && (busy || !reading))
            end(EXIT_SUCCESS);
        if (in != 0 && reading)
            read_frames();
    }
}

static _Noreturn void usage(void) {
    static const char text[] =
        "usage: mayfly-agent [--deadline SECONDS]   serve frames on standard input and output\n"
        "       mayfly-agent --health               exit with 0: the container's health check\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(EXIT_USAGE);
}

/* Milliseconds at which the agent ends, or -1. */
static int64_t parse_arguments(int count, char **arguments) {
    if (count == 1)
        return -1;
    if (count == 2 && strcmp(arguments[1], "--health") == 0)
        _exit(EXIT_SUCCESS);
    if (count != 3 || strcmp(arguments[1], "--deadline") != 0)
        usage();
    if (arguments[2][0] < '0' || arguments[2][0] > '9')
        usage();
    char *rest;
    errno = 0;
    long seconds = strtol(arguments[2], &rest, 10);
    if (errno != 0 || *rest != '\0' || seconds < 1 || seconds > DEADLINE_MAX_S)
        usage();
    return now_ms() + seconds * 1000;
}

/* What later opens must not land on a standard descriptor that was closed. */
static void open_standard_descriptors(void) {
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Ends of children arrive through a descriptor, so that nothing ever interrupts the agent. */
static int watch_children(void) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &ended, NULL) != 0)
        return -1;
    return signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* No other process exists yet in a container, so the order of these does not open a gap. */
static void harden(void) {
    launch_init();
    /* Memory and descriptors are closed to the step although it may be of the same user. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        _exit(EXIT_MACHINE);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* Inherited by the step: a core file of it would hold its secrets, on whatever disk. */
    struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    umask(077);
}

int main(int count, char **arguments) {
    if (count > 0 && mask_is_called(arguments[0]))
        return mask_run(count, arguments);
    int64_t deadline = parse_arguments(count, arguments);
    open_standard_descriptors();
    harden();
    request_init();
    step_init();
    stream_open();
    int children = watch_children();
    if (children < 0)
        end(EXIT_MACHINE);
    stream_answer('H', "version=1 uid=%u gid=%u shell=%s", geteuid(), getegid(), request_shell());
    serve(deadline, children);
}
