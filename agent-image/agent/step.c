#define _GNU_SOURCE
#include "step.h"

#include "channel.h"
#include "clock.h"
#include "launch.h"
#include "request.h"
#include "stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_LIMIT_MS 10000
#define KILL_PAUSE_MS 20
#define SURVIVOR_OUTPUT_MAX ((size_t)1 << 20)
#define FRAMES_AT_ONCE 16
#define REAPED_AT_ONCE 256
#define INPUT_MAX ((size_t)4 << 20) /* PROTOCOL.md names this bound */

static enum { IDLE, RUNNING, KILLING, DRAINING } phase;
static pid_t main_process;
static int output = -1;
static bool main_ended;
static int exit_code;
static long oom_before;
static bool more_to_reap;

/* The end of the step */
static int64_t kill_until;
static int survivors;
static size_t drained;

/* Standard input of the step: a ring, on pages of its own, to be given back. */
static _Alignas(65536) unsigned char ring[INPUT_MAX];
static struct {
    int fd;
    size_t start, used;
    bool ended;
} input = {.fd = -1};

static bool is_init(void) { return getpid() == 1; }

void step_init(void) {
    /* Process 1 gets every orphan; any other agent has to ask for its step's. */
    if (!is_init())
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

bool step_is_active(void) { return phase != IDLE; }

/* How often the kernel has killed for memory in this container; 0 where it does not say. */
static long oom_kills(void) {
    static const char *const sources[] = {"/sys/fs/cgroup/memory.events",
                                          "/sys/fs/cgroup/memory/memory.oom_control"};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        int fd = open(sources[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        char text[1024];
        ssize_t n = read(fd, text, sizeof text - 1);
        close(fd);
        text[n > 0 ? n : 0] = '\0';
        for (char *line = text; line != NULL; line = strchr(line, '\n')) {
            line += *line == '\n';
            if (strncmp(line, "oom_kill ", 9) == 0)
                return strtol(line + 9, NULL, 10);
        }
    }
    return 0;
}

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_input(void) {
    close_fd(&input.fd);
    if (input.used > 0 || input.start > 0)
        madvise(ring, INPUT_MAX, MADV_DONTNEED);
    input.start = input.used = 0;
}

static void pump_input(void) {
    while (input.fd >= 0 && input.used > 0) {
        size_t run = INPUT_MAX - input.start < input.used ? INPUT_MAX - input.start : input.used;
        ssize_t n = write(input.fd, ring + input.start, run);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            close_input(); /* nobody reads it any more */
            return;
        }
        input.start = (input.start + (size_t)n) % INPUT_MAX;
        input.used -= (size_t)n;
    }
    if (input.fd >= 0 && input.ended)
        close_input();
}

bool step_start(void) {
    struct request request;
    struct launched launched;
    oom_before = oom_kills();
    /* The channel before the process, which may use it at once. */
    if (!request_complete(&request) || (request.has_channel && !channel_open()) ||
        !launch(&request, &launched)) {
        channel_close();
        stream_answer('E', "%s", request_faulted());
        request_remove_files();
        request_forget();
        return false;
    }
    main_process = launched.pid;
    output = launched.output;
    input.fd = launched.input;
    input.ended = request.input_ended;
    main_ended = false;
    survivors = 0;
    drained = 0;
    phase = RUNNING;
    request_forget();
    pump_input();
    return true;
}

bool step_feed(const unsigned char *bytes, size_t size) {
    if (phase != RUNNING || input.fd < 0 || input.ended)
        return true; /* the step has ended or closed its input: as with a closed pipe, it is lost */
    if (INPUT_MAX - input.used < size)
        return false;
    while (size > 0) {
        size_t at = (input.start + input.used) % INPUT_MAX;
        size_t run = INPUT_MAX - at < size ? INPUT_MAX - at : size;
        memcpy(ring + at, bytes, run);
        input.used += run;
        bytes += run;
        size -= run;
    }
    return true;
}

void step_end_input(void) {
    input.ended = true;
    pump_input();
}

/* Process 1 may signal "every process": its container holds the step and nothing else. Anywhere
 * else that would be the whole machine, so an agent that is not process 1, as in a test, signals
 * the step's own process group, and what has left it survives, and is counted. */
static void signal_step(int number) {
    pid_t target = is_init() ? -1 : -main_process;
    if (is_init() || main_process > 1)
        (void)kill(target, number);
}

void step_signal(int number) {
    if (phase == RUNNING)
        signal_step(number);
}

/* Reaps those who have ended, but some only at once: a step can make orphans for ever. False when
 * nobody is left. */
static bool reap(void) {
    more_to_reap = false;
    for (int turn = 0;; turn++) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == 0)
            return true;
        if (pid < 0)
            break;
        if (pid == main_process && !main_ended) {
            main_ended = true;
            exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        if (turn == REAPED_AT_ONCE) {
            more_to_reap = true;
            return true;
        }
    }
    return false;
}

static int count_survivors(void) {
    if (!is_init())
        return 1;
    DIR *processes = opendir("/proc");
    if (processes == NULL)
        return 1;
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(processes)) != NULL)
        count +=
            entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && strcmp(entry->d_name, "1") != 0;
    closedir(processes);
    return count > 0 ? count : 1;
}

static void finish(void) {
    close_fd(&output);
    close_input();
    request_remove_files();
    main_process = 0;
    phase = IDLE;
    long oom = oom_kills() - oom_before;
    if (survivors > 0)
        stream_answer('X', "code=%d oom=%ld survivors=%d", exit_code, oom, survivors);
    else
        stream_answer('X', "code=%d oom=%ld", exit_code, oom);
}

/* One frame at a time, and only when the one before has been written; not for ever, since the
 * daemon and the children have to be heard in between. */
static void forward_output(void) {
    for (int turn = 0; turn < FRAMES_AT_ONCE && output >= 0 && stream_is_flushed(); turn++) {
        ssize_t n = stream_forward(output);
        if (n > 0) {
            drained += phase == DRAINING ? (size_t)n : 0;
            if (!stream_flush())
                return;
        }
        if (n == 0)
            close_fd(&output);
        /* When all writers are dead the pipe ends; where one could not be killed it never does. */
        if (phase == DRAINING && (n <= 0 || (survivors > 0 && drained > SURVIVOR_OUTPUT_MAX)))
            finish();
        if (n < 0)
            return;
    }
    if (phase == DRAINING && output < 0)
        finish();
}

void step_advance(void) {
    bool alive = reap();
    if (phase == RUNNING) {
        pump_input();
        if (main_ended) {
            phase = KILLING;
            kill_until = now_ms() + KILL_LIMIT_MS;
            close_input();
            channel_close();
            signal_step(SIGKILL);
            alive = reap();
        }
    } else if (phase == KILLING && alive) {
        signal_step(SIGKILL);
        alive = reap();
    }
    if (phase == KILLING) {
        if (!alive) {
            phase = DRAINING;
        } else if (now_ms() >= kill_until) {
            survivors = count_survivors();
            phase = DRAINING;
        }
    }
    forward_output();
}

int step_output_fd(void) { return stream_is_flushed() ? output : -1; }

int step_input_fd(void) { return input.used > 0 ? input.fd : -1; }

int step_timeout_ms(void) {
    if (more_to_reap || (phase == DRAINING && stream_is_flushed()))
        return 0;
    return phase == KILLING ? KILL_PAUSE_MS : -1;
}

void step_abandon(void) {
    if (phase != IDLE)
        signal_step(SIGKILL);
    channel_close();
    request_remove_files();
}
