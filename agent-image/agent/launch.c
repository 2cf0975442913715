#define _GNU_SOURCE
#include "launch.h"

#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP_OOM_SCORE "500"

static int oom_score_fd = -1;
static char original_oom_score[16];

void launch_init(void) {
    oom_score_fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    if (oom_score_fd >= 0 &&
        read(oom_score_fd, original_oom_score, sizeof original_oom_score - 1) <= 0) {
        close(oom_score_fd);
        oom_score_fd = -1;
    }
}

/* What a child tells its parent when it did not get as far as the program. */
struct failure {
    char tried[256];
    int error;
};

static _Noreturn void give_up(int report, int error, const char *tried, const char *on) {
    struct failure failure = {.error = error};
    snprintf(failure.tried, sizeof failure.tried, "%s%s", tried, on);
    (void)!write(report, &failure, sizeof failure);
    _exit(127);
}

static void close_from(unsigned first) {
    if (syscall(SYS_close_range, first, ~0U, 0) == 0)
        return;
    long limit = sysconf(_SC_OPEN_MAX); /* an older kernel, or a seccomp profile without the call */
    for (long fd = first; fd < (limit < 0 || limit > 65536 ? 65536 : limit); fd++)
        close((int)fd);
}

static void default_signals(void) {
    /* The kernel's own call: the library refuses the two signals that it keeps to itself, and some
     * parents leave them ignored. All zero is the default action. */
    static const unsigned long standard[8];
    for (int number = 1; number < NSIG; number++)
        (void)syscall(SYS_rt_sigaction, number, standard, NULL, sizeof(unsigned long));
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *variable_value(char *const *environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

static _Noreturn void execute(char **arguments, char **environment, int report) {
    if (strchr(arguments[0], '/') != NULL) {
        execve(arguments[0], arguments, environment);
        give_up(report, errno, "execute ", arguments[0]);
    }
    const char *list = search_list(variable_value(environment, "PATH"));
    int error = ENOENT;
    while (list != NULL) {
        char candidate[4096];
        list = search_next(list, arguments[0], candidate, sizeof candidate);
        execve(candidate, arguments, environment);
        /* Not found here: look on, but an unusable one found is the better thing to report. */
        if (errno != ENOENT && errno != ENOTDIR && error == ENOENT)
            error = errno;
    }
    give_up(report, error, "execute, looking in PATH, ", arguments[0]);
}

static _Noreturn void become_step(const struct request *request, int in, int out, int report) {
    if (setsid() < 0)
        give_up(report, errno, "begin a session", "");
    default_signals();
    umask(022);
    /* The agent's own ends are above 2, so none is overwritten before it is copied. */
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        give_up(report, errno, "set up standard input and output", "");
    if (report != 3) {
        if (dup3(report, 3, O_CLOEXEC) < 0)
            give_up(report, errno, "set up the report of the start", "");
        report = 3;
    }
    close_from(4);
    if (request->uid != geteuid() || request->gid != getegid()) {
        if (setgroups(1, &request->gid) != 0)
            give_up(report, errno, "set the groups of the step's user", "");
        if (setresgid(request->gid, request->gid, request->gid) != 0)
            give_up(report, errno, "set the group of the step's user", "");
        if (setresuid(request->uid, request->uid, request->uid) != 0)
            give_up(report, errno, "become the step's user", "");
    }
    if (request->directory != NULL && chdir(request->directory) != 0)
        give_up(report, errno, "change to ", request->directory);
    execute(request->arguments, request->environment, report);
}

/* The score is inherited, so the agent takes the step's for the moment of the fork: a child that
 * cannot be traced cannot open its own file. Lowering it back to what it was needs no privilege. */
static pid_t fork_with_oom_score(void) {
    if (oom_score_fd >= 0)
        (void)!pwrite(oom_score_fd, STEP_OOM_SCORE, sizeof STEP_OOM_SCORE - 1, 0);
    pid_t pid = fork();
    int error = errno;
    if (pid != 0 && oom_score_fd >= 0)
        (void)!pwrite(oom_score_fd, original_oom_score, strlen(original_oom_score), 0);
    errno = error;
    return pid;
}

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool launch(const struct request *request, struct launched *launched) {
    bool started = false;
    int in[2] = {-1, -1}, out[2] = {-1, -1}, report[2] = {-1, -1};
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
        request_fault("no pipe for the step: %s", strerror(errno));
        goto done;
    }
    pid_t pid = fork_with_oom_score();
    if (pid < 0) {
        request_fault("no process for the step: %s", strerror(errno));
        goto done;
    }
    if (pid == 0)
        become_step(request, in[0], out[1], report[1]);
    close_fd(&report[1]);
    struct failure failure;
    ssize_t n;
    do
        n = read(report[0], &failure, sizeof failure);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof failure) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        request_fault("could not %s: %s", failure.tried, strerror(failure.error));
        goto done;
    }
    (void)fcntl(in[1], F_SETFL, O_NONBLOCK);
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    *launched = (struct launched){.pid = pid, .input = in[1], .output = out[0]};
    in[1] = out[0] = -1;
    started = true;
done:
    for (int end = 0; end < 2; end++) {
        close_fd(&in[end]);
        close_fd(&out[end]);
        close_fd(&report[end]);
    }
    return started;
}
